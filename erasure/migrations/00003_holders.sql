-- +goose Up
-- What a request's holders have erased.
CREATE TABLE erasure_holders (
    request  text NOT NULL,
    holder   text NOT NULL,
    holdings text NOT NULL, -- a list of Holding as JSON
    PRIMARY KEY (request, holder)
);
