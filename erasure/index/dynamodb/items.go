package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/lib/orderkey"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// item is a row of the table by its attributes' names.
type item = map[string]types.AttributeValue

func binaryValue(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
func textValue(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func numberValue(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// bytesOf returns a binary attribute, or nil.
func bytesOf(i item, name string) []byte {
	if b, ok := i[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}

func textOf(i item, name string) string {
	if s, ok := i[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func intOf(i item, name string) int64 {
	if n, ok := i[name].(*types.AttributeValueMemberN); ok {
		v, _ := strconv.ParseInt(n.Value, 10, 64) // DynamoDB has checked that it is a number
		return v
	}
	return 0
}

func keyOf(pk, sk []byte) item { return item{"pk": binaryValue(pk), "sk": binaryValue(sk)} }

// number is of an object version that was entered.
type number [8]byte

func newNumber() (n number) {
	binary.BigEndian.PutUint64(n[:], rand.Uint64())
	return n
}

// The attributes. Of postings: r, rows. Of numbers: s, the state; t, when it was
// begun, in seconds; e, the entry; k, what was cut out of the object since. Of the ledger: n, the number; e, the entry; c,
// how many postings; b, how many bytes of them.
const (
	entering = "entering"
	live     = "live"
)

// hashBytes is how much of a hash is kept. Two identifiers that share it cost a read
// and nothing else, because whoever finds a posting reads the record before cutting it.
const hashBytes = 8

type hash [hashBytes]byte

func (h hash) key() []byte { return append([]byte{'p'}, h[:]...) }

func numberKey(n number) item { return keyOf(append([]byte{'n'}, n[:]...), []byte{0}) }

func ledgerKey(bucket string) []byte { return append([]byte{'o'}, bucket...) }

// sortable is how much of a sort key holds the object's name as it is; DynamoDB allows
// 1024 bytes. Of longer ones the rest is a digest, and those that begin alike are put
// in order by who reads them.
const sortable = 960

func objectSort(o erasure.ObjectVersion) []byte {
	k := append(orderkey.End(orderkey.Append(nil, o.Key)), o.Version...)
	if len(k) > sortable {
		sum := sha256.Sum256(k)
		k = append(k[:sortable:sortable], sum[:]...)
	}
	return k
}

func objectKey(o erasure.ObjectVersion) item { return keyOf(ledgerKey(o.Bucket), objectSort(o)) }

func encodeEntry(e erasure.Entry) types.AttributeValue {
	raw, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers and a time
	}
	return binaryValue(raw)
}

func decodeEntry(i item) (e erasure.Entry, err error) {
	if err = json.Unmarshal(bytesOf(i, "e"), &e); err != nil {
		err = lethe.Errorf(lethe.BadData, "the erasure index has an entry it cannot read: %w", err).WithHint("build the index again")
	}
	return e, err
}

// packRows writes rows, which are sorted and different, as differences.
func packRows(rows []int64) []byte {
	var packed []byte
	last := int64(0)
	for _, r := range rows {
		packed = binary.AppendUvarint(packed, uint64(r-last))
		last = r
	}
	return packed
}

func unpackRows(rows []int64, packed []byte) ([]int64, error) {
	last := int64(0)
	for len(packed) > 0 {
		d, n := binary.Uvarint(packed)
		if n <= 0 || int64(d) < 0 || last+int64(d) < last {
			return nil, lethe.Errorf(lethe.BadData, "the erasure index is damaged: it has rows that cannot be read").WithHint("build the index again")
		}
		last += int64(d)
		rows = append(rows, last)
		packed = packed[n:]
	}
	return rows, nil
}

// How many requests are under way at once, of one call.
const together = 8

// pause waits before something is tried again the n-th time, counted from 0: a moment
// at first and up to about two seconds. It fails when ctx ends, and after some twenty
// times.
func pause(ctx context.Context, n int) error {
	if n >= 20 {
		return lethe.Errorf(lethe.Exhausted, "the erasure index: DynamoDB has too much to do").WithHint("try again later")
	}
	d := min(5*time.Millisecond<<min(n, 10), 2*time.Second)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d/2 + rand.N(d)):
		return nil
	}
}

// writeAll puts and deletes items, 25 by a request; what DynamoDB leaves over is given
// to it again.
func (x *Index) writeAll(ctx context.Context, all []types.WriteRequest) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for len(all) > 0 {
		n := min(len(all), 25)
		some := all[:n:n]
		all = all[n:]
		g.Go(func() error {
			for try := 0; len(some) > 0; try++ {
				out, err := x.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*x.table: some}})
				if err != nil {
					return err
				}
				if some = out.UnprocessedItems[*x.table]; len(some) > 0 {
					if err := pause(ctx, try); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// numbers returns the items of numbers that are being entered or count.
func (x *Index) numbers(ctx context.Context, ns []number) (map[number]item, error) {
	found := make(map[number]item, len(ns))
	for len(ns) > 0 {
		n := min(len(ns), 100)
		ask := make([]item, n)
		for i := range ask {
			ask[i] = numberKey(ns[i])
		}
		ns = ns[n:]
		for try := 0; len(ask) > 0; try++ {
			yes := true
			out, err := x.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*x.table: {Keys: ask, ConsistentRead: &yes}}})
			if err != nil {
				return nil, err
			}
			for _, i := range out.Responses[*x.table] {
				if pk := bytesOf(i, "pk"); len(pk) == 9 {
					found[number(pk[1:])] = i
				}
			}
			if ask = out.UnprocessedKeys[*x.table].Keys; len(ask) > 0 {
				if err := pause(ctx, try); err != nil {
					return nil, err
				}
			}
		}
	}
	return found, nil
}

// query yields the items of a partition whose sort key begins with prefix, in its
// order, until f fails.
func (x *Index) query(ctx context.Context, pk, prefix []byte, attributes string, f func(item) error) error {
	yes := true
	condition := "pk = :pk"
	values := item{":pk": binaryValue(pk)}
	if len(prefix) > 0 {
		condition += " AND begins_with(sk, :sk)"
		values[":sk"] = binaryValue(prefix)
	}
	in := &dynamodb.QueryInput{TableName: x.table, ConsistentRead: &yes, KeyConditionExpression: &condition, ExpressionAttributeValues: values}
	if attributes != "" {
		in.ProjectionExpression = &attributes
	}
	for {
		out, err := x.db.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			if err := f(i); err != nil {
				return err
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// get returns an item, or nil.
func (x *Index) get(ctx context.Context, key item) (item, error) {
	yes := true
	out, err := x.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: x.table, Key: key, ConsistentRead: &yes})
	if err != nil || len(out.Item) == 0 {
		return nil, err
	}
	return out.Item, nil
}
