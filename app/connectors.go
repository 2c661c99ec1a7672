package app

import (
	"context"
	"slices"
	"sync"

	"lethe/catalog"
	"lethe/catalog/hive"
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

// connectors keeps what has been reached of other metastores, by the connector's
// name, with its connections and what it knows of its nodes.
type connectors struct {
	mu      sync.Mutex
	reached map[string]reached
}

type reached struct {
	uris    []string
	catalog *hive.Catalog
}

// connect returns the metastore of a connector that names its nodes: the one of
// before while its nodes are the same.
func (a *App) connect(_ context.Context, c query.Connector) (catalog.Catalog, error) {
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	old, ok := a.connectors.reached[c.Name]
	if ok && slices.Equal(old.uris, c.URIs) {
		return old.catalog, nil
	}
	k, err := hive.Open(hive.Config{URIs: c.URIs})
	if err != nil {
		return nil, err
	}
	if ok {
		old.catalog.Retire() // statements may still be asking it
	}
	if a.connectors.reached == nil {
		a.connectors.reached = map[string]reached{}
	}
	a.connectors.reached[c.Name] = reached{slices.Clone(c.URIs), k}
	return k, nil
}

func (a *App) closeConnectors() error {
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	for _, r := range a.connectors.reached {
		r.catalog.Close()
	}
	return nil
}

// MetastoreNodes returns the states of the nodes that connectors have used, by
// the connector's name.
func (a *App) MetastoreNodes() map[string][]hive.NodeState {
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	out := map[string][]hive.NodeState{}
	for name, r := range a.connectors.reached {
		out[name] = r.catalog.Nodes()
	}
	return out
}
