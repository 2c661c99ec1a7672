package console

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/query"
)

// Connectors keeps what reaches the metastores of data catalogs of type HIVE.
type Connectors interface {
	Connectors(ctx context.Context) ([]query.Connector, error)
	Connector(ctx context.Context, name string) (query.Connector, error)
	PutConnector(ctx context.Context, c query.Connector) error
	DeleteConnector(ctx context.Context, name string) error
}

type connectorJSON struct {
	Name        string   `json:"name"`
	ARN         string   `json:"arn"`
	Description string   `json:"description,omitempty"`
	URIs        []string `json:"uris"`           // none: the lake's own metastore
	Role        string   `json:"role,omitempty"` // ARN of the role that it acts by
	connectionJSON
	HasPassword bool       `json:"has_password"`
	Created     time.Time  `json:"created"`
	Changed     time.Time  `json:"changed"`
	Nodes       []nodeJSON `json:"nodes,omitempty"` // once the connector has been used
}

// connectionJSON is a catalog.Connection. The password is only ever received.
type connectionJSON struct {
	TLS      bool   `json:"tls"`
	Roots    string `json:"roots,omitempty"` // PEM
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	Framed   bool   `json:"framed"`
	Compact  bool   `json:"compact"`
}

type nodeJSON struct {
	URI       string    `json:"uri"`
	Good      bool      `json:"good"`
	InUse     bool      `json:"in_use"` // it is asked first
	LastError string    `json:"last_error,omitempty"`
	Since     time.Time `json:"since"`
}

func (s *server) connectorJSON(c query.Connector, nodes map[string][]hive.NodeState) connectorJSON {
	out := connectorJSON{Name: c.Name, ARN: lethe.FunctionARN(s.Region, c.Name), Description: c.Description, URIs: c.URIs, Role: c.Role, Created: c.Created, Changed: c.Changed,
		connectionJSON: connectionJSON(c.Connection), HasPassword: c.Sealed != ""}
	out.Password = ""
	if out.URIs == nil {
		out.URIs = []string{}
	}
	for _, n := range nodes[c.Name] {
		out.Nodes = append(out.Nodes, nodeJSON(n))
	}
	return out
}

func (s *server) listConnectors(c *call) ([]need, func() error, error) {
	return []need{{"lambda:ListFunctions", "*"}}, func() error {
		all, err := s.Connectors.Connectors(c.r.Context())
		if err != nil {
			return err
		}
		nodes, out := s.MetastoreNodes(), make([]connectorJSON, len(all))
		for i, k := range all {
			out[i] = s.connectorJSON(k, nodes)
		}
		return reply(c.w, http.StatusOK, struct {
			Connectors []connectorJSON `json:"connectors"`
		}{out})
	}, nil
}

// putConnector makes a connector or changes it, so it needs the actions for both; and
// iam:PassRole on the role that it names, which PutConnector decides.
func (s *server) putConnector(c *call) ([]need, func() error, error) {
	var in struct {
		Description string   `json:"description"`
		URIs        []string `json:"uris"`
		Role        string   `json:"role"`
		connectionJSON
	}
	name := c.path("connector")
	arn := lethe.FunctionARN(s.Region, name)
	return []need{{"lambda:CreateFunction", arn}, {"lambda:UpdateFunctionConfiguration", arn}}, func() error {
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if len(in.URIs) > 0 { // what cannot be opened is not kept
			k, err := hive.Open(hive.Config{URIs: in.URIs, Connection: catalog.Connection(in.connectionJSON)})
			if err != nil {
				return err
			}
			k.Close()
		}
		ctx := c.r.Context()
		if err := s.Connectors.PutConnector(ctx, query.Connector{Name: name, Description: in.Description, URIs: in.URIs, Role: in.Role, Connection: catalog.Connection(in.connectionJSON)}); err != nil {
			return err
		}
		k, err := s.Connectors.Connector(ctx, name)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, s.connectorJSON(k, nil))
	}, nil
}

func (s *server) deleteConnector(c *call) ([]need, func() error, error) {
	name := c.path("connector")
	return []need{{"lambda:DeleteFunction", lethe.FunctionARN(s.Region, name)}}, func() error {
		if err := s.Connectors.DeleteConnector(c.r.Context(), name); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

// trialTime is how long a node has to answer a test.
const trialTime = 5 * time.Second

// mostTested bounds the nodes of one test.
const mostTested = 20

type trialJSON struct {
	URI       string `json:"uri"`
	Good      bool   `json:"good"`
	Error     string `json:"error,omitempty"`
	TookMS    int64  `json:"took_ms"`
	Databases int    `json:"databases"` // that it names
}

// testConnector asks each node of a connector that may not exist yet. It needs what
// keeping the connector needs: whoever has that can make the server dial anyway.
func (s *server) testConnector(c *call) ([]need, func() error, error) {
	arn := lethe.FunctionARN(s.Region, c.path("connector"))
	return []need{{"lambda:CreateFunction", arn}, {"lambda:UpdateFunctionConfiguration", arn}}, func() error {
		var in struct {
			URIs []string `json:"uris"`
			connectionJSON
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if len(in.URIs) == 0 || len(in.URIs) > mostTested {
			return lethe.Errorf(lethe.Invalid, "a test needs the URIs of 1 to %d nodes", mostTested)
		}
		nodes := make([]*hive.Catalog, len(in.URIs))
		for i, uri := range in.URIs {
			k, err := hive.Open(hive.Config{URIs: []string{uri}, Connection: catalog.Connection(in.connectionJSON)})
			if err != nil {
				return err
			}
			defer k.Close()
			nodes[i] = k
		}
		out := make([]trialJSON, len(nodes))
		var all sync.WaitGroup
		for i, k := range nodes {
			all.Go(func() {
				out[i] = try(c.r.Context(), k)
				out[i].URI = in.URIs[i]
			})
		}
		all.Wait()
		return reply(c.w, http.StatusOK, map[string]any{"nodes": out})
	}, nil
}

// try asks a node for its databases.
func try(ctx context.Context, k *hive.Catalog) trialJSON {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	began := time.Now()
	all, err := k.Databases(ctx)
	out := trialJSON{Good: err == nil, TookMS: time.Since(began).Milliseconds(), Databases: len(all)}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		out.Error = fmt.Sprintf("it did not answer within %s", trialTime)
	default:
		out.Error = err.Error()
		for _, n := range k.Nodes() {
			if n.LastError != "" {
				out.Error = n.LastError // without what a lone node's metastore says around it
			}
		}
	}
	return out
}

// connectorPolicy answers the policy that lets its holder use a connector.
func (s *server) connectorPolicy(c *call) ([]need, func() error, error) {
	name := c.path("connector")
	return []need{{"lambda:GetFunction", lethe.FunctionARN(s.Region, name)}}, func() error {
		bucket := c.query("bucket")
		if bucket == "" {
			return lethe.Errorf(lethe.Invalid, "bucket is missing: the bucket that large answers are spilled to")
		}
		text, err := access.Template(access.HiveMetastoreDataSourceAccessPolicy, map[string]string{
			"Bucket": bucket, "Region": s.Region, "Account": lethe.Account, "Function": name})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]string{"name": access.HiveMetastoreDataSourceAccessPolicy, "document": text})
	}, nil
}
