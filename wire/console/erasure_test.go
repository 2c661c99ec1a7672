package console_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

// persons is the erasure of a lake with one request.
type persons struct{}

var oneRequest = erasure.Request{ID: "r-1", State: erasure.Reported, By: "admin", Made: time.Unix(1, 0), Due: time.Unix(2, 0), Report: "s3://reports/r-1.json", Digest: "d",
	Identifiers: []erasure.HashedIdentifier{{Type: "user_id", Hash: "00"}}, Decisions: []erasure.Decision{{Approve: true, By: "ada", Digest: "d", Reason: "r", At: time.Unix(3, 0)}},
	Certificate: "s3://reports/c-1.json", Closed: time.Unix(4, 0), Problem: "p", Attempt: 1,
	Extended: time.Unix(5, 0), ExtensionReason: "r", Warning: "w", Warned: 1, Waiting: time.Unix(6, 0), Reminded: 1, Held: []string{"h-1"}, Remains: []string{"h-1"}, Remainder: "r-0",
	Stops:        erasure.Stops{Asked: time.Unix(1, 0), Located: time.Unix(1, 0), Reported: time.Unix(1, 0), Approved: time.Unix(3, 0), Erased: time.Unix(4, 0), Verified: time.Unix(4, 0), Told: time.Unix(5, 0)},
	ContactGiven: true, RequesterGiven: true}

func (persons) Types(context.Context) ([]erasure.IdentifierType, error) {
	return []erasure.IdentifierType{{Name: "name", Form: erasure.Folded, Parts: []string{"first", "last"}}}, nil
}
func (persons) PutType(_ context.Context, t erasure.IdentifierType) error { return t.Check() }
func (persons) DeleteType(_ context.Context, name string) error {
	return lethe.Errorf(lethe.Conflict, "mapping reviews uses the identifier type %s", name)
}

func (persons) Mappings(context.Context) ([]erasure.Mapping, error) {
	return []erasure.Mapping{{Name: "reviews", Database: "default", Table: "reviews", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}, Mode: "replace", Replace: map[string]*string{"body": nil}}}, nil
}
func (persons) Preview(_ context.Context, m erasure.Mapping) (erasure.Preview, error) {
	return erasure.Preview{Objects: 1, Bytes: 2, More: true, Read: 1, Samples: []erasure.Sample{{Bucket: "b", Key: "k", Records: 3, Identifiers: []erasure.Count{{Type: "user_id", Found: 2, Distinct: 1}}}},
		Problems: []erasure.Problem{{Where: "identifiers[0]", Message: m.Location}}}, nil
}
func (persons) PutMapping(context.Context, erasure.Mapping) error   { return nil }
func (persons) DeleteMapping(context.Context, string) error         { return nil }
func (persons) StartBuild() error                                   { return nil }
func (persons) Requests(context.Context) ([]erasure.Request, error) { return nil, nil }
func (persons) ReportOf(context.Context, string) ([]byte, error) {
	return []byte(`{"request":"r-1","objects":[{"bucket":"b","key":"k","version":"null","etag":"e","size":1,"rows":[3]}]}`), nil
}

func (persons) Progress(context.Context, string, int) (erasure.RequestProgress, error) {
	return erasure.RequestProgress{Objects: 2, Erased: 1, Keys: []erasure.KeyProgress{{Bucket: "b", Key: "k", Erased: true, Records: 3, Exceptions: 1}}}, nil
}

func (persons) IndexStatus(context.Context) (erasure.IndexStatus, error) {
	return erasure.IndexStatus{IndexStats: erasure.IndexStats{Objects: 1, Postings: 2, Bytes: 3}, Building: true, Progress: erasure.Progress{Began: time.Unix(1, 0)}, Error: "e"}, nil
}

func (persons) Unread(context.Context, int) ([]erasure.Unread, error) {
	return []erasure.Unread{{ObjectVersion: erasure.ObjectVersion{Bucket: "b", Key: "k"}, Kind: lethe.BadData, Reason: "r", At: time.Unix(1, 0)}}, nil
}

func (persons) AskAndTell(_ context.Context, given []erasure.Named, _ erasure.Contacts) (erasure.Request, error) {
	if len(given) == 0 {
		return erasure.Request{}, lethe.Errorf(lethe.Invalid, "the request names nobody")
	}
	return oneRequest, nil
}

func (persons) Request(_ context.Context, id string) (erasure.Request, error) {
	if id != "r-1" {
		return erasure.Request{}, lethe.Errorf(lethe.NotFound, "there is no erasure request %q", id)
	}
	return oneRequest, nil
}

func (persons) Decide(_ context.Context, _ string, d erasure.Decision) error {
	if d.Digest != oneRequest.Digest {
		return lethe.Errorf(lethe.Conflict, "the decision is on another report")
	}
	return nil
}

func (persons) Retry(context.Context, string) error { return nil }

func (persons) CertificateOf(context.Context, string) (erasure.SignedCertificate, error) {
	return erasure.SignedCertificate{Certificate: []byte("{}"), PublicKey: []byte("k"), Signature: []byte("s")}, nil
}

func (persons) VerifyCertificate(_ context.Context, _ erasure.SignedCertificate, given ...erasure.Named) (erasure.Check, error) {
	if len(given) > 0 && given[0].Values[0] != "u1" {
		return erasure.Check{}, lethe.Errorf(lethe.Invalid, "given %v", given)
	}
	return erasure.Check{Request: "r-1", Places: []erasure.Holding{{Holder: "postgres:crm", Place: "public.customers", Records: 2, Reason: "r", Until: time.Unix(1, 0), Hold: "h"}}, NotAsked: []string{"hook:x"}}, nil
}

var oneVacuum = erasure.Vacuum{ID: "v-1", State: erasure.VacuumFailed, By: "admin", Made: time.Unix(1, 0), Ended: time.Unix(2, 0), Objects: 3, Looked: 2, Changed: 1, Records: 2, Bytes: 6, Kept: 1, Problem: "p",
	VacuumScope: erasure.VacuumScope{Table: "default.reviews", Prefix: "s3://b/p", Before: time.Unix(1, 0), All: true, DryRun: true},
	Reasons:     []erasure.VacuumKept{{Bucket: "b", Key: "k", Reason: "r", Until: time.Unix(3, 0)}}}

func (persons) StartVacuum(_ context.Context, of erasure.VacuumScope) (erasure.Vacuum, error) {
	if of.Table == "other" {
		return erasure.Vacuum{}, lethe.Errorf(lethe.Invalid, "table %q", of.Table)
	}
	return oneVacuum, nil
}

func (persons) Vacuum(_ context.Context, id string) (erasure.Vacuum, error) {
	if id != oneVacuum.ID {
		return erasure.Vacuum{}, lethe.Errorf(lethe.NotFound, "there is no vacuum %q", id)
	}
	return oneVacuum, nil
}
func (persons) Vacuums(context.Context) ([]erasure.Vacuum, error) {
	return []erasure.Vacuum{oneVacuum}, nil
}
func (persons) Blanked(context.Context) (erasure.Blanked, error) {
	return erasure.Blanked{Objects: 2, Oldest: time.Unix(1, 0)}, nil
}

func TestErasureAnswersAreAsDescribed(t *testing.T) {
	c := serve(t).as("admin")
	c.asDescribed([]described{
		{"listIdentifierTypes", "GET", "/identifier-types", ""},
		{"putIdentifierType", "PUT", "/identifier-types/mail", `{"form":"email"}`},
		{"listMappings", "GET", "/mappings", ""},
		{"putMapping", "PUT", "/mappings/reviews", `{"database":"default","table":"reviews","identifiers":[{"type":"user_id","columns":["user_id"]}]}`},
		{"previewMapping", "POST", "/mappings/preview", `{"location":"s3://b/p/","format":"csv","identifiers":[{"type":"user_id","key":"{user_id}-*.csv"}]}`},
		{"getErasureIndex", "GET", "/erasure-index", ""},
		{"buildErasureIndex", "POST", "/erasure-index/build", ""},
		{"listUnread", "GET", "/erasure-index/unread?limit=5", ""},
		{"createVacuum", "POST", "/vacuums", `{"table":"default.reviews","prefix":"s3://b/p","before":"2026-01-01T00:00:00Z","all":true,"dry_run":true}`},
		{"createVacuum", "POST", "/vacuums", `{}`},
		{"listVacuums", "GET", "/vacuums", ""},
		{"getVacuum", "GET", "/vacuums/v-1", ""},
		{"createRequest", "POST", "/requests", `{"identifiers":[{"type":"user_id","values":["u"]}]}`},
		{"createRequest", "POST", "/requests", `{"identifiers":[{"type":"user_id","values":["u"]}],"contact":"ada@example.org","requester":"dpo@example.org"}`},
		{"listRequests", "GET", "/requests", ""},
		{"extendRequest", "POST", "/requests/r-1/extend", `{"reason":"r"}`},
		{"listHolds", "GET", "/holds", ""},
		{"createHold", "POST", "/holds", `{"kind":"hold","mapping":"m","request":"r-1","reason":"r","until":"2027-01-01T00:00:00Z"}`},
		{"getRequest", "GET", "/requests/r-1", ""},
		{"getReport", "GET", "/requests/r-1/report", ""},
		{"getProgress", "GET", "/requests/r-1/progress?limit=5", ""},
		{"decideRequest", "POST", "/requests/r-1/decision", `{"approve":true,"digest":"d"}`},
		{"retryRequest", "POST", "/requests/r-1/retry", ""},
		{"getCertificate", "GET", "/requests/r-1/certificate", ""},
		{"checkCertificate", "POST", "/certificate-check", `{"certificate":"e30=","public_key":"aw==","signature":"cw==","identifiers":[{"type":"user_id","values":["u1"]}]}`},
	})
}

func TestErasureRefusals(t *testing.T) {
	c := serve(t).as("admin")
	for _, x := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/identifier-types/mail", `{"form":"fuzzy"}`, http.StatusBadRequest},
		{"PUT", "/identifier-types/mail", `{"name":"other"}`, http.StatusBadRequest},
		{"DELETE", "/identifier-types/mail", "", http.StatusConflict},
		{"PUT", "/mappings/a", `{"name":"b"}`, http.StatusBadRequest},
		{"DELETE", "/mappings/a", "", http.StatusNoContent},
		{"POST", "/requests", `{"identifiers":[]}`, http.StatusBadRequest},
		{"POST", "/holds", `{"id":"mine"}`, http.StatusBadRequest},
		{"DELETE", "/holds/h-1", "", http.StatusNoContent},
		{"DELETE", "/holds/none", "", http.StatusNotFound},
		{"POST", "/requests", `{"who":"ada"}`, http.StatusBadRequest},
		{"GET", "/requests/nope", "", http.StatusNotFound},
		{"POST", "/vacuums", `{"table":"other"}`, http.StatusBadRequest},
		{"POST", "/vacuums", `{"older_than":"1h"}`, http.StatusBadRequest},
		{"GET", "/vacuums/nope", "", http.StatusNotFound},
		{"POST", "/requests/r-1/decision", `{"digest":"d"}`, http.StatusBadRequest},
		{"POST", "/requests/r-1/decision", `{"approve":true,"digest":"x"}`, http.StatusConflict},
		{"GET", "/erasure-index/unread?limit=0", "", http.StatusBadRequest},
	} {
		c.want(c.do(x.method, "/api/v1"+x.path, x.body), x.status)
	}
}
