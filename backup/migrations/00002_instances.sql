-- +goose Up
-- Database instances that mapped databases were seen to be in: what was saved of them
-- holds whom these held.
CREATE TABLE backup_instances (
    holder   text NOT NULL, -- the database's name, as postgres:crm
    region   text NOT NULL,
    id       text NOT NULL, -- the instance's resource id
    document text NOT NULL, -- the Instance as JSON
    PRIMARY KEY (holder, region, id)
);
