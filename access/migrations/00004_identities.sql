-- +goose Up
-- Who users are at an identity provider.
CREATE TABLE access_identities (
    issuer  text NOT NULL,
    subject text NOT NULL,
    user_id text NOT NULL REFERENCES access_users (id),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX access_identities_users ON access_identities (user_id);
