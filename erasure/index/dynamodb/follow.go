package dynamodb

import (
	"context"
	"errors"
	"maps"

	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var _ erasure.Follower = (*Index)(nil)

// Follow implements erasure.Follower. The number stays, and with it the postings; its item
// tells what became of them.
func (x *Index) Follow(ctx context.Context, from erasure.ObjectVersion, to erasure.Entry, gone []int64, blank bool) error {
	if err := index.CheckFollow(from, to, gone); err != nil {
		return err
	}
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	var refused error
	err := x.change(ctx, objectKey(from), func(old item) (all []types.TransactWriteItem) {
		all, refused = x.following(ctx, from, old, to, gone, blank)
		return all
	})
	return explain(ctx, "write", errors.Join(err, refused))
}

// following are the writes by which an entry follows from another, whose item in the ledger
// is given.
func (x *Index) following(ctx context.Context, from erasure.ObjectVersion, old item, to erasure.Entry, gone []int64, blank bool) (all []types.TransactWriteItem, err error) {
	if old == nil {
		return nil, index.Unknown(from)
	}
	if e, err := decodeEntry(old); err != nil {
		return nil, err
	} else if e.ETag != from.ETag {
		return nil, index.Unknown(from)
	}
	n := number(bytesOf(old, "n"))
	state, err := x.get(ctx, numberKey(n))
	if err != nil {
		return nil, err
	}
	cs, err := index.ReadCuts(bytesOf(state, "k"))
	if err != nil {
		return nil, err
	}
	if cs, err = cs.Add(gone, blank); err != nil {
		return nil, err
	}
	raw, err := index.WriteCuts(cs)
	if err != nil {
		return nil, err
	}
	entry, key := encodeEntry(to), objectKey(to.ObjectVersion)
	ledger := maps.Clone(key)
	maps.Copy(ledger, item{"n": old["n"], "e": entry, "c": old["c"], "b": old["b"]})
	put := &types.Put{TableName: x.table, Item: ledger}
	put.ConditionExpression, put.ExpressionAttributeValues = unchanged(old)
	all = []types.TransactWriteItem{{Put: put}}
	if from.Version != to.Version {
		replaced, err := x.get(ctx, key)
		if err != nil {
			return nil, err
		}
		put.ConditionExpression, put.ExpressionAttributeValues = unchanged(replaced)
		gone := &types.Delete{TableName: x.table, Key: objectKey(from)}
		gone.ConditionExpression, gone.ExpressionAttributeValues = unchanged(old)
		all = append(all, types.TransactWriteItem{Delete: gone})
		if replaced != nil {
			all = append(all, types.TransactWriteItem{Delete: &types.Delete{TableName: x.table, Key: item{"pk": binaryValue(append([]byte{'n'}, bytesOf(replaced, "n")...)), "sk": binaryValue([]byte{0})}}})
		}
	}
	// Who followed from the same between has changed the cuts.
	was := aws.String("attribute_not_exists(k)")
	values := item{":e": entry, ":k": binaryValue(raw)}
	if k, ok := state["k"]; ok {
		was, values[":was"] = aws.String("k = :was"), k
	}
	return append(all, types.TransactWriteItem{Update: &types.Update{TableName: x.table, Key: numberKey(n),
		UpdateExpression: aws.String("SET e = :e, k = :k"), ConditionExpression: was, ExpressionAttributeValues: values}}), nil
}
