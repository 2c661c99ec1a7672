package dynamodb

import (
	"context"
	"errors"
	"time"

	"lethe/erasure"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// Erase deletes the postings of identifiers, except those of objects that are being
// entered.
func (x *Index) Erase(ctx context.Context, hs []erasure.Hash) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	g, of := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for _, h := range hs {
		g.Go(func() error { return x.erase(of, hash(h[:hashBytes])) })
	}
	return explain(ctx, "erase from", g.Wait())
}

func (x *Index) erase(ctx context.Context, h hash) error {
	keys := map[number][]item{}
	err := x.query(ctx, h.key(), nil, "pk, sk", func(i item) error {
		if sk := bytesOf(i, "sk"); len(sk) >= len(number{}) {
			n := number(sk[:len(number{})])
			keys[n] = append(keys[n], keyOf(bytesOf(i, "pk"), sk))
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	var ask []number
	for n := range keys {
		ask = append(ask, n)
	}
	states, err := x.numbers(ctx, ask)
	if err != nil {
		return err
	}
	var gone []types.WriteRequest
	for n, of := range keys {
		if textOf(states[n], "s") == entering {
			if dead, err := x.expire(ctx, n, states[n]); err != nil {
				return err
			} else if !dead {
				continue
			}
		}
		for _, k := range of {
			gone = append(gone, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}})
		}
	}
	return x.writeAll(ctx, gone)
}

// expire takes a number back whose writer has not been heard of for the time of a
// lease, and reports whether it has. If the writer lives after all, its object is not
// entered.
func (x *Index) expire(ctx context.Context, n number, state item) (bool, error) {
	if time.Since(time.Unix(intOf(state, "t"), 0)) < lease {
		return false, nil
	}
	_, err := x.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: x.table, Key: numberKey(n),
		ConditionExpression: aws.String("#s = :entering"), ExpressionAttributeNames: map[string]string{"#s": "s"},
		ExpressionAttributeValues: item{":entering": textValue(entering)}})
	if errors.As(err, new(*types.ConditionalCheckFailedException)) {
		return false, nil // it came to its end just now
	}
	return err == nil, err
}
