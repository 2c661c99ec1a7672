-- +goose Up
-- Until when the backups of a schedule are made.
CREATE TABLE backup_schedules (
    place text PRIMARY KEY,
    until bigint NOT NULL -- the last slot of which there is one, in microseconds since 1970
);
