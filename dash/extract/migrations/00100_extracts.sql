-- +goose Up
CREATE TABLE extract_files (
    id       text PRIMARY KEY,
    data_set text NOT NULL,
    current  bigint NOT NULL, -- 1 for the one that answers, 0 for one that is to be deleted
    document text NOT NULL
);
CREATE UNIQUE INDEX extract_files_current ON extract_files (data_set) WHERE current = 1;

CREATE TABLE extract_refreshes (
    id       text PRIMARY KEY, -- in the order of time
    data_set text NOT NULL,
    active   bigint NOT NULL, -- 1 while it waits or runs
    slot     bigint, -- microseconds, of the schedule
    due      bigint NOT NULL, -- microseconds: when it may run
    tries    bigint NOT NULL,
    document text NOT NULL
);
CREATE UNIQUE INDEX extract_refreshes_active ON extract_refreshes (data_set) WHERE active = 1;
CREATE UNIQUE INDEX extract_refreshes_slot ON extract_refreshes (data_set, slot) WHERE slot IS NOT NULL;

CREATE TABLE extract_schedules (
    data_set text PRIMARY KEY,
    until    bigint NOT NULL -- microseconds: slots up to then have been seen to
);
