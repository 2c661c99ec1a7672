-- +goose Up

-- Data sets, analyses and dashboards as they are now, as JSON.
CREATE TABLE dash_documents (
  id text PRIMARY KEY,
  kind text NOT NULL,     -- dataset, analysis, dashboard
  owner_id text NOT NULL, -- unique id of the principal who made it
  name text NOT NULL,
  document text NOT NULL
);
CREATE INDEX dash_documents_kind ON dash_documents (kind, id);

-- Definitions that were published, of dashboards.
CREATE TABLE dash_versions (
  id text PRIMARY KEY,
  dashboard text NOT NULL REFERENCES dash_documents (id),
  number bigint NOT NULL,
  document text NOT NULL, -- the Version and its definition, as JSON
  UNIQUE (dashboard, number)
);

-- Whom what is shared with.
CREATE TABLE dash_shares (
  resource text NOT NULL REFERENCES dash_documents (id),
  principal text NOT NULL,    -- ARN of a user, a role or a group
  principal_id text NOT NULL, -- its unique id, so that a share is not inherited with a name
  role text NOT NULL,         -- viewer, editor
  PRIMARY KEY (resource, principal)
);
