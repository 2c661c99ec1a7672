package console

import (
	"context"
	"net/http"
	"time"

	"lethe"
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
	Name        string     `json:"name"`
	ARN         string     `json:"arn"`
	Description string     `json:"description,omitempty"`
	URIs        []string   `json:"uris"` // none: the lake's own metastore
	Created     time.Time  `json:"created"`
	Changed     time.Time  `json:"changed"`
	Nodes       []nodeJSON `json:"nodes,omitempty"` // once the connector has been used
}

type nodeJSON struct {
	URI       string    `json:"uri"`
	Good      bool      `json:"good"`
	LastError string    `json:"last_error,omitempty"`
	Since     time.Time `json:"since"`
}

func (s *server) connectorJSON(c query.Connector, nodes map[string][]hive.NodeState) connectorJSON {
	out := connectorJSON{Name: c.Name, ARN: lethe.FunctionARN(s.Region, c.Name), Description: c.Description, URIs: c.URIs, Created: c.Created, Changed: c.Changed}
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

// putConnector makes a connector or changes it, so it needs the actions for both.
func (s *server) putConnector(c *call) ([]need, func() error, error) {
	var in struct {
		Description string   `json:"description"`
		URIs        []string `json:"uris"`
	}
	name := c.path("connector")
	arn := lethe.FunctionARN(s.Region, name)
	return []need{{"lambda:CreateFunction", arn}, {"lambda:UpdateFunctionConfiguration", arn}}, func() error {
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if len(in.URIs) > 0 { // what cannot be opened is not kept
			k, err := hive.Open(hive.Config{URIs: in.URIs})
			if err != nil {
				return err
			}
			k.Close()
		}
		ctx := c.r.Context()
		if err := s.Connectors.PutConnector(ctx, query.Connector{Name: name, Description: in.Description, URIs: in.URIs}); err != nil {
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
