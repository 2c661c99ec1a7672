package console

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"lethe"
	"lethe/access"
)

// route is an operation of the API.
type route struct {
	method, path string
	id           string // operationId in the OpenAPI file
	prepare      func(*call) ([]need, func() error, error)
}

// need is something the principal must be allowed to do for a call to run.
type need struct{ action, resource string }

// routes lists every operation that needs a login. Each prepare reads the
// request, says what it needs, and returns what to do once that is granted.
func (s *server) routes() []route {
	return append(slices.Concat(s.holderRoutes(), s.secretRoutes(), s.erasureRoutes(), s.backupRoutes(), s.instanceRoutes(), s.dashRoutes()), []route{
		{"GET", "/session", "getSession", s.getSession},
		{"DELETE", "/session", "deleteSession", s.logout},
		{"PUT", "/session/password", "changePassword", s.changePassword},

		{"POST", "/queries", "startQuery", s.startQuery},
		{"GET", "/queries", "listQueries", s.listQueries},
		{"GET", "/queries/{id}", "getQuery", s.getQuery},
		{"POST", "/queries/{id}/stop", "stopQuery", s.stopQuery},
		{"GET", "/queries/{id}/results", "getQueryResults", s.getResults},
		{"GET", "/queries/{id}/result.csv", "downloadQueryResult", s.downloadResult},
		{"GET", "/workgroups", "listWorkgroups", s.listWorkgroups},

		{"GET", "/access/explain", "explainAccess", s.explainAccess},
		{"POST", "/master-key/rotate", "rotateMasterKey", s.rotateMasterKey},
		{"GET", "/access/rules", "listTableRules", s.listRules},
		{"GET", "/access/rules/{database}/{table}/{rule}", "getTableRule", s.getRule},
		{"PUT", "/access/rules/{database}/{table}/{rule}", "putTableRule", s.putRule},
		{"DELETE", "/access/rules/{database}/{table}/{rule}", "deleteTableRule", s.deleteRule},

		{"GET", "/users", "listUsers", s.listUsers},
		{"GET", "/users/{user}", "getUser", s.getUser},
		{"PUT", "/users/{user}", "createUser", s.createUser},
		{"DELETE", "/users/{user}", "deleteUser", s.deleteUser},
		{"POST", "/users/{user}/keys", "createAccessKey", s.createAccessKey},
		{"PUT", "/users/{user}/keys/{access_key}", "updateAccessKey", s.updateAccessKey},
		{"DELETE", "/users/{user}/keys/{access_key}", "deleteAccessKey", s.deleteAccessKey},
		{"PUT", "/users/{user}/password", "putPassword", s.putPassword},
		{"DELETE", "/users/{user}/password", "deletePassword", s.deletePassword},
		{"DELETE", "/users/{user}/logins/{login}", "endConsoleLogin", s.endLogin},

		{"GET", "/groups", "listGroups", s.listGroups},
		{"GET", "/groups/{group}", "getGroup", s.getGroup},
		{"PUT", "/groups/{group}", "createGroup", s.createGroup},
		{"DELETE", "/groups/{group}", "deleteGroup", s.deleteGroup},
		{"PUT", "/groups/{group}/members/{user}", "addUserToGroup", s.addMember},
		{"DELETE", "/groups/{group}/members/{user}", "removeUserFromGroup", s.removeMember},

		{"GET", "/roles", "listRoles", s.listRoles},
		{"GET", "/roles/{role}", "getRole", s.getRole},
		{"PUT", "/roles/{role}", "createRole", s.createRole},
		{"PUT", "/roles/{role}/trust", "updateAssumeRolePolicy", s.putTrust},
		{"DELETE", "/roles/{role}", "deleteRole", s.deleteRole},

		{"GET", "/policies", "listPolicies", s.listPolicies},
		{"GET", "/policies/{policy}", "getPolicy", s.getPolicy},
		{"PUT", "/policies/{policy}", "createPolicy", s.createPolicy},
		{"DELETE", "/policies/{policy}", "deletePolicy", s.deletePolicy},
		{"POST", "/policies/{policy}/versions", "createPolicyVersion", s.createPolicyVersion},
		{"PUT", "/policies/{policy}/versions/{version}/default", "setDefaultPolicyVersion", s.setDefaultPolicyVersion},
		{"DELETE", "/policies/{policy}/versions/{version}", "deletePolicyVersion", s.deletePolicyVersion},
		{"POST", "/policy-check", "checkPolicy", s.checkPolicy},
		{"GET", "/audit", "listAudit", s.listAudit},
		{"GET", "/audit/chain", "verifyAudit", s.verifyAudit},

		{"POST", "/ingests", "startIngest", s.startIngest},
		{"GET", "/ingests", "listIngests", s.listIngests},
		{"GET", "/ingests/{id}", "getIngest", s.getIngest},
		{"POST", "/ingests/{id}/cancel", "cancelIngest", s.cancelIngest},

		{"GET", "/event-receivers", "listEventReceivers", s.listReceivers},
		{"GET", "/dead-letters", "listDeadLetters", s.listDeadLetters},
		{"POST", "/dead-letters/redeliver", "redeliverEvents", s.redeliver},
		{"POST", "/dead-letters/discard", "discardEvents", s.discard},

		{"GET", "/catalogs", "listCatalogs", s.listCatalogs},
		{"PUT", "/catalogs/{catalog}", "createCatalog", s.createCatalog},
		{"DELETE", "/catalogs/{catalog}", "deleteCatalog", s.deleteCatalog},
		{"GET", "/catalogs/{catalog}/databases", "listDatabases", s.listDatabases},
		{"GET", "/catalogs/{catalog}/databases/{database}/tables", "listTables", s.listTables},
		{"GET", "/catalogs/{catalog}/databases/{database}/tables/{table}", "getTable", s.getTable},
		{"GET", "/catalogs/{catalog}/databases/{database}/tables/{table}/partitions", "listPartitions", s.listPartitions},

		{"GET", "/connectors", "listConnectors", s.listConnectors},
		{"PUT", "/connectors/{connector}", "putConnector", s.putConnector},
		{"DELETE", "/connectors/{connector}", "deleteConnector", s.deleteConnector},
		{"POST", "/connectors/{connector}/test", "testConnector", s.testConnector},
		{"GET", "/connectors/{connector}/policy", "getConnectorPolicy", s.connectorPolicy},

		{"GET", "/buckets", "listBuckets", s.listBuckets},
		{"PUT", "/buckets/{bucket}", "createBucket", s.createBucket},
		{"DELETE", "/buckets/{bucket}", "deleteBucket", s.deleteBucket},
		{"GET", "/buckets/{bucket}/objects", "listObjects", s.listObjects},
		{"GET", "/buckets/{bucket}/objects/{key...}", "getObject", s.getObject},
		{"PUT", "/buckets/{bucket}/objects/{key...}", "putObject", s.putObject},
		{"DELETE", "/buckets/{bucket}/objects/{key...}", "deleteObject", s.deleteObject},
		{"GET", "/buckets/{bucket}/preview/{key...}", "previewObject", s.previewObject},
	}...)
}

// call is one request to an operation, with its principal in the request's context.
type call struct {
	w         http.ResponseWriter
	r         *http.Request
	principal lethe.Principal
	// waits says that the login waits for another password.
	waits bool
}

// whileWaiting are the operations for logins that wait for another password, by their ids.
var whileWaiting = map[string]bool{"getSession": true, "deleteSession": true, "changePassword": true}

// operation is the one way into every route: who is it, is the request really
// theirs, may they, and only then the work.
func (s *server) operation(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r = s.known(w, r)
		if err := s.perform(rt, w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *server) perform(rt route, w http.ResponseWriter, r *http.Request) error {
	p, err := s.principal(r)
	waits := errors.Is(err, access.ErrPasswordChange)
	if err != nil && (!waits || !whileWaiting[rt.id]) {
		return err
	}
	if err := s.sameSite(r); err != nil {
		return err
	}
	r = r.WithContext(lethe.WithPrincipal(r.Context(), p))
	c := &call{w: w, r: r, principal: p, waits: waits}
	needs, do, err := rt.prepare(c)
	if err != nil {
		return err
	}
	for _, n := range needs {
		if err := s.Access.Decide(c.r.Context(), p, n.action, n.resource); err != nil {
			return err
		}
	}
	return do()
}

// known makes the request known to the decisions about it, and to the client by its
// id.
func (s *server) known(w http.ResponseWriter, r *http.Request) *http.Request {
	id := lethe.NewID()
	w.Header().Set("X-Request-Id", id)
	return r.WithContext(access.WithRequest(r.Context(), &access.Request{
		ID: id, SourceIP: clientOf(r), Secure: s.Secure || r.TLS != nil, UserAgent: r.UserAgent(), Region: s.Region,
	}))
}

// sameSite refuses a change that another site's page asks for.
func (s *server) sameSite(r *http.Request) error {
	if err := s.csrf.Check(r); err != nil {
		return lethe.Errorf(lethe.Denied, "this request comes from another site's page: %w", err).
			WithHint("use the console at its own address, or call the API with a bearer token and no Origin header")
	}
	return nil
}

// path returns a path parameter.
func (c *call) path(name string) string { return c.r.PathValue(name) }

// query returns a query parameter.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// number returns a whole-number query parameter between lo and hi, or def if it
// is not given.
func (c *call) number(name string, def, lo, hi int64) (int64, error) {
	v := c.query(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < lo || n > hi {
		return 0, lethe.Errorf(lethe.Invalid, "%s=%q is not a whole number from %d to %d", name, v, lo, hi)
	}
	return n, nil
}

// maxBody bounds JSON requests: a statement of Athena's 262,144 bytes, escaped, fits.
const maxBody = 2 << 20

// decode reads a JSON body into v. Unknown fields are errors, so that a
// misspelled option is not silently ignored.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "application/json" {
		return lethe.Errorf(lethe.Invalid, "the request's Content-Type is %q, not application/json", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return lethe.Errorf(lethe.Invalid, "the request's body is over %d bytes", maxBody)
		}
		return lethe.Errorf(lethe.Invalid, "the request's body is not the JSON this operation takes: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return lethe.Errorf(lethe.Invalid, "the request's body holds more than one JSON value")
	}
	return nil
}

// reply answers with v as JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b) // the client has gone if this fails; there is nobody to tell
	return nil
}
