// Package athena serves Amazon Athena's API: it translates between the API's
// operations and the services query and catalog, and decides nothing itself but who
// may call what.
//
// Where the API's reference leaves open how the real service behaves, this follows
// what was measured of it in September 2026 by github.com/aoyagikouhei/athena-local
// (docs/api.md and docs/dev/measurements): the codes and texts of errors, which
// members are left out, and in what case a catalog's name is returned.
//
// What lethe does not have (encryption of results by KMS, result files managed by the
// service, Spark, other engine versions, tags) is refused with an error that names it,
// and never accepted in silence.
package athena

import (
	"context"
	_ "embed"

	"lethe/access"
	"lethe/catalog"
	"lethe/lib/awsproto"
	"lethe/query"
)

//go:generate go run lethe/lib/awsproto/gen -service athena -o model.json BatchGetQueryExecution CreateDataCatalog CreateWorkGroup DeleteDataCatalog DeleteWorkGroup GetDataCatalog GetDatabase GetQueryExecution GetQueryResults GetQueryRuntimeStatistics GetTableMetadata GetWorkGroup ListDataCatalogs ListDatabases ListEngineVersions ListQueryExecutions ListTableMetadata ListTagsForResource ListWorkGroups StartQueryExecution StopQueryExecution UpdateDataCatalog UpdateWorkGroup

//go:embed model.json
var model []byte

// Executions run statements. See query.Service for what each method promises.
type Executions interface {
	Start(ctx context.Context, q query.Request) (id string, err error)
	Get(ctx context.Context, id string) (query.Execution, error)
	Stop(ctx context.Context, id string) error
	List(ctx context.Context, workgroup, after string, limit int) (ids []string, next string, err error)
	Results(ctx context.Context, id, token string, limit int) (query.Page, error)
}

// Workgroups keeps workgroups.
type Workgroups interface {
	Workgroups(ctx context.Context) ([]query.Workgroup, error)
	Workgroup(ctx context.Context, name string) (query.Workgroup, error)
	CreateWorkgroup(ctx context.Context, w query.Workgroup) error
	UpdateWorkgroup(ctx context.Context, w query.Workgroup) error
	DeleteWorkgroup(ctx context.Context, name string) error
}

// DataCatalogs keeps data catalogs and reaches what is behind them.
type DataCatalogs interface {
	DataCatalogs(ctx context.Context) ([]query.DataCatalog, error)
	DataCatalog(ctx context.Context, name string) (query.DataCatalog, error)
	CreateDataCatalog(ctx context.Context, d query.DataCatalog) error
	UpdateDataCatalog(ctx context.Context, d query.DataCatalog) error
	DeleteDataCatalog(ctx context.Context, name string) error
	CatalogNamed(ctx context.Context, name string) (catalog.Catalog, query.DataCatalog, error)
}

// Config introduces the API to its neighbours. *query.Service is the first three.
type Config struct {
	Executions   Executions
	Workgroups   Workgroups
	DataCatalogs DataCatalogs
	Access       access.Decider
	Region       string // of the resources' names
}

// api has a method for each operation.
type api struct{ Config }

// New returns the service.
func New(c Config) (*awsproto.Service, error) {
	a := &api{c}
	s, err := awsproto.New(model, awsproto.Options{
		Authorize: a.authorize,
		MapError:  mapError,
		Invalid:   func(message string) error { return invalidRequest(invalidInput, message) },
	})
	if err != nil {
		return nil, err
	}

	awsproto.Handle(s, a.startQueryExecution)
	awsproto.Handle(s, a.getQueryExecution)
	awsproto.Handle(s, a.batchGetQueryExecution)
	awsproto.Handle(s, a.stopQueryExecution)
	awsproto.Handle(s, a.listQueryExecutions)
	awsproto.Handle(s, a.getQueryRuntimeStatistics)
	awsproto.Handle(s, a.getQueryResults)

	awsproto.Handle(s, a.getWorkGroup)
	awsproto.Handle(s, a.listWorkGroups)
	awsproto.Handle(s, a.createWorkGroup)
	awsproto.Handle(s, a.updateWorkGroup)
	awsproto.Handle(s, a.deleteWorkGroup)
	awsproto.Handle(s, a.listEngineVersions)

	awsproto.Handle(s, a.getDataCatalog)
	awsproto.Handle(s, a.listDataCatalogs)
	awsproto.Handle(s, a.createDataCatalog)
	awsproto.Handle(s, a.updateDataCatalog)
	awsproto.Handle(s, a.deleteDataCatalog)

	awsproto.Handle(s, a.getDatabase)
	awsproto.Handle(s, a.listDatabases)
	awsproto.Handle(s, a.getTableMetadata)
	awsproto.Handle(s, a.listTableMetadata)

	awsproto.Handle(s, a.listTagsForResource)
	return s, nil
}
