// Package console serves the console port: the single-page application of
// package web and the JSON API under /api/v1 that it and scripts use.
//
// A request is one of five things. Pages and assets are public and hold no
// data. /healthz, /readyz and /metrics are for machines. POST /api/v1/session
// logs in, and so do the answers of an identity provider (oidc.go). /approval/TOKEN is what
// a letter to an approver leads to (approval.go). Everything else under
// /api/v1 is an operation of the routes table:
// it carries a login (the session cookie, or Authorization: Bearer TOKEN), says
// which actions it needs on which resources in the words of AWS's policies, and
// runs only when access.Decider agrees. Requests that change something are
// refused when a browser says that another site made them.
//
// Errors are {"error": {"kind", "message", "hint", "id"}}, made from lethe's
// kinds in one place (error.go). /api/v1/openapi.json describes the API; a test
// holds it to the routes table.
package console

import (
	"context"
	"log/slog"
	"net/http"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/dash"
	"lethe/object"
	"lethe/query"
)

// Sessions are the console's logins.
type Sessions interface {
	// Login checks a name and password, or an access key id and its secret,
	// and opens a session. It answers Denied, without saying which was wrong.
	Login(ctx context.Context, name, password string) (token string, p lethe.Principal, err error)
	// Session returns whose session a token is; an error of kind Denied or
	// NotFound if it is nobody's any more; access.ErrPasswordChange beside the principal
	// if it waits for another password.
	Session(ctx context.Context, token string) (lethe.Principal, error)
	// ChangeSessionPassword changes the password of whose session a token is: Denied if
	// the old one is wrong.
	ChangeSessionPassword(ctx context.Context, token, old, password string) error
	// Logout ends a session; it is no error if it has ended.
	Logout(ctx context.Context, token string) error
}

// Queries run statements and keep their results.
type Queries interface {
	Start(ctx context.Context, r query.Request) (id string, err error)
	Get(ctx context.Context, id string) (query.Execution, error)
	// List returns a workgroup's executions, the latest first.
	List(ctx context.Context, workgroup, after string, limit int) (ids []string, next string, err error)
	// ResultsAt returns up to limit rows from a row number, from 0 and without
	// the line of column names.
	ResultsAt(ctx context.Context, id string, row int64, limit int) (query.Page, error)
	// Results returns a page and the token of the next.
	Results(ctx context.Context, id, token string, limit int) (query.Page, error)
	Stop(ctx context.Context, id string) error
	Workgroups(ctx context.Context) ([]query.Workgroup, error)
	// Wait returns an execution once it is final, or ctx's error.
	Wait(ctx context.Context, id string) (query.Execution, error)
	DataCatalogs(ctx context.Context) ([]query.DataCatalog, error)
	// CreateDataCatalog and DeleteDataCatalog change which there are.
	CreateDataCatalog(ctx context.Context, d query.DataCatalog) error
	DeleteDataCatalog(ctx context.Context, name string) error
	// CatalogNamed returns the catalog behind a data catalog's name.
	CatalogNamed(ctx context.Context, name string) (catalog.Catalog, query.DataCatalog, error)
}

// Previews read files that only an engine reads.
type Previews interface {
	// Preview returns the first rows of a Parquet object, without a line of
	// names: BadData if it is none or is damaged, Unsupported if it holds what
	// lethe does not read.
	Preview(ctx context.Context, o object.Object, limit int) (query.Page, error)
}

// Options are the parts that the console speaks to. All are needed unless they
// say otherwise.
type Options struct {
	Log      *slog.Logger
	Sessions Sessions
	Access   access.Decider
	// Explainer says why, of decisions.
	Explainer Explainer
	MasterKey MasterKey
	// Principals keeps users, groups, roles and policies.
	Principals Principals
	Secrets    Secrets
	Audit      Audit
	Erasure    Erasure
	Backups    Backups
	Instances  Instances
	Dash       *dash.Service
	// Rules are those of tables.
	Rules   Rules
	Queries Queries
	// Connectors reach other metastores; MetastoreNodes tells the states of the
	// nodes that they have used, by the connector's name.
	Connectors     Connectors
	MetastoreNodes func() map[string][]hive.NodeState
	Ingests        Ingests
	Events         Events
	Objects        object.Store
	// Previews may be nil: then only text is previewed.
	Previews Previews
	// DDL writes the statement that makes a table.
	DDL func(catalog.Table) (string, error)

	// Region names the lake's resources; "" means lethe.DefaultRegion.
	Region string
	// Version of the server, for people.
	Version string
	// SingleSignOn logs people in by an identity provider; nil means there is none.
	SingleSignOn *SingleSignOn
	// Secure says that the port is reached by TLS only, so cookies are bound to it.
	Secure bool

	// Ready tells whether the lake can answer; nil means always.
	Ready func(context.Context) error
	// Metrics answers /metrics for loopback clients and for those that bring
	// MetricsToken as bearer token; nil means there is no such page.
	Metrics      http.Handler
	MetricsToken string
}

type server struct {
	Options
	attempts *attempts
	chain    chainCheck
	checking chan struct{} // logins being checked
	csrf     *http.CrossOriginProtection
}

// New returns the handler of the console port.
func New(o Options) http.Handler {
	if o.Region == "" {
		o.Region = lethe.DefaultRegion
	}
	s := &server{Options: o, attempts: newAttempts(), checking: make(chan struct{}, 2), csrf: http.NewCrossOriginProtection()}

	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.method+" /api/v1"+r.path, s.operation(r))
	}
	mux.HandleFunc("POST /api/v1/session", s.login)
	mux.HandleFunc("GET /api/v1/session/providers", s.loginWays)
	if o.SingleSignOn != nil {
		newSingleSignOn(s, *o.SingleSignOn).add(mux)
	}
	mux.HandleFunc("GET /approval/{token}", s.showApproval)
	mux.HandleFunc("POST /approval/{token}", s.decideByLink)
	mux.HandleFunc("GET /api/v1/openapi.json", openAPI)
	mux.HandleFunc("/api/", s.noSuchOperation)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.Handle("/", newPages())
	return harden(mux)
}

// harden sets the headers that every answer has, whatever it is.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		// Pages replace this; no other answer may load or run anything.
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		next.ServeHTTP(w, r)
	})
}
