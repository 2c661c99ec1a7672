package dynamodb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"lethe"
	"lethe/erasure"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

const (
	// postingsAtOnce is how many postings of an object are gathered before they are
	// written.
	postingsAtOnce = 1 << 20
	// itemsAtOnce is how many items are gathered before they are written.
	itemsAtOnce = 25 * together
	// objectsAtOnce is how many objects are gathered before they are entered.
	objectsAtOnce = 64
	// rowsAtMost bounds the packed rows of an item: DynamoDB takes 400 kB, of names,
	// keys and values, and 16 MB by one request of 25.
	rowsAtMost = 300_000
)

// lease is how long an object may take from its beginning until it is entered. After
// that others may take it for one whose writer was killed.
var lease = 6 * time.Hour // tests have less

// writer gathers postings of objects.
type writer struct {
	x       *Index
	items   []types.WriteRequest
	pending map[[3]string]pending // by bucket, key and version: of several of one object the last counts
}

type pending struct {
	number          number
	entry           erasure.Entry
	postings, bytes int64
}

// Put enters object versions.
func (x *Index) Put(ctx context.Context, objects iter.Seq2[*erasure.Indexed, error]) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	w := &writer{x: x, pending: map[[3]string]pending{}}
	for o, err := range objects {
		if err != nil {
			return err
		}
		if err := w.add(ctx, o); err != nil {
			return explain(ctx, "write", err)
		}
	}
	return explain(ctx, "write", w.finish(ctx))
}

func (w *writer) add(ctx context.Context, o *erasure.Indexed) error {
	n := newNumber()
	begun := numberKey(n)
	begun["s"], begun["t"] = textValue(entering), numberValue(time.Now().Unix())
	_, err := w.x.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: w.x.table, Item: begun, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	if err != nil {
		return err
	}
	p := pending{number: n}
	rows := map[hash][]int64{}
	gathered, count := 0, uint32(0)
	if o.Postings != nil {
		for posting, err := range o.Postings {
			if err != nil { // what was written of it counts for nothing
				w.items = append(w.items, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: numberKey(n)}})
				return nil
			}
			if posting.Row < 0 {
				return lethe.Errorf(lethe.Invalid, "s3://%s/%s: a posting of row %d", o.Bucket, o.Key, posting.Row)
			}
			h := hash(posting.Hash[:hashBytes])
			rows[h] = append(rows[h], posting.Row)
			p.postings++
			if gathered++; gathered == postingsAtOnce {
				if err := w.gather(ctx, &p, rows, &count); err != nil {
					return err
				}
				gathered = 0
			}
		}
	}
	if err := w.gather(ctx, &p, rows, &count); err != nil {
		return err
	}
	p.entry = o.Entry
	id := [3]string{o.Bucket, o.Key, o.Version}
	if before, twice := w.pending[id]; twice {
		w.items = append(w.items, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: numberKey(before.number)}})
	}
	w.pending[id] = p
	if len(w.pending) == objectsAtOnce {
		return w.finish(ctx)
	}
	return nil
}

// gather makes items of an object's rows, and writes them when they are many.
func (w *writer) gather(ctx context.Context, p *pending, rows map[hash][]int64, count *uint32) error {
	for h, of := range rows {
		slices.Sort(of)
		of = slices.Compact(of)
		for len(of) > 0 {
			some := of[:min(len(of), rowsAtMost/binary.MaxVarintLen64)]
			of = of[len(some):]
			i := keyOf(h.key(), binary.BigEndian.AppendUint32(bytes.Clone(p.number[:]), *count))
			packed := packRows(some)
			i["r"] = binaryValue(packed)
			*count++
			p.bytes += int64(len(packed)) + itemOverhead
			w.items = append(w.items, types.WriteRequest{PutRequest: &types.PutRequest{Item: i}})
			if len(w.items) >= itemsAtOnce {
				if err := w.write(ctx); err != nil {
					return err
				}
			}
		}
	}
	clear(rows)
	return nil
}

// itemOverhead is what DynamoDB stores for an item of postings besides its rows: 100
// bytes, and names and values of the keys.
const itemOverhead = 100 + 4 + 9 + 12 + 1

func (w *writer) write(ctx context.Context) error {
	err := w.x.writeAll(ctx, w.items)
	w.items = w.items[:0]
	return err
}

// finish writes what is left, and lets all count.
func (w *writer) finish(ctx context.Context) error {
	if err := w.write(ctx); err != nil {
		return err
	}
	for _, p := range w.pending {
		if err := w.x.know(ctx, p.entry.Bucket); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for p := range maps.Values(w.pending) {
		g.Go(func() error { return w.x.flip(ctx, p) })
	}
	clear(w.pending)
	return g.Wait()
}

// know puts a bucket into the list of those that the ledger has.
func (x *Index) know(ctx context.Context, bucket string) error {
	if _, ok := x.buckets.Load(bucket); ok {
		return nil
	}
	_, err := x.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: x.table, Item: keyOf([]byte{'m'}, append([]byte{'b'}, bucket...))})
	if err == nil {
		x.buckets.Store(bucket, true)
	}
	return err
}

// flip lets an object count, and what it replaces no longer.
func (x *Index) flip(ctx context.Context, p pending) error {
	key := objectKey(p.entry.ObjectVersion)
	return x.change(ctx, key, func(old item) []types.TransactWriteItem {
		entry := encodeEntry(p.entry)
		ledger := maps.Clone(key)
		maps.Copy(ledger, item{"n": binaryValue(p.number[:]), "e": entry, "c": numberValue(p.postings), "b": numberValue(p.bytes)})
		put := &types.Put{TableName: x.table, Item: ledger}
		put.ConditionExpression, put.ExpressionAttributeValues = unchanged(old)
		all := []types.TransactWriteItem{{Put: put}, {Update: &types.Update{
			TableName: x.table, Key: numberKey(p.number),
			UpdateExpression:         aws.String("SET #s = :live, e = :e"),
			ConditionExpression:      aws.String("#s = :entering"),
			ExpressionAttributeNames: map[string]string{"#s": "s"},
			ExpressionAttributeValues: item{":live": textValue(live), ":entering": textValue(entering),
				":e": entry},
		}}}
		if old != nil {
			all = append(all, types.TransactWriteItem{Delete: &types.Delete{TableName: x.table, Key: numberKey(number(bytesOf(old, "n")))}})
		}
		return all
	})
}

// unchanged is the condition that the ledger's item is still the one that was read.
func unchanged(old item) (condition *string, values item) {
	if old == nil {
		return aws.String("attribute_not_exists(pk)"), nil
	}
	return aws.String("n = :old AND e = :before"), item{":old": old["n"], ":before": old["e"]}
}

// change changes an item of the ledger, and others with it, on the condition that it
// is what how was told it is; how returns nothing where nothing is to be done. The
// first of what it returns must have that condition. A condition that fails has it
// begin anew, but for one that says that something is being entered still.
func (x *Index) change(ctx context.Context, key item, how func(old item) []types.TransactWriteItem) error {
	for try := 0; ; try++ {
		old, err := x.get(ctx, key)
		if err != nil {
			return err
		}
		if old != nil && len(bytesOf(old, "n")) != len(number{}) {
			return lethe.Errorf(lethe.BadData, "the erasure index is damaged: it has an entry without a number").WithHint("build the index again")
		}
		all := how(old)
		if len(all) == 0 {
			return nil
		}
		_, err = x.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: all})
		var canceled *types.TransactionCanceledException
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &canceled):
			return err
		}
		for i, r := range canceled.CancellationReasons {
			switch code := aws.ToString(r.Code); {
			case code == "None", code == "TransactionConflict", code == "ThrottlingError", code == "ProvisionedThroughputExceeded":
			case code == "ConditionalCheckFailed" && !enters(all[i]): // another process has changed it
			case code == "ConditionalCheckFailed":
				return lethe.Errorf(lethe.Exhausted, "an object took longer than %v to be entered into the erasure index", lease).WithHint("enter it again")
			default:
				return err
			}
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// enters reports whether a write is on the condition that something is being entered.
func enters(w types.TransactWriteItem) bool {
	return w.Update != nil && w.Update.ExpressionAttributeValues[":entering"] != nil
}

// Forget takes an object version out.
func (x *Index) Forget(ctx context.Context, o erasure.ObjectVersion) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	key := objectKey(o)
	var damaged error
	err := x.change(ctx, key, func(old item) []types.TransactWriteItem {
		if old == nil {
			return nil
		}
		e, err := decodeEntry(old)
		if err != nil || e.ETag != o.ETag {
			damaged = err
			return nil
		}
		gone := &types.Delete{TableName: x.table, Key: key}
		gone.ConditionExpression, gone.ExpressionAttributeValues = unchanged(old)
		return []types.TransactWriteItem{{Delete: gone}, {Delete: &types.Delete{TableName: x.table, Key: numberKey(number(bytesOf(old, "n")))}}}
	})
	return explain(ctx, "write", errors.Join(err, damaged))
}
