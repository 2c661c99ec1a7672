package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lethe"
	"lethe/access"
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
	URIs []string
	// Connection is how the nodes are spoken to. Connectors and Connector do not tell
	// the password, which is kept sealed.
	catalog.Connection
	Sealed string
	// Role is the ARN of the role that the connector acts by; "" means that it acts as
	// the lake. The connector to the lake's own metastore reaches what the role may. Who
	// uses a data catalog needs nothing of the role.
	Role string
	// Owner is the ARN of who named the role.
	Owner string

	Created time.Time
	Changed time.Time
}

// sealedFor are the words that a connector's password is sealed with: one that is
// copied to another connector, or to another user, does not open.
func (c Connector) sealedFor() []string { return []string{"connector", c.Name, c.User} }

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
// reach the new nodes from the next statement on. A password of before stays if the
// user does and none is given. Who names a role, by its ARN or name, needs iam:PassRole
// on it each time: what a connector with a role does, the role does.
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
	if len(c.URIs) == 0 && c.Connection != (catalog.Connection{}) {
		return lethe.Errorf(lethe.Invalid, "connector %s reaches the lake's own metastore, which needs no settings of a connection", c.Name)
	}
	if c.User == "" && c.Password != "" {
		return lethe.Errorf(lethe.Invalid, "connector %s has a password without a user", c.Name)
	}
	if err := s.passRole(ctx, &c); err != nil {
		return err
	}
	c.Sealed = ""
	if c.Password != "" {
		if s.Keys == nil {
			return lethe.Errorf(lethe.Unsupported, "connector %s: this lake keeps no passwords", c.Name)
		}
		c.Sealed = s.Keys.Seal([]byte(c.Password), c.sealedFor()...)
	}
	c.Changed = time.Now().UTC()
	c.Created = c.Changed
	if old, err := s.Connector(ctx, c.Name); err == nil {
		c.Created = old.Created
		if c.Password == "" && c.User == old.User {
			c.Sealed = old.Sealed
		}
	} else if !lethe.Is(err, lethe.NotFound) {
		return err
	}
	return s.putDocument(ctx, "query_connectors", c.Name, c, "")
}

// passRole checks the role of a connector that is to be kept.
func (s *Service) passRole(ctx context.Context, c *Connector) (err error) {
	c.Owner = ""
	if c.Role == "" {
		return nil
	}
	if s.Roles == nil {
		return lethe.Errorf(lethe.Unsupported, "connector %s: this lake's connectors act by no roles", c.Name)
	}
	if c.Role, err = access.RoleARN(c.Role); err != nil {
		return err
	}
	who := lethe.PrincipalOf(ctx)
	c.Owner = who.ARN
	return s.Roles.PassRole(ctx, who, c.Role, access.ConnectorService)
}

// DeleteConnector removes a connector. Data catalogs that name it cannot be used
// until there is one of its name again.
func (s *Service) DeleteConnector(ctx context.Context, name string) error {
	return s.deleteDocument(ctx, "query_connectors", name, "there is no connector "+name)
}

// unsealed returns a connector with its password.
func (s *Service) unsealed(c Connector) (Connector, error) {
	if c.Sealed == "" {
		return c, nil
	}
	if s.Keys == nil {
		return c, lethe.Errorf(lethe.Unsupported, "connector %s: this lake keeps no passwords", c.Name)
	}
	password, err := s.Keys.Unseal(c.Sealed, c.sealedFor()...)
	c.Password = string(password)
	return c, err
}

// invoke returns the catalog behind a data catalog of type HIVE, if the
// principal may invoke its connector, and whether it is the lake's own, whose
// tables have rules.
func (s *Service) invoke(ctx context.Context, d DataCatalog) (_ catalog.Catalog, own bool, err error) {
	arn := d.Parameters[MetadataFunction]
	if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "lambda:InvokeFunction", arn); err != nil {
		return nil, false, err
	}
	name, ok := strings.CutPrefix(arn, lethe.FunctionARN(s.Region, ""))
	if !ok {
		return nil, false, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: its connector %s is not of this lake", d.Name, arn)
	}
	c, err := s.Connector(ctx, name)
	if lethe.Is(err, lethe.NotFound) {
		return nil, false, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: %w", d.Name, err).WithHint("name another in its parameter %s", MetadataFunction)
	}
	if err == nil {
		c, err = s.unsealed(c)
	}
	if err != nil {
		return nil, false, err
	}
	own = len(c.URIs) == 0
	reached, err := s.reach(ctx, d, c)
	if err != nil || c.Role == "" {
		return reached, own, err
	}
	if s.Roles == nil {
		return nil, false, lethe.Errorf(lethe.Unsupported, "data catalog %s cannot be reached: this lake's connectors act by no roles", d.Name)
	}
	as, err := s.Roles.AssumeServiceRole(access.Onward(ctx, ctx), lethe.Principal{ARN: c.Owner}, c.Role, access.ConnectorService)
	if err != nil {
		return nil, false, fmt.Errorf("data catalog %s cannot be reached: %w", d.Name, err)
	}
	if own {
		reached = acting{reached, s.Access, as, s.Region}
	}
	return reached, own, nil
}

// reach connects to the metastore of a connector.
func (s *Service) reach(ctx context.Context, d DataCatalog, c Connector) (catalog.Catalog, error) {
	if s.Connect == nil {
		if len(c.URIs) == 0 {
			return s.Catalog, nil
		}
		return nil, lethe.Errorf(lethe.Unsupported, "data catalog %s cannot be reached: other metastores than the lake's own are not supported", d.Name)
	}
	reached, err := s.Connect(ctx, c)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "data catalog %s cannot be reached: %w", d.Name, err)
	}
	if reached == nil { // the lake serves no metastore
		reached = s.Catalog
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
