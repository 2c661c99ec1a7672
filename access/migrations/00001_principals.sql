-- +goose Up
CREATE TABLE access_users (
    id            text PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    administrator bigint NOT NULL,
    password      text NOT NULL, -- argon2id in PHC form; '' means no console login
    created       bigint NOT NULL -- microseconds since 1970
);
CREATE TABLE access_keys (
    id      text PRIMARY KEY,
    secret  text NOT NULL, -- in the clear: signatures are computed with it
    user_id text NOT NULL REFERENCES access_users (id),
    active  bigint NOT NULL,
    created bigint NOT NULL
);
CREATE TABLE access_sessions (
    digest  text PRIMARY KEY, -- SHA-256 of the token; the token itself is not kept
    user_id text NOT NULL REFERENCES access_users (id),
    expires bigint NOT NULL
);
