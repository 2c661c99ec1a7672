-- +goose Up
CREATE TABLE query_outputs (
    location text PRIMARY KEY -- where results were stored, which is known for longer than executions are
);
