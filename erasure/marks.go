package erasure

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"

	"lethe"
	"lethe/object"
)

// Mark says that record Row begins at byte Off, so that reading may begin there.
// Whoever indexes an object takes marks from the Records that have a Len, one in
// every few kilobytes, and last {Rows, Size}: a record among many is then found by
// its number without what is before it.
type Mark struct{ Row, Off int64 }

// MarkEvery is how many bytes lie between marks where nothing speaks for another
// distance: a record costs no more than a read of this size, and the marks of an
// object 1/10,000 of its size.
const MarkEvery = 64 << 10

// AppendMark adds a mark of a record, if it has a place and the last mark is
// MarkEvery before it.
func AppendMark(marks []Mark, r Record) []Mark { return appendMark(marks, r, MarkEvery) }

func appendMark(marks []Mark, r Record, every int64) []Mark {
	if r.Len > 0 && (len(marks) == 0 || r.Off-marks[len(marks)-1].Off >= every) {
		return append(marks, Mark{r.Row, r.Off})
	}
	return marks
}

// mostMarks is about how many marks an object has at most: the state file has some
// bytes of each.
const mostMarks = 512

// markEvery is how many bytes lie between the marks of an object of a size.
func markEvery(size int64) int64 {
	return max(MarkEvery, size/mostMarks)
}

// MoveMarks returns where records begin once edits are made, which take the records
// gone out; both are in order.
func MoveMarks(marks []Mark, edits []object.Edit, gone []int64) []Mark {
	var out []Mark
	moved, e := int64(0), 0
	for _, m := range marks {
		for e < len(edits) && edits[e].Off+edits[e].Len <= m.Off && edits[e].Off < m.Off {
			moved += edits[e].NewLen() - edits[e].Len
			e++
		}
		to := Mark{m.Row, m.Off + moved}
		if e < len(edits) && edits[e].Off < m.Off { // it is within what is replaced
			to.Off = edits[e].Off + moved + edits[e].NewLen()
		}
		before, _ := slices.BinarySearch(gone, m.Row)
		to.Row -= int64(before)
		if n := len(out); n == 0 || out[n-1].Row < to.Row {
			out = append(out, to)
		}
	}
	return out
}

// Excerpt returns edits of an object that was changed by edits: they leave what is
// before its first record, and the stretches between marks in which something was
// changed or taken out, which have rows records. marks, of the object as it was, reach
// its end, and edits are in order; gone are the records that they take out.
func Excerpt(marks []Mark, edits []object.Edit, gone []int64) (excerpt []object.Edit, rows int64) {
	after := MoveMarks(marks, edits, gone)
	size := after[len(after)-1].Off
	var keep [][2]Mark
	e := 0
	for i := range len(marks) - 1 {
		from, to := marks[i], marks[i+1]
		for e < len(edits) && edits[e].Off+edits[e].Len < from.Off {
			e++
		}
		if e == len(edits) || edits[e].Off > to.Off {
			continue
		}
		now := MoveMarks([]Mark{from, to}, edits, gone)
		if len(now) == 2 {
			keep = append(keep, [2]Mark(now))
		}
	}
	at := min(after[0].Off, size)
	for _, k := range keep {
		if k[0].Off > at {
			excerpt = append(excerpt, object.Edit{Off: at, Len: k[0].Off - at})
		}
		at = k[1].Off
		rows += k[1].Row - k[0].Row
	}
	if at < size {
		excerpt = append(excerpt, object.Edit{Off: at, Len: size - at})
	}
	return excerpt, rows
}

// packMarks writes marks as the state file has them.
func packMarks(marks []Mark) (b []byte) {
	var last Mark
	for _, m := range marks {
		b = binary.AppendUvarint(b, uint64(m.Row-last.Row))
		b = binary.AppendUvarint(b, uint64(m.Off-last.Off))
		last = m
	}
	return b
}

func unpackMarks(b []byte) (marks []Mark, err error) {
	var last Mark
	for len(b) > 0 {
		row, n := binary.Uvarint(b)
		off, k := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || k <= 0 {
			return nil, lethe.Errorf(lethe.BadData, "the marks of an object are damaged")
		}
		b = b[n+k:]
		last = Mark{last.Row + int64(row), last.Off + int64(off)}
		marks = append(marks, last)
	}
	return marks, nil
}

// keepMarks keeps where the records of a version begin, in place of what was kept
// before; nil keeps nothing.
func (s *Service) keepMarks(ctx context.Context, tx *sql.Tx, o ObjectVersion, marks []Mark) error {
	id := s.objectID(o.Bucket, o.Key)
	if marks == nil {
		_, err := tx.ExecContext(ctx, `DELETE FROM erasure_marks WHERE object = $1 AND version = $2`, id, o.Version)
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO erasure_marks (object, version, etag, marks) VALUES ($1, $2, $3, $4)
		ON CONFLICT (object, version) DO UPDATE SET etag = excluded.etag, marks = excluded.marks`, id, o.Version, o.ETag, packMarks(marks))
	return err
}

// marksOf returns where the records of a version begin; nil if that is not known.
func (s *Service) marksOf(ctx context.Context, o ObjectVersion) (marks []Mark, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		var etag string
		var packed []byte
		err := tx.QueryRowContext(ctx, `SELECT etag, marks FROM erasure_marks WHERE object = $1 AND version = $2`, s.objectID(o.Bucket, o.Key), o.Version).Scan(&etag, &packed)
		if errors.Is(err, sql.ErrNoRows) || err == nil && etag != o.ETag {
			return nil
		}
		if err == nil {
			marks, err = unpackMarks(packed)
		}
		return err
	})
	return marks, err
}

// forget takes a version out of the index, with its marks.
func (s *Service) forget(ctx context.Context, o ObjectVersion) error {
	if err := s.Index.Forget(ctx, o); err != nil {
		return err
	}
	marks, err := s.marksOf(ctx, o)
	if marks == nil || err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM erasure_marks WHERE object = $1 AND version = $2 AND etag = $3`, s.objectID(o.Bucket, o.Key), o.Version, o.ETag)
		return err
	})
}

// byOffset sorts edits.
func byOffset(edits []object.Edit) []object.Edit {
	return slices.SortedFunc(slices.Values(edits), func(a, b object.Edit) int { return cmp.Compare(a.Off, b.Off) })
}
