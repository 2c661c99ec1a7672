-- +goose Up
-- Whether a user must choose another password, and logins that wait for it.
ALTER TABLE access_users ADD COLUMN password_reset bigint NOT NULL DEFAULT 0;
ALTER TABLE access_sessions ADD COLUMN password_reset bigint NOT NULL DEFAULT 0;
