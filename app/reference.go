package app

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"strconv"

	"lethe"
	"lethe/config"
)

// reference finds the database that the configuration names as instance:NAME/DATABASE, and
// returns its URL, whose server's certificate is checked, and the password: that given, or
// that of the first user which the lake manages. It returns when the server answers.
func (a *App) reference(ctx context.Context, field string, r *config.InstanceRef, password string) (address, secret string, err error) {
	region := r.Region
	if region == "" {
		region = a.Config.AWS.Region
	}
	i, err := a.local.Use(ctx, region, r.Name, r.User, field)
	if err != nil {
		return "", "", a.badReference(field, err)
	}
	u := url.URL{Host: net.JoinHostPort(i.Host, strconv.Itoa(i.Port)), Path: "/" + r.Database, User: url.User(r.User)}
	if r.User == "" {
		u.User = url.User(i.User)
	}
	if i.Engine == "postgres" {
		u.Scheme, u.RawQuery = "postgres", url.Values{"sslmode": {"verify-full"}, "sslrootcert": {a.path(instancesCA)}}.Encode()
	} else {
		u.Scheme, u.RawQuery = "mysql", url.Values{"ssl-ca": {a.path(instancesCA)}}.Encode()
	}
	switch {
	case password != "":
	case i.Secret == "" || u.User.Username() != i.User:
		return "", "", a.badReference(field, lethe.Errorf(lethe.Invalid, "the password of %s is not known", u.User.Username()).
			WithHint("write it into the field beside it, or let the instance's first user have one that is managed: aws rds modify-db-instance --manage-master-user-password --apply-immediately"))
	default:
		if password, err = a.managedPassword(ctx, i.Secret); err != nil {
			return "", "", a.badReference(field, err)
		}
	}
	return u.String(), password, nil
}

// managedPassword reads the password from a secret that instanceSecrets keeps.
func (a *App) managedPassword(ctx context.Context, arn string) (string, error) {
	_, _, v, err := a.Secrets.Get(ctx, arn, "", "")
	if err != nil {
		return "", err
	}
	var of struct{ Password string }
	if err := json.Unmarshal([]byte(v.Text), &of); err != nil || of.Password == "" {
		return "", lethe.Errorf(lethe.BadData, "the secret %s does not hold a password", arn).WithHint("it must be JSON, with username and password")
	}
	return of.Password, nil
}

// badReference says at which field of the configuration an instance could not be found or
// used.
func (a *App) badReference(field string, err error) error {
	said := misconfigured(field+": ", err)
	said.Message = a.Config.Where(field) + said.Message
	return said
}
