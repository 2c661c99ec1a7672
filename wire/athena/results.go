package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/query"
)

func (a *api) getQueryResults(ctx context.Context, in *sdk.GetQueryResultsInput) (*sdk.GetQueryResultsOutput, error) {
	if err := unsupported(in.QueryResultType == types.QueryResultTypeDataManifest, "QueryResultType DATA_MANIFEST", "leave it out to get rows"); err != nil {
		return nil, err
	}
	id := aws.ToString(in.QueryExecutionId)
	x, err := a.Executions.Get(ctx, id)
	if err != nil {
		return nil, code(err, lethe.NotFound, queryExecutionNotFound)
	}
	p, err := a.Executions.Results(ctx, id, aws.ToString(in.NextToken), size(in.MaxResults, 1000))
	if err != nil {
		if x.State == query.Cancelled {
			err = code(err, lethe.Conflict, resultNotFound)
		}
		err = code(err, lethe.Conflict, invalidQueryState)
		return nil, code(err, lethe.NotFound, resultNotFound)
	}
	return &sdk.GetQueryResultsOutput{
		ResultSet:   &types.ResultSet{Rows: rows(p.Rows), ResultSetMetadata: &types.ResultSetMetadata{ColumnInfo: columnInfo(p.Columns)}},
		NextToken:   text(p.Next),
		UpdateCount: updateCount(x),
	}, nil
}

// updateCount is 0 for statements that read, but for those whose answer is one text,
// which like statements that define have none.
func updateCount(x query.Execution) *int64 {
	switch x.Subtype {
	case "SHOW_CREATE_TABLE", "DESCRIBE_TABLE", "EXPLAIN":
		return nil
	}
	if x.Subtype == "SELECT" || strings.HasPrefix(x.Subtype, "SHOW_") {
		return aws.Int64(0)
	}
	return nil
}

// rows translates rows; a null is a datum without a value.
func rows(values [][]*string) []types.Row {
	out := make([]types.Row, len(values))
	for i, row := range values {
		data := make([]types.Datum, len(row))
		for j, v := range row {
			data[j].VarCharValue = v
		}
		out[i].Data = data
	}
	return out
}

func columnInfo(columns []query.Column) []types.ColumnInfo {
	out := make([]types.ColumnInfo, len(columns))
	for i, c := range columns {
		out[i] = types.ColumnInfo{
			CatalogName:   aws.String("hive"), // whatever the catalog, as on the real service
			SchemaName:    aws.String(""),
			TableName:     aws.String(""),
			Name:          aws.String(c.Name),
			Label:         aws.String(c.Name),
			Type:          aws.String(c.Type),
			Precision:     int32(c.Precision),
			Scale:         int32(c.Scale),
			Nullable:      types.ColumnNullableUnknown,
			CaseSensitive: c.Type == "varchar" || c.Type == "char",
		}
	}
	return out
}
