package hms

import (
	"context"
	"strings"
	"sync/atomic"

	"lethe"
	"lethe/catalog/hive"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// method is how a method is answered.
type method struct {
	name string
	// action is what the caller must be allowed to do, "" for nothing; on is what
	// to, as documentation has it.
	action, on string
	call       func(ctx context.Context, c *conn, body *thrift.Reader) (thrift.Struct, error)
	calls      atomic.Int64
}

// target is what a call works on, as the client writes it. An empty table is the
// whole database, an empty database the whole catalog.
type target struct{ database, table string }

// registry collects methods.
type registry struct {
	*Server
	methods map[string]*method
}

type structOf[T any] interface {
	*T
	thrift.Struct
}

type replyOf[T any] interface {
	*T
	hms.Result
}

// The resources that actions are decided for.
const (
	onNothing  = ""
	onCatalog  = "catalog"
	onDatabase = "database"
	onTable    = "table"
)

// add registers a method: the action that is decided, on what, and what does it.
// Of gives the target from the arguments, and may be nil where on has none. The
// names in the target that do gets are the catalog's.
func add[A, R any, PA structOf[A], PR replyOf[R]](r *registry, name, action, on string, of func(*A) target,
	do func(ctx context.Context, c *conn, t target, a *A, r *R) error) {
	if _, ok := hms.Methods[name]; !ok || r.methods[name] != nil {
		panic("hms: method " + name + " is not of the interface, or registered twice")
	}
	md := &method{name: name, action: action, on: on}
	md.call = func(ctx context.Context, c *conn, body *thrift.Reader) (thrift.Struct, error) {
		args, reply := PA(new(A)), PR(new(R))
		if args.Read(body); body.Err() != nil {
			return nil, &thrift.ApplicationError{Message: body.Err().Error(), Code: thrift.ProtocolError}
		}
		var t target
		if of != nil {
			t = of(args)
		}
		err := c.decide(ctx, md, &t)
		if err == nil {
			err = do(ctx, c, t, args, reply)
		}
		if err == nil {
			return reply, nil
		}
		return c.fail(name, reply, err)
	}
	r.methods[name] = md
}

// decide puts the target's names into the catalog's spelling and decides whether
// the caller may do what the method does to it.
func (c *conn) decide(ctx context.Context, md *method, t *target) (err error) {
	if t.database, err = database(t.database); err != nil {
		return err
	}
	t.table = strings.ToLower(strings.TrimSpace(t.table))
	if md.action == "" {
		return nil
	}
	resource := lethe.CatalogARN(c.Region)
	switch md.on {
	case onDatabase:
		resource = lethe.DatabaseARN(c.Region, t.database)
	case onTable:
		resource = lethe.TableARN(c.Region, t.database, t.table)
	}
	return c.Access.Decide(ctx, lethe.PrincipalOf(ctx), md.action, resource)
}

// sees tells whether the caller may see an item of a listing.
func (c *conn) sees(ctx context.Context, action, resource string) (bool, error) {
	err := c.Access.Decide(ctx, lethe.PrincipalOf(ctx), action, resource)
	if lethe.Is(err, lethe.Denied) {
		return false, nil
	}
	return err == nil, err
}

// database reads a database's name, or a pattern of names: @catalog#name, as
// clients since Hive 3 write it, or the name alone. An ! instead of the name means
// none.
func database(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	rest, ok := strings.CutPrefix(s, "@")
	if !ok {
		return s, nil
	}
	cat, name, _ := strings.Cut(rest, "#")
	if cat != hive.DefaultCatalog {
		return "", lethe.Errorf(lethe.NotFound, "No catalog %.100s", cat)
	}
	if name == "!" {
		name = ""
	}
	return name, nil
}

// fail makes an error the answer of a method, as the first of the exceptions for
// its kind that the method can throw.
func (c *conn) fail(name string, reply hms.Result, err error) (thrift.Struct, error) {
	if reply.Throw(err) {
		return reply, nil
	}
	text := err.Error()
	kind := lethe.KindOf(err)
	if kind == lethe.Internal {
		c.Log.Error("metastore: a call failed", "method", name, "err", err)
		text = "the metastore failed; its log says why"
	}
	for _, e := range exceptions(kind, text) {
		if reply.Throw(e) {
			return reply, nil
		}
	}
	return nil, &thrift.ApplicationError{Message: text, Code: thrift.InternalError}
}

// exceptions are those that say a kind of error, the best first.
func exceptions(k lethe.Kind, text string) []error {
	meta := &hms.MetaException{Message: text}
	operation := &hms.InvalidOperationException{Message: text}
	switch k {
	case lethe.NotFound:
		return []error{&hms.NoSuchObjectException{Message: text}, &hms.UnknownTableException{Message: text}, operation, &hms.InvalidObjectException{Message: text}, meta}
	case lethe.Exists:
		return []error{&hms.AlreadyExistsException{Message: text}, operation, meta}
	case lethe.Invalid:
		return []error{&hms.InvalidObjectException{Message: text}, operation, meta}
	case lethe.Unsupported:
		return []error{operation, meta}
	}
	return []error{meta}
}
