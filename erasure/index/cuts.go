package index

import (
	"encoding/json"
	"slices"

	"lethe"
	"lethe/erasure"
)

// Cut are records that were taken out of an object, or blanked, after its postings were
// written.
type Cut struct {
	Rows  []int64 // by the numbers they had, in order
	Blank bool    // the others kept their numbers
}

// Cuts are what became of an object since its postings were written, in that order.
type Cuts []Cut

// ReadCuts reads cuts that were kept as JSON; nil is none. An error of kind BadData says that
// the index is damaged.
func ReadCuts(raw []byte) (cs Cuts, err error) {
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &cs); err != nil {
		return nil, lethe.Errorf(lethe.BadData, "the erasure index is damaged: what was cut out of an object cannot be read: %w", err).WithHint("build the index again")
	}
	return cs, nil
}

// mostCut bounds the rows that are kept of an object: one that has lost more is read again.
const mostCut = 4096

// Add returns cuts and another one. An error of kind Unsupported says that they would be
// too many.
func (cs Cuts) Add(gone []int64, blank bool) (Cuts, error) {
	cs = append(slices.Clone(cs), Cut{gone, blank})
	kept := 0
	for _, c := range cs {
		kept += len(c.Rows)
	}
	if kept > mostCut {
		return nil, lethe.Errorf(lethe.Unsupported, "%d rows of an object have gone since it was read", kept)
	}
	return cs, nil
}

// Of takes rows, which are in order, through the cuts: those that are gone are left out,
// and others have the numbers that they have now. It changes rows.
func (cs Cuts) Of(rows []int64) []int64 {
	for _, c := range cs {
		rows = slices.DeleteFunc(rows, func(row int64) bool {
			_, gone := slices.BinarySearch(c.Rows, row)
			return gone
		})
		if c.Blank {
			continue
		}
		for i, row := range rows {
			if row != erasure.Whole {
				before, _ := slices.BinarySearch(c.Rows, row)
				rows[i] -= int64(before)
			}
		}
	}
	return rows
}

// CheckFollow refuses what is no Index's Follow.
func CheckFollow(from erasure.ObjectVersion, to erasure.Entry, gone []int64) error {
	if from.Bucket != to.Bucket || from.Key != to.Key || from == to.ObjectVersion || !slices.IsSorted(gone) {
		return lethe.Errorf(lethe.Invalid, "s3://%s/%s does not follow from s3://%s/%s", to.Bucket, to.Key, from.Bucket, from.Key)
	}
	return nil
}
