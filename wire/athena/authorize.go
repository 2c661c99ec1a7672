package athena

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"lethe"
	"lethe/query"
)

// need is a permission.
type need struct{ action, resource string }

// authorize decides whether the principal may run the operation. Actions and
// resources are those of the Service Authorization Reference.
func (a *api) authorize(ctx context.Context, operation string, input any) error {
	needs, err := a.needs(ctx, operation, input)
	if err != nil {
		return err
	}
	for _, n := range needs {
		if err := a.Access.Decide(ctx, lethe.PrincipalOf(ctx), n.action, n.resource); err != nil {
			return err
		}
	}
	return nil
}

func (a *api) needs(ctx context.Context, operation string, input any) ([]need, error) {
	action := "athena:" + operation
	switch in := input.(type) {
	case *sdk.ListWorkGroupsInput, *sdk.ListDataCatalogsInput, *sdk.ListEngineVersionsInput:
		return []need{{action, "*"}}, nil

	case *sdk.StartQueryExecutionInput:
		return []need{{action, a.workgroup(in.WorkGroup)}}, nil
	case *sdk.ListQueryExecutionsInput:
		return []need{{action, a.workgroup(in.WorkGroup)}}, nil
	case *sdk.GetQueryExecutionInput:
		return a.execution(ctx, action, aws.ToString(in.QueryExecutionId))
	case *sdk.StopQueryExecutionInput:
		return a.execution(ctx, action, aws.ToString(in.QueryExecutionId))
	case *sdk.GetQueryResultsInput:
		return a.execution(ctx, action, aws.ToString(in.QueryExecutionId))
	case *sdk.GetQueryRuntimeStatisticsInput:
		return a.execution(ctx, action, aws.ToString(in.QueryExecutionId))
	case *sdk.BatchGetQueryExecutionInput:
		return a.executions(ctx, action, in.QueryExecutionIds)

	case *sdk.GetWorkGroupInput:
		return []need{{action, a.workgroup(in.WorkGroup)}}, nil
	case *sdk.CreateWorkGroupInput:
		return []need{{action, a.workgroup(in.Name)}}, nil
	case *sdk.UpdateWorkGroupInput:
		return []need{{action, a.workgroup(in.WorkGroup)}}, nil
	case *sdk.DeleteWorkGroupInput:
		return []need{{action, a.workgroup(in.WorkGroup)}}, nil

	case *sdk.GetDataCatalogInput:
		return a.dataCatalog(ctx, action, in.Name)
	case *sdk.CreateDataCatalogInput:
		return a.dataCatalog(ctx, action, in.Name)
	case *sdk.UpdateDataCatalogInput:
		return a.dataCatalog(ctx, action, in.Name)
	case *sdk.DeleteDataCatalogInput:
		return a.dataCatalog(ctx, action, in.Name)

	case *sdk.GetDatabaseInput:
		return a.metadata(ctx, action, in.CatalogName, need{"glue:GetDatabase", lethe.DatabaseARN(a.Region, lower(in.DatabaseName))})
	case *sdk.ListDatabasesInput:
		return a.metadata(ctx, action, in.CatalogName, need{"glue:GetDatabases", lethe.CatalogARN(a.Region)})
	case *sdk.GetTableMetadataInput:
		return a.metadata(ctx, action, in.CatalogName, need{"glue:GetTable", lethe.TableARN(a.Region, lower(in.DatabaseName), lower(in.TableName))})
	case *sdk.ListTableMetadataInput:
		return a.metadata(ctx, action, in.CatalogName, need{"glue:GetTables", lethe.DatabaseARN(a.Region, lower(in.DatabaseName))})

	case *sdk.ListTagsForResourceInput:
		return []need{{action, aws.ToString(in.ResourceARN)}}, nil
	}
	// An operation that this switch forgets is not open to everyone.
	return nil, fmt.Errorf("athena: nobody said who may call %s", operation)
}

func lower(s *string) string { return strings.ToLower(aws.ToString(s)) }

// workgroup names a workgroup; nil is primary.
func (a *api) workgroup(name *string) string {
	if aws.ToString(name) == "" {
		return lethe.WorkgroupARN(a.Region, query.Primary)
	}
	return lethe.WorkgroupARN(a.Region, *name)
}

// dataCatalog needs the action on a data catalog, named as it was made however the
// request spells it: a policy must not depend on that.
func (a *api) dataCatalog(ctx context.Context, action string, name *string) ([]need, error) {
	d, err := a.DataCatalogs.DataCatalog(ctx, aws.ToString(name))
	if lethe.Is(err, lethe.NotFound) {
		d.Name, err = aws.ToString(name), nil
	}
	return []need{{action, lethe.DataCatalogARN(a.Region, d.Name)}}, err
}

// execution needs the action on the workgroup that an execution ran in.
func (a *api) execution(ctx context.Context, action, id string) ([]need, error) {
	x, err := a.Executions.Get(ctx, id)
	if err != nil {
		return nil, code(err, lethe.NotFound, queryExecutionNotFound)
	}
	return []need{{action, a.workgroup(&x.Request.Workgroup)}}, nil
}

// executions needs it on each one's. Those that do not exist have none.
func (a *api) executions(ctx context.Context, action string, ids []string) ([]need, error) {
	var needs []need
	seen := map[string]bool{}
	for _, id := range ids {
		n, err := a.execution(ctx, action, id)
		if lethe.Is(err, lethe.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !seen[n[0].resource] {
			seen[n[0].resource] = true
			needs = append(needs, n[0])
		}
	}
	return needs, nil
}

// metadata needs the action on the data catalog, and of the lake's own catalog also
// what Glue would ask.
func (a *api) metadata(ctx context.Context, action string, name *string, glue need) ([]need, error) {
	needs, err := a.dataCatalog(ctx, action, name)
	if err == nil && needs[0].resource == lethe.DataCatalogARN(a.Region, lethe.DefaultCatalog) {
		needs = append(needs, glue)
	}
	return needs, err
}
