package app

import (
	"context"

	"lethe"
	"lethe/catalog"
	"lethe/lib/awsproto"
	"lethe/query"
	"lethe/wire/lambda"
)

// rest are the services that speak AWS's REST protocol.
func (a *App) rest() []*awsproto.RESTService {
	return []*awsproto.RESTService{
		lambda.New(lambda.Config{Connectors: a.Queries, Access: a.Access, Region: a.Config.AWS.Region}),
	}
}

// connect reaches the metastore of a connector that names its nodes.
func (a *App) connect(_ context.Context, c query.Connector) (catalog.Catalog, error) {
	return nil, lethe.Errorf(lethe.Unsupported, "connector %s names the metastore %s; only the lake's own can be reached so far", c.Name, c.URIs[0])
}
