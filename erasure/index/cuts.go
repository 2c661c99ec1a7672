package index

import (
	"encoding/json"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/lib/runs"
)

// Cut are records that were taken out of an object, or blanked, after its postings were
// written.
type Cut struct {
	Rows  runs.Set // by the numbers they had
	Blank bool     // the others kept their numbers
}

// Cuts are what became of an object since its postings were written, in that order.
type Cuts []Cut

// ReadCuts reads cuts that were kept by WriteCuts; nil is none. An error of kind BadData says
// that the index is damaged.
func ReadCuts(raw []byte) (cs Cuts, err error) {
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &cs); err != nil {
		return nil, lethe.Errorf(lethe.BadData, "the erasure index is damaged: what was cut out of an object cannot be read: %w", err).WithHint("build the index again")
	}
	return cs, nil
}

// mostSent bounds the bytes of an object's cuts in an index that each look-up asks another
// program for.
const mostSent = 64 << 10

// WriteCuts writes cuts for an index in another program. An error of kind Unsupported says
// that they are too many for that.
func WriteCuts(cs Cuts) ([]byte, error) {
	raw, err := json.Marshal(cs)
	if len(raw) > mostSent {
		return nil, tooMany(cs)
	}
	return raw, err
}

// mostCut bounds the runs that are kept of an object: one that has lost more is read again.
const mostCut = 1 << 16

// Add returns cuts and another one. An error of kind Unsupported says that they would be
// too many.
func (cs Cuts) Add(gone []int64, blank bool) (Cuts, error) {
	cs = append(slices.Clone(cs), Cut{runs.Of(gone), blank})
	kept := 0
	for _, c := range cs {
		kept += c.Rows.Runs()
	}
	if kept > mostCut {
		return nil, tooMany(cs)
	}
	return cs, nil
}

func tooMany(cs Cuts) error {
	rows := int64(0)
	for _, c := range cs {
		rows += c.Rows.Len()
	}
	return lethe.Errorf(lethe.Unsupported, "%d rows of an object have gone since it was read", rows)
}

// Of takes rows, which are in order, through the cuts: those that are gone are left out,
// and others have the numbers that they have now. It changes rows.
func (cs Cuts) Of(rows []int64) []int64 {
	for _, c := range cs {
		left := rows[:0]
		for _, row := range rows {
			before, gone := c.Rows.Find(row)
			if gone {
				continue
			}
			if !c.Blank && row != erasure.Whole {
				row -= before
			}
			left = append(left, row)
		}
		rows = left
	}
	return rows
}

// CheckFollow refuses what is no Index's Follow.
func CheckFollow(from erasure.ObjectVersion, to erasure.Entry, gone []int64) error {
	ordered := len(gone) == 0 || gone[0] >= 0
	for i := 1; i < len(gone) && ordered; i++ {
		ordered = gone[i-1] < gone[i]
	}
	if from.Bucket != to.Bucket || from.Key != to.Key || from == to.ObjectVersion || !ordered {
		return lethe.Errorf(lethe.Invalid, "s3://%s/%s does not follow from s3://%s/%s", to.Bucket, to.Key, from.Bucket, from.Key)
	}
	return nil
}
