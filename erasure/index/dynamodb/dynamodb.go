// Package dynamodb keeps the erasure index in a table of Amazon DynamoDB, which several
// lethe processes may share.
//
// The table has a partition key pk and a sort key sk, both binary, and four kinds of
// items, by the first byte of pk:
//
//	p <8 bytes of the hash>  <number> <count>        rows of an identifier in an object version
//	n <number>               00                      whether the number counts
//	o <bucket>               <key> 00 01 <version>   the ledger: number and entry of an object version
//	m                        b <bucket>              the buckets of the ledger
//
// An object version that is entered gets a random number. First it is said that the
// number is being entered, then its postings are written, and then one transaction
// lets it count in place of the number before it, on the condition that this is still
// the one that counts. Postings of a number that is neither entered nor being entered
// count for nothing; they go when their identifier is erased.
//
// Who reads the postings of an identifier and then asks which numbers count might see
// an object in neither, if it is replaced between the two; so Find reads both again
// where a number does not count, until nothing has changed meanwhile.
//
// # Erasing
//
// Erase deletes items. What Erase cannot reach are copies that DynamoDB was told to
// make: backups, point-in-time recovery (up to 35 days back), exports, streams and
// replicas in other regions until they have caught up.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"
)

// Config says where an index is.
type Config struct {
	Region string
	// Table is made if it is not there, to be paid by request.
	Table string
	// Endpoint is the service's URL, if it is not Amazon's.
	Endpoint string

	// The credentials; without a key those of Profile in the shared AWS files, or
	// without that what AWS's tools find: environment, files, the machine's role.
	AccessKeyID, SecretAccessKey string
	Profile                      string
}

// Index is an erasure.Index. Make it with Open.
type Index struct {
	db    *dynamodb.Client
	table *string

	gate index.Gate // entered by what uses db

	buckets sync.Map // that are known to be in the list of buckets
}

var _ erasure.Index = (*Index)(nil)

// Open opens the index in a table.
func Open(ctx context.Context, c Config) (*Index, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(c.Region),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 6, time.Second })
		}),
		config.WithLogger(logging.Nop{}), // errors are returned; there is nothing else to say
	}
	if c.AccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, "")))
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the erasure index's configuration for AWS: %w", err)
	}
	x := &Index{table: &c.Table, db: dynamodb.NewFromConfig(loaded, func(o *dynamodb.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
			o.DisableValidateResponseChecksum = true // DynamoDB Local's are not Amazon's
		}
	})}
	return x, x.make(ctx)
}

// make makes the table if it is not there, and waits until it answers.
func (x *Index) make(ctx context.Context) error {
	_, err := x.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: x.table})
	if errors.As(err, new(*types.ResourceNotFoundException)) {
		_, err = x.db.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName:   x.table,
			BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{
				{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeB}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeB}},
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		})
		if errors.As(err, new(*types.ResourceInUseException)) {
			err = nil // another process makes it
		}
	}
	if err != nil {
		return explain(ctx, "open", err)
	}
	const atMost = 5 * time.Minute
	err = dynamodb.NewTableExistsWaiter(x.db, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 200 * time.Millisecond }).
		Wait(ctx, &dynamodb.DescribeTableInput{TableName: x.table}, atMost)
	return explain(ctx, "open", err)
}

// Close waits for what uses the index.
func (x *Index) Close() error {
	return x.gate.Shut(func() error { return nil })
}

// explain says what could not be done to the index.
func explain(ctx context.Context, what string, err error) error {
	var api interface{ ErrorCode() string }
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s the erasure index: %w", what, ctx.Err())
	case errors.As(err, new(*lethe.Error)):
		return err
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException":
			return lethe.Errorf(lethe.Denied, "%s the erasure index: DynamoDB refuses the credentials: %w", what, err)
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException", "TransactionInProgressException":
			return lethe.Errorf(lethe.Exhausted, "%s the erasure index: DynamoDB has too much to do: %w", what, err)
		}
	}
	return lethe.Errorf(lethe.Internal, "%s the erasure index: %w", what, err)
}
