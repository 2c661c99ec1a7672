package own

import (
	"bytes"
	"context"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/erasure"
	"lethe/lib/delimited"
)

// extracts are the copies that data sets keep of what they ask. One that a person is in
// goes whole, as a result does, and the data set makes another.
type extracts struct{ Config }

// Name implements erasure.Holder.
func (x *extracts) Name() string { return "extracts" }

// Locate implements erasure.Holder.
func (x *extracts) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	n, err := x.each(ctx, p, func(dash.ExtractFile) error { return nil })
	return held("extracts of data sets", n), err
}

// Erase implements erasure.Holder. Refreshes that run now may have read the person: they
// are waited for.
func (x *extracts) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	if err := x.Extracts.Settle(ctx); err != nil {
		return nil, err
	}
	n, err := x.each(ctx, p, func(f dash.ExtractFile) error { return x.Extracts.EraseExtract(ctx, f) })
	return held("extracts of data sets", n), err
}

// each calls do for each extract that the person is in, and returns how many these are.
// One that cannot be read is taken to hold the person: it can be made again.
func (x *extracts) each(ctx context.Context, p erasure.Person, do func(dash.ExtractFile) error) (n int64, err error) {
	m := x.match(p)
	for f, err := range x.Extracts.Extracts(ctx) {
		if err != nil {
			return n, err
		}
		found, err := x.anyRow(ctx, f, func(_ int, rec *delimited.Record) bool { return m.record(rec) })
		if lethe.Is(err, lethe.BadData) {
			found, err = true, nil
		}
		if err != nil {
			return n, err
		}
		if !found {
			continue
		}
		if err := do(f); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// anyRow says whether is is true of a row of an extract, whose number it is given: 0 is
// that of the names of its columns. One that is gone has none.
func (c Config) anyRow(ctx context.Context, f dash.ExtractFile, is func(n int, rec *delimited.Record) bool) (bool, error) {
	var rec delimited.Record
	n := 0
	for row, err := range c.Extracts.Rows(ctx, f) {
		if lethe.Is(err, lethe.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		fill(&rec, row)
		if is(n, &rec) {
			return true, nil
		}
		n++
	}
	return false, nil
}

// fill makes a record of a row, whose values stand in lines.
func fill(rec *delimited.Record, row []string) {
	rec.Raw, rec.Fields = rec.Raw[:0], rec.Fields[:0]
	for _, v := range row {
		rec.Raw = append(append(rec.Raw, v...), '\n')
	}
	rest := rec.Raw
	for _, v := range row {
		rec.Fields = append(rec.Fields, delimited.Field{Text: rest[:len(v):len(v)]})
		rest = bytes.TrimPrefix(rest[len(v):], []byte{'\n'})
	}
}

// extracts erases extracts that were made since a moment.
func (w *sweep) extracts(ctx context.Context, did *Swept) error {
	if w.Extracts == nil {
		return nil
	}
	for f, err := range w.Extracts.Extracts(ctx) {
		if err != nil {
			return err
		}
		if f.Made.Before(w.since.Truncate(time.Millisecond)) {
			continue
		}
		found, err := w.anyRow(ctx, f, w.erased(true))
		if lethe.Is(err, lethe.BadData) || err == nil && !found {
			continue // of one that cannot be read nothing is known
		}
		if err == nil {
			err = w.Extracts.EraseExtract(ctx, f)
		}
		if err != nil {
			return err
		}
		did.Extracts++
	}
	return nil
}
