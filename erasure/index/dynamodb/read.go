package dynamodb

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"
	"lethe/lib/orderkey"
)

// Find yields the places of an identifier.
func (x *Index) Find(ctx context.Context, h erasure.Hash) iter.Seq2[erasure.Place, error] {
	return index.Places(func() ([]erasure.Place, error) {
		places, err := x.find(ctx, hash(h[:hashBytes]))
		return places, explain(ctx, "read", err)
	})
}

func (x *Index) find(ctx context.Context, h hash) (places []erasure.Place, err error) {
	if err := x.gate.Enter(); err != nil {
		return nil, err
	}
	defer x.gate.Leave()
	// A number is being entered, then it counts, then it is gone, and never goes back. If
	// nothing has come and no state has changed from one reading to the next, there was a
	// moment between the two at which all was as it was read.
	var at map[number][]int64
	var states map[number]item
	var before map[number]string
	for try := 0; ; try++ {
		if at, err = x.postings(ctx, h); err != nil {
			return nil, err
		}
		ask := slices.Collect(maps.Keys(at))
		if states, err = x.numbers(ctx, ask); err != nil {
			return nil, err
		}
		now := make(map[number]string, len(ask))
		counting, same := true, before != nil
		for _, n := range ask {
			now[n] = textOf(states[n], "s")
			was, known := before[n]
			counting, same = counting && now[n] == live, same && known && was == now[n]
		}
		if counting || same {
			break
		}
		before = now
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return nil, err
			}
		}
	}
	for n, rows := range at {
		if textOf(states[n], "s") != live {
			continue
		}
		e, err := decodeEntry(states[n])
		if err != nil {
			return nil, err
		}
		cs, err := index.ReadCuts(bytesOf(states[n], "k"))
		if err != nil {
			return nil, err
		}
		slices.Sort(rows)
		if left := cs.Of(slices.Compact(rows)); len(left) > 0 {
			places = append(places, erasure.Place{Entry: e, Rows: left})
		}
	}
	slices.SortFunc(places, func(a, b erasure.Place) int { return index.Compare(a.Entry, b.Entry) })
	// A version that was replaced between two pages of the states stands there twice.
	return slices.CompactFunc(places, func(a, b erasure.Place) bool { return index.Compare(a.Entry, b.Entry) == 0 }), nil
}

// postings returns the rows of a hash by number, whether they count or not.
func (x *Index) postings(ctx context.Context, h hash) (map[number][]int64, error) {
	at := map[number][]int64{}
	err := x.query(ctx, h.key(), nil, "", func(i item) (err error) {
		sk := bytesOf(i, "sk")
		if len(sk) < len(number{}) {
			return lethe.Errorf(lethe.BadData, "the erasure index is damaged: it has a posting without a number").WithHint("build the index again")
		}
		n := number(sk[:len(number{})])
		at[n], err = unpackRows(at[n], bytesOf(i, "r"))
		return err
	})
	return at, err
}

// Entry returns what is known of an object version.
func (x *Index) Entry(ctx context.Context, o erasure.ObjectVersion) (erasure.Entry, error) {
	if err := x.gate.Enter(); err != nil {
		return erasure.Entry{}, err
	}
	defer x.gate.Leave()
	i, err := x.get(ctx, objectKey(o))
	if err != nil {
		return erasure.Entry{}, explain(ctx, "read", err)
	}
	var e erasure.Entry
	if i != nil {
		if e, err = decodeEntry(i); err != nil {
			return erasure.Entry{}, err
		}
	}
	if i == nil || e.ETag != o.ETag {
		return erasure.Entry{}, index.Unknown(o)
	}
	return e, nil
}

var errStop = errors.New("no more is wanted")

// Entries yields what is known of the objects whose key begins with prefix.
func (x *Index) Entries(ctx context.Context, bucket, prefix string) iter.Seq2[erasure.Entry, error] {
	return func(yield func(erasure.Entry, error) bool) {
		begins := orderkey.Append(nil, prefix)
		begins = begins[:min(len(begins), sortable)]
		// Long names that begin alike are not in order.
		var alike []erasure.Entry
		var begin string
		flush := func() error {
			slices.SortFunc(alike, index.Compare)
			for _, e := range alike {
				if !yield(e, nil) {
					return errStop
				}
			}
			alike = alike[:0]
			return nil
		}
		err := x.gate.Enter()
		if err == nil {
			x.gate.Leave() // each request enters for itself: who is yielded to may close
			err = x.query(ctx, ledgerKey(bucket), begins, "sk, e", func(i item) error {
				e, err := decodeEntry(i)
				if err != nil {
					return err
				}
				sk := bytesOf(i, "sk")
				b := string(sk[:min(len(sk), sortable)])
				if len(b) < sortable || b != begin {
					if err := flush(); err != nil {
						return err
					}
				}
				begin = b
				if strings.HasPrefix(e.Key, prefix) {
					alike = append(alike, e)
				}
				return ctx.Err()
			})
		}
		if err == nil {
			err = flush()
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(erasure.Entry{}, explain(ctx, "read", err))
		}
	}
}

// Stats measures the index, by reading its ledger: what DynamoDB itself says of a
// table is up to six hours old.
func (x *Index) Stats(ctx context.Context) (s erasure.IndexStats, err error) {
	if err := x.gate.Enter(); err != nil {
		return s, err
	}
	defer x.gate.Leave()
	var buckets []string
	err = x.query(ctx, []byte{'m'}, []byte{'b'}, "sk", func(i item) error {
		buckets = append(buckets, string(bytesOf(i, "sk")[1:]))
		return nil
	})
	for _, b := range buckets {
		if err != nil {
			break
		}
		err = x.query(ctx, ledgerKey(b), nil, "sk, c, b", func(i item) error {
			s.Objects++
			s.Postings += intOf(i, "c")
			s.Bytes += intOf(i, "b") + entryBytes
			return nil
		})
	}
	return s, explain(ctx, "measure", err)
}

// entryBytes is about what the two items of an entry take.
const entryBytes = 1000
