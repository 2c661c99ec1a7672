-- +goose Up
-- Rules of tables: who sees which rows and which columns.
CREATE TABLE access_rules (
    id            text PRIMARY KEY,
    catalog_name  text NOT NULL,
    database_name text NOT NULL,
    table_name    text NOT NULL,
    name          text NOT NULL,
    description   text NOT NULL,
    row_filter    text NOT NULL, -- an expression; '' is every row
    masks         text NOT NULL, -- JSON: a list of column, kind and expression
    created       bigint NOT NULL,
    changed       bigint NOT NULL,
    UNIQUE (catalog_name, database_name, table_name, name)
);
CREATE TABLE access_rule_principals (
    rule_id  text NOT NULL REFERENCES access_rules (id),
    owner_id text NOT NULL, -- id of a user, a group or a role; '*' is everyone
    PRIMARY KEY (rule_id, owner_id)
);
