// Package erasure finds what a lake holds of a person, removes it and proves it.
package erasure

import (
	"context"
	"iter"

	"lethe/object"
)

// Format reads and cuts the objects of one file format. Its implementations are
// the packages below rewrite, and rewritetest holds what all of them must do.
//
// Whatever is in an object is hostile: a Format answers an error of kind Invalid,
// which says where in the object, for one that is damaged, and never panics or
// takes memory beyond a bound that does not grow with the object. What it cannot
// cut without leaving a trace (an encrypted file, say) it answers with an error
// of kind Unsupported, having changed nothing: the request then names the object
// as an exception.
type Format interface {
	// Records yields the records of an object in order, with their values of the
	// given columns. If rows is not nil, only those records are read and yielded;
	// rows is sorted and without repeats, and rows beyond the object are left out.
	// After an error nothing more is yielded.
	Records(ctx context.Context, src object.Content, columns []string, rows []int64) iter.Seq2[Record, error]
	// Plan says which bytes of an object to replace so that nothing is left of
	// the records that match. It changes nothing; the caller applies the edits to
	// exactly the version it was planned on, and closes the Plan afterwards. A
	// record that cannot be read and holds one of the Traces is an error of kind
	// Invalid that says which it is; if it holds none, a note counts it.
	Plan(ctx context.Context, src object.Content, c Cut) (*Plan, error)
}

// Vacuumer is a Format that takes out what mode Blank left: records with nothing in
// them. Where it cannot tell them from such as their writer left empty, these go too;
// where it can, the plan says which go in Gone. Dir is as in Cut; the plan counts records
// as Plan does.
type Vacuumer interface {
	Vacuum(ctx context.Context, src object.Content, dir string) (*Plan, error)
}

// Record is a record of an object, as a line of JSON or a row of a table.
type Record struct {
	// Row is the record's number in its object, from 0. Blanked records count.
	Row int64
	// Off and Len are the bytes that hold the record, its end of line included.
	// Len is 0 in formats that do not keep a record's bytes together.
	Off, Len int64
	// Values are the values of each column asked for: none where it is null or
	// absent, several where it is within a list. A value is its text: strings as
	// they are, integers in decimal digits, true and false, dates as 2006-01-02,
	// UUIDs in lower case with hyphens, and other binary in lower-case hexadecimal
	// digits.
	Values [][]string
	// Unreadable says that this one record is damaged, as a line that is no JSON:
	// it has no values, and whose it is cannot be told. Plan looks for the Traces
	// in its bytes, so an index keeps the rows of such records and adds them to the
	// Rows of whatever it is asked for. Formats whose damage does not end with the record answer an
	// error instead.
	Unreadable bool
}

// Mode is what becomes of a record that matches.
type Mode int

const (
	Delete  Mode = iota // the record is taken out, and those after it move up
	Blank               // the record is replaced by an empty one, and the others keep their numbers
	Replace             // values of the record are replaced, the rest of it stays
)

// Cut says what to remove from an object.
type Cut struct {
	// Columns name the identifying columns. A column within another is written with
	// dots, as buyer.id; elements of lists have no name of their own.
	Columns []string
	// Match says whether a record is of the person, by the values of Columns. It is
	// asked about each record before the record is touched, whatever an index said,
	// and must not keep the slices.
	Match func(values [][]string) bool
	// Rows are the only records that may match, sorted and without repeats; nil
	// means that any may.
	Rows []int64
	// Marks, in order, spare reading what lies between the Rows. They are of exactly
	// this object, or nil; formats that have a table of contents do without.
	Marks []Mark
	Mode  Mode
	// Replace gives the new values of columns in mode Replace, by column: nil makes
	// it null. A column that is not in a record is not added.
	Replace map[string]*string
	// Traces are texts that name the person: where they are found outside of
	// records, as in a file's own metadata, they are removed with them.
	Traces []string
	// Dir is a directory for temporary files, which are gone once the Plan is closed.
	Dir string
}

// Plan is how an object becomes one without the person.
type Plan struct {
	// Edits replace bytes of the object, for object.Store's Splice. None means that
	// no record matched.
	Edits []object.Edit
	// Empty says that records matched and that none but blanked ones is left, so
	// that the object may go as a whole. It may be false where Marks spared the
	// look.
	Empty bool
	// Rows counts the object's records, Cut those that matched. With Marks that do
	// not reach the end, Rows is -1.
	Rows, Cut int64
	// Read counts the bytes read from the object, Written those in Edits.
	Read, Written int64
	// Excerpt are edits of the object as the plan makes it. They leave an object of the
	// same format with ExcerptRows records, in which is every byte that Edits put in
	// place or that is next to what they took out: whoever reads it has read all that
	// is new. It is nil where the plan does not know, and all must be read again.
	Excerpt     []object.Edit
	ExcerptRows int64
	// Contents says that the object has a table of contents, which an excerpt does not
	// show: that what was not touched is still where readers look for it.
	Contents bool
	// Gone says which records a Vacuumer takes out, by their numbers; nil if all with
	// nothing in them go. It holds until the plan is closed.
	Gone func(row int64) bool
	// Notes tell what a person should know who reviews the request, without values.
	Notes []string

	// Release frees what Edits read from; nil if there is nothing to free.
	Release func() error
}

// Close frees what the plan holds. Its edits cannot be read afterwards.
func (p *Plan) Close() error {
	if p.Release == nil {
		return nil
	}
	return p.Release()
}
