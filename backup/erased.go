package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"lethe"
)

// Erased is a person who was erased, or is being erased, as each repository keeps it
// beside the backups that were made before: by keyed hashes, which say nothing without
// the lake's key, and with what proves it.
type Erased struct {
	Request     string       `json:"request"`
	Identifiers []Identifier `json:"identifiers"`
	Since       time.Time    `json:"since"` // when it was approved
	// Document is the request as the lake has it once it is closed, and Certificate its
	// signed certificate. Both are the lake's own.
	Document    json.RawMessage `json:"document,omitempty"`
	Certificate json.RawMessage `json:"certificate,omitempty"`
	// Mappings are the lake's types and mappings then, as the lake has them.
	Mappings json.RawMessage `json:"mappings,omitempty"`
}

// Closed says whether the request had come to its end.
func (e Erased) Closed() bool { return len(e.Document) > 0 }

// Identifier is a keyed hash of an identifier, with its type.
type Identifier struct {
	Type string `json:"type"`
	Hash string `json:"hash"`
}

// complete says how much of the proof there is.
func (e Erased) complete() int { return min(len(e.Document), 1) + min(len(e.Certificate), 1) }

func (e Erased) check() error {
	if !lethe.IsID(e.Request) || len(e.Identifiers) == 0 {
		return lethe.Errorf(lethe.BadData, "a record of an erasure names no request, or nobody")
	}
	return nil
}

// Keep keeps an erasure beside the backups, in place of what is there of its request.
// It is durable when Keep returns.
func (r *Repository) Keep(ctx context.Context, e Erased) error {
	if err := e.check(); err != nil {
		return err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := r.Put(ctx, erasedDir+e.Request+".json", bytes.NewReader(append(raw, '\n'))); err != nil {
		return err
	}
	return r.Sync(ctx)
}

// Erasures returns all that are kept. One that cannot be read is an error: whom it names
// would come back.
func (r *Repository) Erasures(ctx context.Context) (all []Erased, err error) {
	for f, err := range r.List(ctx, erasedDir) {
		if err != nil {
			return nil, err
		}
		raw, err := readAll(ctx, r, f.Name)
		if err != nil {
			return nil, err
		}
		es, err := ReadErased(bytes.NewReader(raw))
		if err != nil {
			return nil, lethe.Errorf(lethe.BadData, "%s of %s: %w", f.Name, r, err)
		}
		all = append(all, es...)
	}
	return all, nil
}

const holdsName = "holds.json"

// KeepHolds keeps beside the backups what forbids to erase, as the lake has it, in place
// of what was kept before.
func (r *Repository) KeepHolds(ctx context.Context, holds json.RawMessage) error {
	if err := r.Put(ctx, holdsName, bytes.NewReader(holds)); err != nil {
		return err
	}
	return r.Sync(ctx)
}

// Holds returns what KeepHolds has kept; nil if that is nothing.
func (r *Repository) Holds(ctx context.Context) (json.RawMessage, error) {
	raw, err := readAll(ctx, r, holdsName)
	if lethe.Is(err, lethe.NotFound) {
		return nil, nil
	}
	if err == nil && !json.Valid(raw) {
		err = lethe.Errorf(lethe.BadData, "%s of %s is damaged", holdsName, r)
	}
	return raw, err
}

// ReadErased reads records of erasures, one after the other, as JSON.
func ReadErased(r io.Reader) (all []Erased, err error) {
	d := json.NewDecoder(r)
	for {
		var e Erased
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil {
			err = e.check()
		}
		if err != nil {
			return nil, lethe.Errorf(lethe.BadData, "record %d of erasures is damaged: %w", len(all)+1, err)
		}
		all = append(all, e)
	}
}

// Merge joins records of erasures from several places. Of one request the more complete
// counts.
func Merge(lists ...[]Erased) (all []Erased) {
	at := map[string]int{}
	for _, list := range lists {
		for _, e := range list {
			i, ok := at[e.Request]
			if !ok {
				at[e.Request] = len(all)
				all = append(all, e)
			} else if all[i].complete() < e.complete() {
				all[i] = e
			}
		}
	}
	return all
}
