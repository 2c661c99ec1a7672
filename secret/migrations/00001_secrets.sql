-- +goose Up
-- Times are microseconds since 1970; 0 means never.
CREATE TABLE secret_secrets (
    id          text PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    suffix      text NOT NULL, -- the six characters that end its ARN
    description text NOT NULL,
    created     bigint NOT NULL,
    changed     bigint NOT NULL,
    accessed    bigint NOT NULL, -- day of the last reading
    deleted     bigint NOT NULL, -- when it was marked for deletion
    purge       bigint NOT NULL, -- when it is to be gone
    policy      text NOT NULL, -- of the resource; '' if it has none
    function    text NOT NULL, -- name of the function that rotates it; '' if none does
    target      text NOT NULL, -- what that function may change
    rotating    bigint NOT NULL, -- whether it is rotated by itself
    days        bigint NOT NULL, -- between rotations; 0 if none are scheduled
    expression  text NOT NULL, -- the schedule as it was given
    rotated     bigint NOT NULL,
    rotate_next bigint NOT NULL
);
CREATE INDEX secret_secrets_purge ON secret_secrets (purge);
CREATE TABLE secret_versions (
    secret_id text NOT NULL REFERENCES secret_secrets (id),
    id        text NOT NULL, -- the client's request token
    value     text NOT NULL, -- sealed
    rotation  bigint NOT NULL, -- whether a rotation made it
    created   bigint NOT NULL,
    accessed  bigint NOT NULL,
    PRIMARY KEY (secret_id, id)
);
CREATE TABLE secret_stages (
    secret_id  text NOT NULL,
    stage      text NOT NULL,
    version_id text NOT NULL,
    PRIMARY KEY (secret_id, stage),
    FOREIGN KEY (secret_id, version_id) REFERENCES secret_versions (secret_id, id)
);
CREATE TABLE secret_tags (
    secret_id text NOT NULL REFERENCES secret_secrets (id),
    key       text NOT NULL,
    value     text NOT NULL,
    PRIMARY KEY (secret_id, key)
);
