# Two commands are enough: make demo, make test. Both say at once what is missing.

SHELL := /bin/bash
GO ?= go
BIN := bin/lethe
DATA ?= lake-demo
LETHE_SHARED ?= $(abspath ../shared)
export LETHE_SHARED
COVID := $(wildcard $(LETHE_SHARED)/data/covid19)
GOFILES := $(shell git ls-files '*.go' '*.sql' '*.json' 2>/dev/null) go.mod go.sum
WEBFILES := $(shell git ls-files web 2>/dev/null)

.PHONY: demo build test unit race browser bench lint nightly tools clean

## demo: build and run a lake with sample data; prints where everything is
demo: tools build
	$(BIN) demo --data $(DATA) $(if $(COVID),--covid $(COVID)) $(ARGS)

## build: bin/lethe, with the console inside
build: tools $(BIN)

$(BIN): $(GOFILES) web/dist/index.html
	$(GO) build -o $@ ./cmd/lethe

web/dist/index.html: $(WEBFILES)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

## test: all tests that this machine can run; says what it skipped and what to install
test: tools build
	.ci/test

## race: the Go tests under the race detector
race:
	$(GO) test -race ./...

## browser: the console's tests in Chromium
browser: build
	cd web && npm run --silent e2e

## bench: figures, as ratios against something measured in the same run
bench: build
	LETHE_BIN=$(abspath $(BIN)) $(GO) test -tags bench -count=1 -timeout 60m -v ./test/bench $(ARGS)
	cd web && npm run --silent bench

## lint: golangci-lint v2 and the console's linter
lint:
	@command -v golangci-lint >/dev/null || { echo 'golangci-lint is missing: go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest' >&2; exit 1; }
	golangci-lint run ./...
	cd web && npm run --silent lint

## nightly: long soaks and whole conformance suites, run by hand; LETHE_PEERS names a folder for Java programs
nightly: build
	$(GO) test -tags nightly -timeout 60m ./...

tools:
	@.ci/tools

clean:
	rm -rf bin web/dist/assets web/dist/index.html web/node_modules
