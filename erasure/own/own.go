// Package own erases persons from the copies that lethe itself makes: results of
// queries, extracts of data sets, statements and errors in histories, reports and quarantine of ingests and
// what these were made of, dead letters, the journal of processes, and the files
// under all of them. They are in the scope of every request, without a mapping.
// docs/reference/own-copies.md lists them.
//
// There is no index of these places, so each is read for each request. A person is
// found in them by value: in a file of records, by a record with a value that is the
// person's identifier as its type compares it, or with one of their identifiers
// standing in it as a whole word; in a text, by such a word alone. A composite
// identifier is found where all its parts stand as words in one record or text.
//
// Of a text, the words are replaced by "[erased:...]", with the beginning of the
// keyed hash of the identifier: who has the key and the identifier can still tell
// what was asked, and nobody else can. A result goes whole, because part of an answer
// is a wrong answer, and so does an extract. Other files lose the records.
package own

import (
	"context"
	"iter"
	"slices"

	"lethe"
	"lethe/dash"
	"lethe/erasure"
	"lethe/event"
	"lethe/lib/state"
	"lethe/object"
	"lethe/query"
)

// Config is what the holders look after.
type Config struct {
	DB      *state.DB // that the services keep their texts in
	Store   object.Store
	Key     *erasure.HashKey
	Queries Queries
	Ingests Ingests
	Events  Events
	// Extracts are those of data sets; nil in a lake that has none.
	Extracts Extracts
	// Pictures are the data sets, analyses and dashboards; nil in a lake that has none.
	Pictures Texts
	Journal  Texts // of the processes
	Scrub    Texts // the report of the last scrub of the object store
	Index    Index // of the lake's own object store
	// Staging is the bucket of uploads that only wait to be ingested.
	Staging string
}

// Texts keeps texts that may quote data. RedactTexts passes them through f, and
// returns how many f changed; with dry they stay as they are.
type Texts interface {
	RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error)
}

// TextsFunc is a function that is Texts.
type TextsFunc func(ctx context.Context, dry bool, f func(text string) string) (int64, error)

// RedactTexts calls the function.
func (t TextsFunc) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error) {
	return t(ctx, dry, f)
}

// Queries is what the holders need of the service of queries.
type Queries interface {
	Texts
	Settle(ctx context.Context) error
	ResultFiles(ctx context.Context) iter.Seq2[query.ResultFile, error]
	EraseResult(ctx context.Context, f query.ResultFile) error
}

// Ingests is what the holders need of the service of ingests.
type Ingests interface {
	Texts
	Settle(ctx context.Context) error
	Quarantined(ctx context.Context) ([]lethe.Location, error)
	Originals(ctx context.Context) ([]lethe.Location, error)
}

// Events is what the holders need of the dispatcher of events.
type Events interface {
	RedactTexts(ctx context.Context, dry bool, f func(text string) string) (dead, waiting int64, err error)
}

// Extracts is what the holders need of the service of extracts. Rows yields the names of an
// extract's columns, and then its values as texts; an error of kind NotFound says that the
// extract is gone, one of kind BadData that it cannot be read.
type Extracts interface {
	Texts
	Settle(ctx context.Context) error
	Extracts(ctx context.Context) iter.Seq2[dash.ExtractFile, error]
	Rows(ctx context.Context, f dash.ExtractFile) iter.Seq2[[]string, error]
	EraseExtract(ctx context.Context, f dash.ExtractFile) error
}

// Index is the index of the lake's own object store, with the events in it.
type Index interface {
	Outbox(seq uint64, f func(seq uint64, e event.Event) error) error
	Purge(ctx context.Context) error
}

// Holders returns the holders, in the order in which they erase: whatever reads
// before it writes comes first, and the files of what is deleted last.
func Holders(c Config) []erasure.Holder {
	l := newLocks(c.Store)
	hs := []erasure.Holder{
		&results{c, l},
		&texts{c, "query history", "executions", c.Queries, c.Queries.Settle},
		&files{c, "ingest quarantine", c.quarantined, l, true},
		&files{c, "ingest originals", c.originals, l, false},
		&texts{c, "ingest history", "runs", c.Ingests, c.Ingests.Settle},
		&letters{c},
		&texts{c, "process journal", "steps", c.Journal, nil},
		&texts{c, "scrub report", "faults", c.Scrub, nil},
		&index{c},
	}
	if c.Extracts != nil {
		hs = slices.Insert(hs, 1, erasure.Holder(&extracts{c}), erasure.Holder(&texts{c, "extract history", "refreshes", c.Extracts, c.Extracts.Settle}))
	}
	if c.Pictures != nil {
		hs = append(hs, &texts{c, "data sets and dashboards", "documents", c.Pictures, nil})
	}
	return hs
}

func (c Config) match(p erasure.Person) *matcher { return newMatcher(p, c.Key) }

// held is one place with some records of the person, none if it is none.
func held(place string, records int64) []erasure.Holding {
	if records == 0 {
		return nil
	}
	return []erasure.Holding{{Place: place, Records: records}}
}
