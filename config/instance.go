package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// InstanceRef names a database of one of the lake's own database instances, where the
// configuration takes the URL of a database:
//
//	instance:NAME/DATABASE
//	instance:USER@NAME/DATABASE?region=us-west-2
//
// It stands for the instance's endpoint, with its certificate checked by the lake's
// authority.
type InstanceRef struct {
	Name, Database string
	User           string // "" for the instance's first user
	Region         string // "" for the lake's
}

const instanceScheme = "instance:"

var (
	instanceName = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)
	databaseName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_$-]{0,62}$`)
)

func isInstance(text string) bool { return strings.HasPrefix(text, instanceScheme) }

// parseInstance reads a reference. Its error does not repeat what may be a password.
func parseInstance(field, text string) (*InstanceRef, error) {
	wrong := func(why string) (*InstanceRef, error) { return nil, &Error{field, "(hidden)", why} }
	u, err := url.Parse("//" + strings.TrimPrefix(text, instanceScheme))
	if err != nil {
		return wrong("must be instance:NAME/DATABASE")
	}
	r := &InstanceRef{Name: strings.ToLower(u.Host), Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username(), Region: u.Query().Get("region")}
	if _, has := u.User.Password(); has {
		return wrong("must not hold a password, which has a field of its own")
	}
	q := u.Query()
	q.Del("region")
	switch {
	case !instanceName.MatchString(r.Name) || len(r.Name) > 63:
		return wrong("must name a database instance, as instance:NAME/DATABASE")
	case !databaseName.MatchString(r.Database):
		return wrong("must name a database of the instance, as instance:NAME/DATABASE")
	case len(q) > 0 || u.Fragment != "":
		return wrong("takes region as its only parameter, as instance:NAME/DATABASE?region=us-west-2")
	case r.Region != "" && !regionName.MatchString(r.Region):
		return wrong("must have a region such as us-west-2")
	}
	return r, nil
}

// instanceRef is parseInstance for a text that was checked.
func instanceRef(field, text string) *InstanceRef {
	if !isInstance(text) {
		return nil
	}
	r, _ := parseInstance(field, text)
	return r
}

// checkInstanceRefs reports the first reference that nothing here can resolve.
func (c *Config) checkInstanceRefs() error {
	if !c.Instances.AtAWS() {
		return nil
	}
	at, err := c.Erasure.IndexAt()
	if err != nil {
		return err
	}
	const why = "is a reference to an instance of this host, and instances.provider is aws: give its URL"
	switch {
	case c.Metastore.Instance() != nil:
		return &Error{"metastore.database", c.Metastore.Database, why}
	case at.Instance != nil:
		return &Error{"erasure.index", c.Erasure.Index.String(), why}
	}
	for i, d := range c.Erasure.Databases {
		if d.Instance() != nil {
			return &Error{fmt.Sprintf("erasure.databases[%d].dsn", i), d.DSN.String(), why}
		}
	}
	return nil
}
