-- +goose Up
-- What the holder had of the person when erasing there began, as a list of Holding as
-- JSON; '' when it has ended.
ALTER TABLE erasure_holders ADD COLUMN begun text NOT NULL DEFAULT '';
