package erasure

import (
	"context"
	"encoding/hex"

	"lethe"
	"lethe/catalog"
	"lethe/object"
)

// Stored says how an object is stored: as its table or partition says, or its
// mapping's Format where it is of no table.
type Stored struct {
	Table   catalog.Table
	Storage catalog.Storage
	Format  string
	Key     string
}

// SecondReader reads what a cut has made with other code than the Format that cut
// it: what is wrong with that would otherwise not be seen by looking again.
type SecondReader interface {
	// Read calls f with the values of the columns in each record, in the texts that a
	// Record has them in, and returns how many records there are; -1 where it does not
	// count them as Formats do. An error of kind Unsupported says that it does not read
	// such objects, one of kind Invalid that this one is damaged.
	Read(ctx context.Context, s Stored, src object.Content, columns []string, f func(values [][]string)) (records int64, err error)
	// Sequence returns what is in all records of an object, in order. Its errors are as
	// Read's.
	Sequence(ctx context.Context, s Stored, src object.Content) (Sequence, error)
}

// Sequence tells whether two objects have the same records, those left out that have
// nothing in them, in the same order.
type Sequence struct {
	Records int64 // all of them
	Blank   int64 // of these, with nothing in them
	// Sum is a SHA-256 over the others; zero if the object was not read.
	Sum [32]byte
}

func (q Sequence) text() string {
	if q.Sum == [32]byte{} {
		return ""
	}
	return hex.EncodeToString(q.Sum[:])
}

// readAgain has the second reader, if there is one, look at what a cut has left,
// which the first has found to be of so many records and without the person.
func (s *Service) readAgain(ctx context.Context, c look, key string, made object.Content, rows int64, holds func(values [][]string) bool) error {
	if s.SecondReader == nil {
		return nil
	}
	left := 0
	n, err := s.SecondReader.Read(ctx, Stored{c.table, c.storage, c.Mapping.Format, key}, made, c.columns(), func(values [][]string) {
		if holds(values) {
			left++
		}
	})
	switch {
	case lethe.Is(err, lethe.Unsupported):
		return nil
	case err != nil && !stays(err):
		return err // the store fails, or it is somebody else's by now
	case err != nil:
		return lethe.Errorf(lethe.BadData, "another reader cannot read what was left of it: %w", err)
	case left > 0:
		return lethe.Errorf(lethe.BadData, "another reader finds %d records of the person in it after they were cut out", left)
	case n >= 0 && n != rows:
		return lethe.Errorf(lethe.BadData, "another reader finds %d records in it, and not %d", n, rows)
	}
	return nil
}
