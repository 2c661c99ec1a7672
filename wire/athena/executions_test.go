package athena_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/query"
)

const token = "0123456789abcdef0123456789abcdef"

func TestStartQueryExecution(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	out := must(l.client.StartQueryExecution(ctx, &sdk.StartQueryExecutionInput{
		QueryString:           awssdk.String("SELECT ?"),
		ClientRequestToken:    awssdk.String(token),
		WorkGroup:             awssdk.String("primary"),
		ExecutionParameters:   []string{"1"},
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: awssdk.String("Hive"), Database: awssdk.String("db")},
		ResultConfiguration: &types.ResultConfiguration{
			OutputLocation: awssdk.String("s3://b/p/"), ExpectedBucketOwner: awssdk.String(lethe.Account),
			AclConfiguration: &types.AclConfiguration{S3AclOption: types.S3AclOptionBucketOwnerFullControl},
		},
		ResultReuseConfiguration: &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true}},
	}))(t)
	want := query.Request{Statement: "SELECT ?", Catalog: "Hive", Database: "db", Workgroup: "primary", Output: "s3://b/p/", Parameters: []string{"1"}, Token: token}
	if *out.QueryExecutionId != "id-1" || !reflect.DeepEqual(l.started[0], want) {
		t.Errorf("%s: started %+v", *out.QueryExecutionId, l.started[0])
	}
	l.wantDecisions(t, "athena:StartQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/primary")

	must(l.client.StartQueryExecution(ctx, &sdk.StartQueryExecutionInput{QueryString: awssdk.String("SELECT 1")}))(t)
	if q := l.started[1]; q.Token == "" || q.Catalog+q.Database+q.Workgroup+q.Output != "" || q.Parameters != nil {
		t.Errorf("the client's least request became %+v", q)
	}
	l.wantDecisions(t, "athena:StartQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/primary")
}

func TestStartQueryExecutionRefuses(t *testing.T) {
	start := func(change func(*sdk.StartQueryExecutionInput)) *sdk.StartQueryExecutionInput {
		in := &sdk.StartQueryExecutionInput{QueryString: awssdk.String("SELECT 1"), ClientRequestToken: awssdk.String(token)}
		change(in)
		return in
	}
	nothing := func(*sdk.StartQueryExecutionInput) {}
	for name, c := range map[string]struct {
		in   *sdk.StartQueryExecutionInput
		fail error
		code string
		text string
	}{
		"syntax":      {start(nothing), lethe.Errorf(lethe.Syntax, "line 1:1: mismatched input 'SELEC'"), "MALFORMED_QUERY", "line 1:1"},
		"statement":   {start(nothing), lethe.Errorf(lethe.Unsupported, "Queries of this type are not supported"), "MALFORMED_QUERY", "of this type"},
		"token":       {start(nothing), lethe.Errorf(lethe.Conflict, "Idempotent parameters do not match"), "IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent"},
		"workgroup":   {start(nothing), lethe.Errorf(lethe.Invalid, "WorkGroup is not found."), "INVALID_INPUT", "not found"},
		"long":        {start(func(in *sdk.StartQueryExecutionInput) { in.QueryString = awssdk.String(strings.Repeat("x", 262145)) }), nil, "INVALID_INPUT", "1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length less than or equal to 262144"},
		"short token": {start(func(in *sdk.StartQueryExecutionInput) { in.ClientRequestToken = awssdk.String("short") }), nil, "INVALID_INPUT", "Value at 'clientRequestToken' failed"},
		"name":        {start(func(in *sdk.StartQueryExecutionInput) { in.WorkGroup = awssdk.String("a/b") }), nil, "INVALID_INPUT", "regular expression"},
		"owner": {start(func(in *sdk.StartQueryExecutionInput) {
			in.ResultConfiguration = &types.ResultConfiguration{ExpectedBucketOwner: awssdk.String("123456789012")}
		}), nil, "INVALID_INPUT", "123456789012"},
		"encryption": {start(func(in *sdk.StartQueryExecutionInput) {
			in.ResultConfiguration = &types.ResultConfiguration{EncryptionConfiguration: &types.EncryptionConfiguration{EncryptionOption: types.EncryptionOptionSseKms}}
		}), nil, "INVALID_INPUT", "EncryptionConfiguration is not supported"},
		"spark": {start(func(in *sdk.StartQueryExecutionInput) {
			in.EngineConfiguration = &types.EngineConfiguration{MaxConcurrentDpus: awssdk.Int32(2)}
		}), nil, "INVALID_INPUT", "EngineConfiguration is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			l.fail = c.fail
			_, err := l.client.StartQueryExecution(t.Context(), c.in)
			wantError(t, err, "InvalidRequestException", c.text)
			var e *types.InvalidRequestException
			if !errors.As(err, &e) || awssdk.ToString(e.AthenaErrorCode) != c.code {
				t.Errorf("got %v, want code %s", err, c.code)
			}
			if len(l.started) > 0 {
				t.Error("it was started")
			}
		})
	}
}

// Errors that are nobody's mistake have exceptions of their own.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		fail       error
		code, text string
	}{
		{lethe.Errorf(lethe.Exhausted, "too many queries"), "TooManyRequestsException", "too many queries"},
		{lethe.Errorf(lethe.Denied, "you may not write there"), "AccessDeniedException", "you may not write there"},
		{errors.New("disk /dev/secret is full"), "InternalServerException", "server's log"},
		{fmt.Errorf("start: %w", lethe.Errorf(lethe.Unsupported, "UNLOAD is not supported").WithHint("use CTAS")), "InvalidRequestException", "use CTAS"},
	} {
		l := newLake(t)
		l.fail = c.fail
		_, err := l.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: awssdk.String("SELECT 1")})
		wantError(t, err, c.code, c.text)
		if logged := strings.Contains(l.log.String(), c.fail.Error()); logged != (c.code == "InternalServerException") {
			t.Errorf("%s: log is %q", c.code, l.log.String())
		}
	}
	l := newLake(t)
	_, err := l.client.CreateNamedQuery(t.Context(), &sdk.CreateNamedQueryInput{Name: awssdk.String("n"), Database: awssdk.String("d"), QueryString: awssdk.String("SELECT 1")})
	wantError(t, err, "NotImplemented", "athena:CreateNamedQuery")
	_, err = l.signedWith("guess").ListWorkGroups(t.Context(), &sdk.ListWorkGroupsInput{})
	wantError(t, err, "InvalidSignatureException", "does not match")
	l.wantDecisions(t)
}

// finished is an execution with every member set.
func finished(id string) query.Execution {
	return query.Execution{
		ID: id, Type: "DML", Subtype: "SELECT", State: query.Succeeded, Output: "s3://results/" + id + ".csv", Rows: 2,
		Request:    query.Request{Statement: "SELECT ?", Catalog: "Hive", Database: "Db", Workgroup: "primary", Parameters: []string{"1"}},
		Statistics: query.Statistics{ScannedBytes: 100, ResultBytes: 20, Queue: time.Millisecond, Planning: 2 * time.Millisecond, Engine: 3 * time.Millisecond, Service: 4 * time.Millisecond, Total: 10 * time.Millisecond},
		Submitted:  created, Completed: created.Add(10 * time.Millisecond), Progress: -1,
		Columns: []query.Column{{Name: "n", Type: "decimal", Precision: 10, Scale: 2}, {Name: "s", Type: "varchar", Precision: 2147483647}},
	}
}

func TestGetQueryExecution(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	l.executions["done"] = finished("done")
	got := must(l.client.GetQueryExecution(ctx, &sdk.GetQueryExecutionInput{QueryExecutionId: awssdk.String("done")}))(t).QueryExecution
	want := &types.QueryExecution{
		QueryExecutionId: awssdk.String("done"), Query: awssdk.String("SELECT ?"), StatementType: types.StatementTypeDml, SubstatementType: awssdk.String("SELECT"),
		WorkGroup: awssdk.String("primary"), ExecutionParameters: []string{"1"},
		EngineVersion:            &types.EngineVersion{SelectedEngineVersion: awssdk.String("AUTO"), EffectiveEngineVersion: awssdk.String("Athena engine version 3")},
		QueryExecutionContext:    &types.QueryExecutionContext{Catalog: awssdk.String("hive"), Database: awssdk.String("Db")},
		ResultConfiguration:      &types.ResultConfiguration{OutputLocation: awssdk.String("s3://results/done.csv")},
		ResultReuseConfiguration: &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{}},
		Status:                   &types.QueryExecutionStatus{State: types.QueryExecutionStateSucceeded, SubmissionDateTime: &created, CompletionDateTime: awssdk.Time(created.Add(10 * time.Millisecond))},
		Statistics: &types.QueryExecutionStatistics{
			DataScannedInBytes: awssdk.Int64(100), QueryQueueTimeInMillis: awssdk.Int64(1), QueryPlanningTimeInMillis: awssdk.Int64(2),
			EngineExecutionTimeInMillis: awssdk.Int64(3), ServiceProcessingTimeInMillis: awssdk.Int64(4), TotalExecutionTimeInMillis: awssdk.Int64(10),
			ResultReuseInformation: &types.ResultReuseInformation{},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	l.wantDecisions(t, "athena:GetQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/primary")

	x := finished("bad")
	x.State, x.Reason, x.Output, x.Request.Catalog, x.Request.Database, x.Completed = query.Failed, "TABLE_NOT_FOUND: no", "", "", "", time.Time{}
	x.Error = &query.Failure{Category: 2, Type: 1301, Message: "TABLE_NOT_FOUND: no"}
	l.executions["bad"] = x
	bad := must(l.client.GetQueryExecution(ctx, &sdk.GetQueryExecutionInput{QueryExecutionId: awssdk.String("bad")}))(t).QueryExecution
	if e := bad.Status.AthenaError; e == nil || *e.ErrorCategory != 2 || *e.ErrorType != 1301 || e.Retryable || *e.ErrorMessage != "TABLE_NOT_FOUND: no" || *bad.Status.StateChangeReason != *e.ErrorMessage {
		t.Errorf("error is %+v of %+v", e, bad.Status)
	}
	if bad.QueryExecutionContext.Catalog != nil || bad.QueryExecutionContext.Database != nil || bad.Status.CompletionDateTime != nil || bad.ResultConfiguration.OutputLocation != nil {
		t.Errorf("what the request left out came back: %+v", bad)
	}

	_, err := l.client.GetQueryExecution(ctx, &sdk.GetQueryExecutionInput{QueryExecutionId: awssdk.String("none")})
	wantAthena(t, err, "QUERY_EXECUTION_NOT_FOUND", "QueryExecution none was not found")
	l.deny = "athena:GetQueryExecution"
	_, err = l.client.GetQueryExecution(ctx, &sdk.GetQueryExecutionInput{QueryExecutionId: awssdk.String("done")})
	wantError(t, err, "AccessDeniedException", "workgroup/primary")
}

func wantAthena(t *testing.T, err error, code, part string) {
	t.Helper()
	wantError(t, err, "InvalidRequestException", part)
	var e *types.InvalidRequestException
	if errors.As(err, &e) && awssdk.ToString(e.AthenaErrorCode) != code {
		t.Errorf("got %s, want %s", awssdk.ToString(e.AthenaErrorCode), code)
	}
}

func TestBatchGetQueryExecution(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	l.executions["a"], l.executions["b"] = finished("a"), finished("b")
	other := finished("c")
	other.Request.Workgroup = "team"
	l.executions["c"] = other
	out := must(l.client.BatchGetQueryExecution(ctx, &sdk.BatchGetQueryExecutionInput{QueryExecutionIds: []string{"b", "none", "a", "c"}}))(t)
	var ids []string
	for _, x := range out.QueryExecutions {
		ids = append(ids, *x.QueryExecutionId)
	}
	if strings.Join(ids, " ") != "b a c" || len(out.UnprocessedQueryExecutionIds) != 1 || *out.UnprocessedQueryExecutionIds[0].QueryExecutionId != "none" || *out.UnprocessedQueryExecutionIds[0].ErrorCode != "QUERY_EXECUTION_NOT_FOUND" {
		t.Errorf("%v %+v", ids, out.UnprocessedQueryExecutionIds)
	}
	l.wantDecisions(t,
		"athena:BatchGetQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/primary",
		"athena:BatchGetQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/team")
	_, err := l.client.BatchGetQueryExecution(ctx, &sdk.BatchGetQueryExecutionInput{QueryExecutionIds: make([]string, 51)})
	wantAthena(t, err, "INVALID_INPUT", "at 'queryExecutionIds' failed to satisfy constraint: Member must have length less than or equal to 50")
}

func TestStopQueryExecution(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	l.executions["a"] = finished("a")
	must(l.client.StopQueryExecution(ctx, &sdk.StopQueryExecutionInput{QueryExecutionId: awssdk.String("a")}))(t)
	if l.executions["a"].State != query.Cancelled {
		t.Error("it was not stopped")
	}
	l.wantDecisions(t, "athena:StopQueryExecution arn:aws:athena:eu-central-1:000000000000:workgroup/primary")
	_, err := l.client.StopQueryExecution(ctx, &sdk.StopQueryExecutionInput{QueryExecutionId: awssdk.String("none")})
	wantAthena(t, err, "QUERY_EXECUTION_NOT_FOUND", "none")
}

func TestListQueryExecutions(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	none := must(l.client.ListQueryExecutions(ctx, &sdk.ListQueryExecutionsInput{}))(t)
	if none.QueryExecutionIds == nil || len(none.QueryExecutionIds) != 0 || none.NextToken != nil {
		t.Errorf("an empty list is %+v", none)
	}
	for i := range 120 {
		l.executions[fmt.Sprintf("id-%03d", i)] = finished("x")
	}
	l.executions["other"] = query.Execution{Request: query.Request{Workgroup: "other"}}
	var ids []string
	pages := sdk.NewListQueryExecutionsPaginator(l.client, &sdk.ListQueryExecutionsInput{WorkGroup: awssdk.String("primary")})
	for n := 0; pages.HasMorePages(); n++ {
		out := must(pages.NextPage(ctx))(t)
		if n < 2 && len(out.QueryExecutionIds) != 50 {
			t.Errorf("page %d has %d ids", n, len(out.QueryExecutionIds))
		}
		ids = append(ids, out.QueryExecutionIds...)
	}
	if len(ids) != 120 || ids[0] != "id-119" || ids[119] != "id-000" {
		t.Errorf("%d ids: %v", len(ids), ids)
	}
	_, err := l.client.ListQueryExecutions(ctx, &sdk.ListQueryExecutionsInput{NextToken: awssdk.String("*")})
	wantAthena(t, err, "INVALID_INPUT", "The nextPageToken is malformed: *")
	_, err = l.client.ListQueryExecutions(ctx, &sdk.ListQueryExecutionsInput{WorkGroup: awssdk.String("none")})
	wantAthena(t, err, "INVALID_INPUT", "WorkGroup none is not found.")
}

func TestGetQueryResults(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	l.executions["a"] = finished("a")
	columns := finished("a").Columns
	l.pages[""] = query.Page{Columns: columns, Rows: [][]*string{{awssdk.String("n"), awssdk.String("s")}, {awssdk.String("1.00"), nil}}, Next: "a.10"}
	l.pages["a.10"] = query.Page{Columns: columns, Rows: [][]*string{{nil, awssdk.String("")}}}

	var got []string
	pages := sdk.NewGetQueryResultsPaginator(l.client, &sdk.GetQueryResultsInput{QueryExecutionId: awssdk.String("a")})
	for pages.HasMorePages() {
		out := must(pages.NextPage(ctx))(t)
		if awssdk.ToInt64(out.UpdateCount) != 0 || out.UpdateCount == nil {
			t.Error("a SELECT updates 0 rows")
		}
		for _, row := range out.ResultSet.Rows {
			line := ""
			for _, d := range row.Data {
				line += fmt.Sprintf("[%v %s]", d.VarCharValue == nil, awssdk.ToString(d.VarCharValue))
			}
			got = append(got, line)
		}
		want := []types.ColumnInfo{
			{CatalogName: awssdk.String("hive"), SchemaName: awssdk.String(""), TableName: awssdk.String(""), Name: awssdk.String("n"), Label: awssdk.String("n"), Type: awssdk.String("decimal"), Precision: 10, Scale: 2, Nullable: types.ColumnNullableUnknown},
			{CatalogName: awssdk.String("hive"), SchemaName: awssdk.String(""), TableName: awssdk.String(""), Name: awssdk.String("s"), Label: awssdk.String("s"), Type: awssdk.String("varchar"), Precision: 2147483647, Nullable: types.ColumnNullableUnknown, CaseSensitive: true},
		}
		if c := out.ResultSet.ResultSetMetadata.ColumnInfo; !reflect.DeepEqual(c, want) {
			t.Errorf("columns are %+v", c)
		}
	}
	if strings.Join(got, " ") != "[false n][false s] [false 1.00][true ] [true ][false ]" {
		t.Errorf("rows are %s", got)
	}
	l.wantDecisions(t, strings.Split(strings.Repeat("athena:GetQueryResults arn:aws:athena:eu-central-1:000000000000:workgroup/primary\n", 2)+"", "\n")[:2]...)

	one := must(l.client.GetQueryResults(ctx, &sdk.GetQueryResultsInput{QueryExecutionId: awssdk.String("a"), MaxResults: awssdk.Int32(1)}))(t)
	if len(one.ResultSet.Rows) != 1 {
		t.Errorf("%d rows, want 1", len(one.ResultSet.Rows))
	}
}

func TestGetQueryResultsRefuses(t *testing.T) {
	get := func(change func(*sdk.GetQueryResultsInput)) *sdk.GetQueryResultsInput {
		in := &sdk.GetQueryResultsInput{QueryExecutionId: awssdk.String("a")}
		change(in)
		return in
	}
	nothing := func(*sdk.GetQueryResultsInput) {}
	for name, c := range map[string]struct {
		in         *sdk.GetQueryResultsInput
		state      query.State
		fail       error
		code, text string
	}{
		"failed":    {get(nothing), query.Failed, lethe.Errorf(lethe.Conflict, "Query did not finish successfully. Final query state: FAILED"), "INVALID_QUERY_EXECUTION_STATE", "FAILED"},
		"running":   {get(nothing), query.Running, lethe.Errorf(lethe.Conflict, "Query has not yet finished. Current state: RUNNING"), "INVALID_QUERY_EXECUTION_STATE", "RUNNING"},
		"cancelled": {get(nothing), query.Cancelled, lethe.Errorf(lethe.Conflict, "Could not find results"), "RESULT_NOT_FOUND", "Could not find results"},
		"gone":      {get(nothing), query.Succeeded, lethe.Errorf(lethe.NotFound, "Could not find results"), "RESULT_NOT_FOUND", "Could not find results"},
		"unknown":   {get(func(in *sdk.GetQueryResultsInput) { in.QueryExecutionId = awssdk.String("none") }), query.Succeeded, nil, "QUERY_EXECUTION_NOT_FOUND", "none"},
		"token":     {get(func(in *sdk.GetQueryResultsInput) { in.NextToken = awssdk.String("x") }), query.Succeeded, nil, "INVALID_INPUT", "Malformed nextPageToken x"},
		"too many":  {get(func(in *sdk.GetQueryResultsInput) { in.MaxResults = awssdk.Int32(1001) }), query.Succeeded, nil, "INVALID_INPUT", "Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		"none":      {get(func(in *sdk.GetQueryResultsInput) { in.MaxResults = awssdk.Int32(0) }), query.Succeeded, nil, "INVALID_INPUT", "Value at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		"manifest":  {get(func(in *sdk.GetQueryResultsInput) { in.QueryResultType = types.QueryResultTypeDataManifest }), query.Succeeded, nil, "INVALID_INPUT", "DATA_MANIFEST"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			x := finished("a")
			x.State = c.state
			l.executions["a"], l.fail = x, c.fail
			_, err := l.client.GetQueryResults(t.Context(), c.in)
			wantAthena(t, err, c.code, c.text)
		})
	}
}

func TestGetQueryRuntimeStatistics(t *testing.T) {
	l := newLake(t)
	l.executions["a"] = finished("a")
	out := must(l.client.GetQueryRuntimeStatistics(t.Context(), &sdk.GetQueryRuntimeStatisticsInput{QueryExecutionId: awssdk.String("a")}))(t)
	s := out.QueryRuntimeStatistics
	if *s.Rows.OutputRows != 2 || *s.Rows.InputBytes != 100 || *s.Timeline.TotalExecutionTimeInMillis != 10 {
		t.Errorf("%+v %+v", s.Rows, s.Timeline)
	}
	l.wantDecisions(t, "athena:GetQueryRuntimeStatistics arn:aws:athena:eu-central-1:000000000000:workgroup/primary")
}
