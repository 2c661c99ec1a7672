-- +goose Up
-- The numbers of object versions; a process takes 256 at once.
CREATE SEQUENCE lethe_index.numbers AS bigint MINVALUE 0 START 0 INCREMENT 256;

-- The ledger. Names are bytes: a key may hold what text cannot, and has the order of
-- its bytes.
CREATE TABLE lethe_index.entries (
	bucket    bytea NOT NULL,
	key       bytea NOT NULL,
	version   bytea NOT NULL,
	number    bigint NOT NULL UNIQUE,
	etag      bytea NOT NULL,
	size      bigint NOT NULL,
	rows      bigint NOT NULL,
	sequencer bytea NOT NULL,
	indexed   timestamptz NOT NULL,
	mapping   text NOT NULL,
	postings  bigint NOT NULL,
	s3path    text,          -- in plain mode
	PRIMARY KEY (bucket, key, version)
);

-- Postings, packed. A bucket of hashes has a row for each transaction that added to it,
-- until they are merged. Statistics must not copy hashes, and packed numbers cannot be
-- compressed.
CREATE TABLE lethe_index.postings (
	bucket integer NOT NULL,
	packed bytea NOT NULL
) PARTITION BY RANGE (bucket);

-- Plain mode: identifiers as they are.
CREATE TABLE lethe_index.plain (
	part       smallint NOT NULL, -- of the hash
	hash       bytea NOT NULL,
	number     bigint NOT NULL,
	userid     text NOT NULL,
	recordline bigint NOT NULL
) PARTITION BY LIST (part);

-- +goose StatementBegin
DO $$
BEGIN
	FOR i IN 0..31 LOOP
		EXECUTE format('CREATE TABLE lethe_index.postings_%s PARTITION OF lethe_index.postings FOR VALUES FROM (%s) TO (%s)', i, i * 2048, (i + 1) * 2048);
		EXECUTE format('ALTER TABLE lethe_index.postings_%s ALTER packed SET STORAGE EXTERNAL, ALTER packed SET STATISTICS 0', i);
		EXECUTE format('CREATE INDEX ON lethe_index.postings_%s (bucket)', i);
	END LOOP;
	FOR i IN 0..7 LOOP
		EXECUTE format('CREATE TABLE lethe_index.plain_%s PARTITION OF lethe_index.plain FOR VALUES IN (%s)', i, i);
		EXECUTE format('ALTER TABLE lethe_index.plain_%s ALTER hash SET STATISTICS 0, ALTER userid SET STATISTICS 0', i);
		EXECUTE format('CREATE INDEX ON lethe_index.plain_%s (userid)', i);
	END LOOP;
END $$;
-- +goose StatementEnd

-- The table of the framework for erasures in data lakes, by its name and columns. An
-- object that is a person's as a whole has no line: its row is 2^53-1.
CREATE VIEW lethe_index.user_objects AS
	SELECT p.userid, e.s3path, nullif(p.recordline, 9007199254740991) AS recordline FROM lethe_index.plain p JOIN lethe_index.entries e USING (number);
