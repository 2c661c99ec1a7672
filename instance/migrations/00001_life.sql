-- +goose Up
-- What is kept of instances, snapshots and the backups of deleted instances is a document
-- of JSON each; columns are what is looked for. rev counts changes: a change is made only
-- to the revision that was read.
CREATE TABLE instance_records (
	id     text NOT NULL PRIMARY KEY, -- the resource id, db-...
	region text NOT NULL,
	name   text NOT NULL,
	rev    bigint NOT NULL,
	doc    text NOT NULL,
	UNIQUE (region, name)
);

CREATE TABLE instance_snapshots (
	id     text NOT NULL PRIMARY KEY,
	region text NOT NULL,
	name   text NOT NULL,
	server text NOT NULL, -- the resource id of the instance it is of
	bytes  text NOT NULL, -- the key under which they are kept; copies share it
	doc    text NOT NULL,
	UNIQUE (region, name)
);
CREATE INDEX instance_snapshots_server ON instance_snapshots (server);
CREATE INDEX instance_snapshots_bytes ON instance_snapshots (bytes);

-- Automated backups of instances that are deleted.
CREATE TABLE instance_retained (
	id     text NOT NULL PRIMARY KEY, -- the resource id
	region text NOT NULL,
	doc    text NOT NULL
);

-- Log files that are kept with the backups.
CREATE TABLE instance_logs (
	server text NOT NULL,
	name   text NOT NULL,
	last   bigint NOT NULL, -- microseconds since 1970: everything before it is in this file or those before
	size   bigint NOT NULL,
	bytes  text NOT NULL, -- the key under which they are kept
	PRIMARY KEY (server, name)
);
