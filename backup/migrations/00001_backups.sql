-- +goose Up
-- The ledger of backups that were begun, and have not been seen to be gone.
CREATE TABLE backup_ledger (
    id       text PRIMARY KEY, -- sorts by time
    document text NOT NULL     -- the Entry as JSON
);
-- The erasures that are kept beside the backups of a repository.
CREATE TABLE backup_told (
    repository text NOT NULL,   -- its id
    request    text NOT NULL,
    closed     bigint NOT NULL, -- 1 once with the certificate
    PRIMARY KEY (repository, request)
);
