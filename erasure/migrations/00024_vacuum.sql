-- +goose Up
-- Keys whose records were blanked, and not taken out since.
CREATE TABLE erasure_blanked (
    object text PRIMARY KEY, -- keyed hash of bucket and key
    sealed text NOT NULL,    -- bucket and key
    at     bigint NOT NULL   -- when last, microseconds since 1970
);
CREATE TABLE erasure_vacuums (
    id       text PRIMARY KEY, -- sorts by time
    state    text NOT NULL,
    document text NOT NULL     -- the Vacuum as JSON
);
-- The keys of a vacuum under way.
CREATE TABLE erasure_vacuum_objects (
    vacuum  text NOT NULL,
    object  text NOT NULL,   -- keyed hash of bucket and key
    sealed  text NOT NULL,   -- bucket and key
    intent  text NOT NULL,   -- what is about to be done, as JSON; '' if nothing is
    done    bigint NOT NULL, -- 1 once the rest tells what became of it
    changed bigint NOT NULL, -- how often it was
    records bigint NOT NULL, -- blank ones that were taken out
    bytes   bigint NOT NULL, -- by which it is shorter
    reason  text NOT NULL,   -- why it was left as it is; '' if it was not
    until   bigint NOT NULL, -- when that ends, microseconds since 1970; 0 if that is not known
    PRIMARY KEY (vacuum, object)
);
