package athena

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/query"
)

func (a *api) startQueryExecution(ctx context.Context, in *sdk.StartQueryExecutionInput) (*sdk.StartQueryExecutionOutput, error) {
	if aws.ToString(in.ClientRequestToken) == "" {
		return nil, lethe.Errorf(lethe.Invalid, "clientRequestToken is null or empty")
	}
	output, err := resultLocation(in.ResultConfiguration)
	err = firstError(err,
		unsupported(in.EngineConfiguration != nil, "EngineConfiguration", "it is for Spark; leave it out"))
	if err != nil {
		return nil, err
	}
	q := query.Request{
		Statement:  aws.ToString(in.QueryString),
		Workgroup:  aws.ToString(in.WorkGroup),
		Output:     output,
		Parameters: in.ExecutionParameters,
		Token:      aws.ToString(in.ClientRequestToken),
	}
	if c := in.QueryExecutionContext; c != nil {
		q.Catalog, q.Database = aws.ToString(c.Catalog), aws.ToString(c.Database)
	}
	id, err := a.Executions.Start(ctx, q)
	if err != nil {
		err = code(err, lethe.Unsupported, malformedQuery)
		return nil, code(err, lethe.Conflict, idempotentMismatch)
	}
	return &sdk.StartQueryExecutionOutput{QueryExecutionId: &id}, nil
}

// resultLocation returns where a request or a workgroup wants results, and refuses
// what else it asks of them.
func resultLocation(c *types.ResultConfiguration) (string, error) {
	if c == nil {
		return "", nil
	}
	if owner := aws.ToString(c.ExpectedBucketOwner); owner != "" && owner != lethe.Account {
		return "", lethe.Errorf(lethe.Invalid, "the expected bucket owner is %s, but all buckets of this lake are %s's", owner, lethe.Account)
	}
	// AclConfiguration has one value, which says what is so anyway: the owner of
	// the bucket has full control.
	return aws.ToString(c.OutputLocation), encryption(c.EncryptionConfiguration)
}

// encryption refuses to promise what the store does not do.
func encryption(c *types.EncryptionConfiguration) error {
	return unsupported(c != nil, "EncryptionConfiguration", "leave it out and keep the data folder on an encrypted disk")
}

func (a *api) getQueryExecution(ctx context.Context, in *sdk.GetQueryExecutionInput) (*sdk.GetQueryExecutionOutput, error) {
	x, err := a.Executions.Get(ctx, aws.ToString(in.QueryExecutionId))
	if err != nil {
		return nil, code(err, lethe.NotFound, queryExecutionNotFound)
	}
	return &sdk.GetQueryExecutionOutput{QueryExecution: new(queryExecution(x))}, nil
}

func (a *api) batchGetQueryExecution(ctx context.Context, in *sdk.BatchGetQueryExecutionInput) (*sdk.BatchGetQueryExecutionOutput, error) {
	out := &sdk.BatchGetQueryExecutionOutput{
		QueryExecutions:              []types.QueryExecution{},
		UnprocessedQueryExecutionIds: []types.UnprocessedQueryExecutionId{},
	}
	for _, id := range in.QueryExecutionIds {
		x, err := a.Executions.Get(ctx, id)
		if lethe.Is(err, lethe.NotFound) {
			out.UnprocessedQueryExecutionIds = append(out.UnprocessedQueryExecutionIds, types.UnprocessedQueryExecutionId{
				QueryExecutionId: &id, ErrorCode: aws.String(queryExecutionNotFound), ErrorMessage: aws.String(err.Error()),
			})
			continue
		}
		if err != nil {
			return nil, err
		}
		out.QueryExecutions = append(out.QueryExecutions, queryExecution(x))
	}
	return out, nil
}

func (a *api) stopQueryExecution(ctx context.Context, in *sdk.StopQueryExecutionInput) (*sdk.StopQueryExecutionOutput, error) {
	err := a.Executions.Stop(ctx, aws.ToString(in.QueryExecutionId))
	return nil, code(err, lethe.NotFound, queryExecutionNotFound)
}

func (a *api) listQueryExecutions(ctx context.Context, in *sdk.ListQueryExecutionsInput) (*sdk.ListQueryExecutionsOutput, error) {
	after, err := parseToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	w, err := a.Workgroups.Workgroup(ctx, aws.ToString(in.WorkGroup))
	if err != nil {
		return nil, err
	}
	ids, next, err := a.Executions.List(ctx, w.Name, after, size(in.MaxResults, 50))
	if err != nil {
		return nil, err
	}
	return &sdk.ListQueryExecutionsOutput{QueryExecutionIds: append([]string{}, ids...), NextToken: makeToken(next)}, nil
}

func (a *api) getQueryRuntimeStatistics(ctx context.Context, in *sdk.GetQueryRuntimeStatisticsInput) (*sdk.GetQueryRuntimeStatisticsOutput, error) {
	x, err := a.Executions.Get(ctx, aws.ToString(in.QueryExecutionId))
	if err != nil {
		return nil, code(err, lethe.NotFound, queryExecutionNotFound)
	}
	s := statistics(x)
	out := &types.QueryRuntimeStatistics{Timeline: &types.QueryRuntimeStatisticsTimeline{
		QueryQueueTimeInMillis:        s.QueryQueueTimeInMillis,
		QueryPlanningTimeInMillis:     s.QueryPlanningTimeInMillis,
		EngineExecutionTimeInMillis:   s.EngineExecutionTimeInMillis,
		ServiceProcessingTimeInMillis: s.ServiceProcessingTimeInMillis,
		TotalExecutionTimeInMillis:    s.TotalExecutionTimeInMillis,
	}}
	if x.State == query.Succeeded {
		out.Rows = &types.QueryRuntimeStatisticsRows{
			InputBytes:  aws.Int64(x.Statistics.ScannedBytes),
			OutputBytes: aws.Int64(x.Statistics.ResultBytes),
			OutputRows:  aws.Int64(x.Rows),
		}
	}
	return &sdk.GetQueryRuntimeStatisticsOutput{QueryRuntimeStatistics: out}, nil
}

// queryExecution translates an execution. What the request left out stays out, and a
// catalog's name comes back in lower case, as on the real service.
func queryExecution(x query.Execution) types.QueryExecution {
	q := types.QueryExecution{
		QueryExecutionId:      &x.ID,
		Query:                 &x.Request.Statement,
		StatementType:         types.StatementType(x.Type),
		SubstatementType:      text(x.Subtype),
		WorkGroup:             &x.Request.Workgroup,
		ExecutionParameters:   x.Request.Parameters,
		EngineVersion:         engineVersion(),
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: text(strings.ToLower(x.Request.Catalog)), Database: text(x.Request.Database)},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: text(x.Output)},
		ResultReuseConfiguration: &types.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: false},
		},
		Status: &types.QueryExecutionStatus{
			State:              types.QueryExecutionState(x.State),
			StateChangeReason:  text(x.Reason),
			SubmissionDateTime: &x.Submitted,
		},
		Statistics: statistics(x),
	}
	if !x.Completed.IsZero() {
		q.Status.CompletionDateTime = &x.Completed
	}
	if e := x.Error; e != nil {
		q.Status.AthenaError = &types.AthenaError{
			ErrorCategory: aws.Int32(int32(e.Category)),
			ErrorType:     aws.Int32(int32(e.Type)),
			Retryable:     e.Retryable,
			ErrorMessage:  &e.Message,
		}
	}
	return q
}

func statistics(x query.Execution) *types.QueryExecutionStatistics {
	s := x.Statistics
	return &types.QueryExecutionStatistics{
		DataScannedInBytes:            &s.ScannedBytes,
		QueryQueueTimeInMillis:        millis(s.Queue),
		QueryPlanningTimeInMillis:     millis(s.Planning),
		EngineExecutionTimeInMillis:   millis(s.Engine),
		ServiceProcessingTimeInMillis: millis(s.Service),
		TotalExecutionTimeInMillis:    millis(s.Total),
		ResultReuseInformation:        &types.ResultReuseInformation{ReusedPreviousResult: false},
	}
}

func millis(d time.Duration) *int64 { return aws.Int64(d.Milliseconds()) }

// text is nil for "".
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
