-- +goose Up
CREATE TABLE event_receivers (
    name text PRIMARY KEY, -- target/NAME or subscriber/NAME
    seq  bigint NOT NULL   -- it has, or event_held holds for it, the outbox's events up to here
);
CREATE TABLE event_held (
    id       bigint PRIMARY KEY, -- grows in the order of a receiver's events
    receiver text NOT NULL,
    document text NOT NULL,   -- the Event as JSON
    rule     text NOT NULL,   -- id of the rule that chose it
    tries    bigint NOT NULL, -- that count, see Dispatcher
    reason   text NOT NULL,   -- of the last try
    died     bigint NOT NULL  -- microseconds since 1970; 0 while it is tried
);
CREATE INDEX event_held_by_fate ON event_held (receiver, died, id);
