-- +goose Up
-- 1 if the person was located at the holder, which must therefore be erased from.
ALTER TABLE erasure_holders ADD COLUMN asked bigint NOT NULL DEFAULT 1;
