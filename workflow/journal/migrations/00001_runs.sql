-- +goose Up
CREATE TABLE workflow_run (
    id      text PRIMARY KEY,
    process text NOT NULL,
    input   text NOT NULL,   -- JSON
    state   text NOT NULL,   -- active, stopped, done or failed
    wake    bigint NOT NULL, -- microseconds since 1970 at which it goes on; those of active runs count
    wakes   bigint NOT NULL, -- grows with each signal and each resumption
    result  text NOT NULL,   -- JSON, of one that is done
    error   text NOT NULL,   -- of one that failed or stopped
    created bigint NOT NULL,
    updated bigint NOT NULL
);
CREATE INDEX workflow_run_due ON workflow_run (wake) WHERE state = 'active';
CREATE TABLE workflow_step (
    run    text NOT NULL,
    seq    bigint NOT NULL, -- from 1, in the order of the process
    name   text NOT NULL,
    state  text NOT NULL,   -- open, done, or error: the outcome is one
    result text NOT NULL,   -- JSON; of an open each, the page it has come to
    count  bigint NOT NULL, -- items done, of an each
    tries  bigint NOT NULL, -- that failed one after the other
    error  text NOT NULL,   -- of the last one
    due    bigint NOT NULL, -- when it is tried again, or when a wait is over
    at     bigint NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE TABLE workflow_signal (
    run     text NOT NULL,
    name    text NOT NULL,
    key     text NOT NULL,
    payload text NOT NULL,   -- JSON; '' once it is taken
    arrived bigint NOT NULL, -- grows from one signal of a run to the next
    taken   bigint NOT NULL, -- the step that took it, or 0
    PRIMARY KEY (run, name, key)
);
