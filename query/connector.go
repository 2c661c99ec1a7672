package query

import (
	"context"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
)

// Connector is what reaches an external metastore for data catalogs of type
// HIVE. In Athena it is a Lambda function, which is why it has a function's name
// and ARN: policies speak of lambda:InvokeFunction on it, and who lacks that
// cannot use the catalogs behind it.
type Connector struct {
	Name        string
	Description string
	// URIs of the metastore's nodes, as thrift://host:9083; none means the lake's
	// own metastore.
	URIs    []string
	Created time.Time
	Changed time.Time
}

// OwnConnector names the connector to the lake's own metastore, which is made with
// the lake.
const OwnConnector = "lethe-hive-metastore"

// MetadataFunction is the parameter of a data catalog of type HIVE that names
// its connector (Athena API Reference, CreateDataCatalog).
const MetadataFunction = "metadata-function"

// Connectors returns all connectors by name.
func (s *Service) Connectors(ctx context.Context) ([]Connector, error) {
	return documents[Connector](ctx, s, "SELECT document FROM query_connectors ORDER BY name")
}

// Connector returns a connector, an error of kind NotFound if there is none.
func (s *Service) Connector(ctx context.Context, name string) (Connector, error) {
	cs, err := documents[Connector](ctx, s, "SELECT document FROM query_connectors WHERE name = $1", name)
	if err == nil && len(cs) == 0 {
		err = lethe.Errorf(lethe.NotFound, "there is no connector %s", name)
	}
	if err != nil {
		return Connector{}, err
	}
	return cs[0], nil
}

// PutConnector makes a connector, or changes the one of its name. Its catalogs
// reach the new nodes from the next statement on.
func (s *Service) PutConnector(ctx context.Context, c Connector) error {
	if !isName(c.Name, 64, "_-") {
		return lethe.Errorf(lethe.Invalid, "connector name %q must be 1 to 64 letters, digits, _ and -", c.Name)
	}
	for _, u := range c.URIs {
		host, ok := strings.CutPrefix(u, "thrift://")
		if !ok || host == "" || strings.ContainsAny(host, "/ ?#@") {
			return lethe.Errorf(lethe.Invalid, "connector %s: %q is not of the form thrift://host:port", c.Name, u)
		}
	}
	c.Changed = time.Now().UTC()
	c.Created = c.Changed
	if old, err := s.Connector(ctx, c.Name); err == nil {
		c.Created = old.Created
	} else if !lethe.Is(err, lethe.NotFound) {
		return err
	}
	return s.putDocument(ctx, "query_connectors", c.Name, c, "")
}

// DeleteConnector removes a connector. Data catalogs that name it cannot be used
// until there is one of its name again.
func (s *Service) DeleteConnector(ctx context.Context, name string) error {
	return s.deleteDocument(ctx, "query_connectors", name, "there is no connector "+name)
}

// invoke returns the catalog behind a data catalog of type HIVE, if the
// principal may invoke its connector.
func (s *Service) invoke(ctx context.Context, d DataCatalog) (catalog.Catalog, error) {
	arn := d.Parameters[MetadataFunction]
	if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "lambda:InvokeFunction", arn); err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(arn, lethe.FunctionARN(s.Region, ""))
	if !ok {
		return nil, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: its connector %s is not of this lake", d.Name, arn)
	}
	c, err := s.Connector(ctx, name)
	if lethe.Is(err, lethe.NotFound) {
		return nil, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: %w", d.Name, err).WithHint("name another in its parameter %s", MetadataFunction)
	}
	if err != nil {
		return nil, err
	}
	if len(c.URIs) == 0 {
		return s.Catalog, nil
	}
	if s.Connect == nil {
		return nil, lethe.Errorf(lethe.Unsupported, "data catalog %s cannot be reached: other metastores than the lake's own are not supported", d.Name)
	}
	reached, err := s.Connect(ctx, c)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: %w", d.Name, err)
	}
	return reached, nil
}

// checkConnector checks the parameter that names a data catalog's connector.
// That the connector exists is looked at when it is used, as in Athena.
func checkConnector(d DataCatalog) error {
	arn := d.Parameters[MetadataFunction]
	f := strings.SplitN(arn, ":", 7)
	if len(f) != 7 || f[0] != "arn" || f[2] != "lambda" || f[5] != "function" || f[6] == "" {
		return lethe.Errorf(lethe.Invalid, "data catalog %s: the parameter %s must be the ARN of a function, not %q", d.Name, MetadataFunction, arn).
			WithHint("list the connectors with: aws lambda list-functions")
	}
	return nil
}
