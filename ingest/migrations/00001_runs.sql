-- +goose Up

-- Runs, newest last: ids sort by time. A run's plan is there from the moment on
-- at which it may have happened, until it is known to have happened or not.
CREATE TABLE ingest_runs (
  id text PRIMARY KEY,
  target text NOT NULL,   -- database.table
  phase text NOT NULL,    -- writing, committing, done, failed
  document text NOT NULL, -- the Run, as JSON
  plan text               -- the plan, as JSON, while committing
);
CREATE INDEX ingest_runs_phase ON ingest_runs (phase, target);

-- Objects that runs wrote and that are theirs to replace.
CREATE TABLE ingest_files (
  bucket text NOT NULL,
  object_key text NOT NULL,
  target text NOT NULL,
  location text NOT NULL,
  run text NOT NULL,
  quarantine bigint NOT NULL, -- 1 of bad rows, 0 of rows
  partition_name text NOT NULL, -- as Hive writes it; '' without
  PRIMARY KEY (bucket, object_key)
);
CREATE INDEX ingest_files_target ON ingest_files (target, location);
