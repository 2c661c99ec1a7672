package s3

import (
	"context"

	"lethe/access"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// Options is what makes a front end with other users than lethe's this package's:
// its operations and its refusals.
func Options(c Config, be backend.Backend, rootKey, rootSecret string, keys access.Keys) []s3api.Option {
	return c.options(&extras{backend: be, iam: &identities{ctx: context.Background(), keys: keys},
		root: middlewares.RootUserConfig{Access: rootKey, Secret: rootSecret}})
}

// Operation is a row of the table of operations.
type Operation struct {
	Name, Method, Subresource, Why string
	OfObject, OfBucket             bool
}

// Operations is the table.
func Operations() (list []Operation) {
	for _, o := range operations {
		list = append(list, Operation{o.name, o.method, o.subresource, o.why, o.on == anObject, o.on == aBucket})
	}
	return list
}

// Honoured reports whether a request header is, with some value.
func Honoured(name string) bool {
	_, ok := headers[name]
	return ok
}
