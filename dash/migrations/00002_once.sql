-- +goose Up

-- What was put here once and is then left to people.
CREATE TABLE dash_once (
  name text PRIMARY KEY,
  at bigint NOT NULL -- microseconds since 1970
);
