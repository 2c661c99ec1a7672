-- +goose Up
-- What was cut out of an object since its postings were written, as JSON; null: nothing.
ALTER TABLE lethe_index.entries ADD COLUMN cuts text;
