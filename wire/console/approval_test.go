package console_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

var oneHold = erasure.Hold{ID: "h-1", Kind: erasure.LegalHold, Mapping: "m", Request: "r-1", Reason: "r", Until: time.Unix(9, 0), By: "counsel", Made: time.Unix(8, 0)}

func (persons) Extend(context.Context, string, string) (erasure.Request, error) {
	return oneRequest, nil
}
func (persons) Holds(context.Context) ([]erasure.Hold, error) { return []erasure.Hold{oneHold}, nil }
func (persons) Hold(context.Context, erasure.Hold) (erasure.Hold, error) {
	return oneHold, nil
}

func (persons) Release(_ context.Context, id string) error {
	if id != oneHold.ID {
		return lethe.Errorf(lethe.NotFound, "there is no hold %q", id)
	}
	return nil
}

func (persons) Approval(_ context.Context, token string) (erasure.Approval, error) {
	if token != "TOKEN" {
		return erasure.Approval{}, lethe.Errorf(lethe.NotFound, "this link does not work")
	}
	return erasure.Approval{Request: oneRequest, Approver: "<ada>", Expires: time.Unix(9, 0)}, nil
}

func (p persons) DecideByLink(ctx context.Context, token, code string, d erasure.Decision) (erasure.Request, error) {
	switch _, err := p.Approval(ctx, token); {
	case err != nil:
		return erasure.Request{}, err
	case code != "ABCDEF":
		return erasure.Request{}, lethe.Errorf(lethe.Denied, "this is not the code")
	case !d.Approve && d.Reason == "":
		return erasure.Request{}, lethe.Errorf(lethe.Invalid, "a rejection needs a reason")
	}
	return oneRequest, nil
}

func TestAnApprovalsPage(t *testing.T) {
	c := serve(t)
	form := func(kv ...string) string {
		v := url.Values{}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v.Encode()
	}
	yes := form("decision", "approve", "code", "ABCDEF")
	for _, x := range []struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		{"GET", "/approval/TOKEN?decision=approve", "", nil, 200, "Approve and erase"},
		{"GET", "/approval/TOKEN?decision=reject", "", nil, 200, "Reason, which the person is told"},
		{"GET", "/approval/TOKEN", "", nil, 200, "&lt;ada&gt;"},
		{"HEAD", "/approval/TOKEN", "", nil, 200, ""},
		{"GET", "/approval/OTHER", "", nil, 404, "this link does not work"},
		{"POST", "/approval/TOKEN", yes, nil, 200, "Approved."},
		{"POST", "/approval/TOKEN", yes, []string{"Sec-Fetch-Site", "same-origin"}, 200, "Approved."},
		{"POST", "/approval/TOKEN", yes, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"POST", "/approval/TOKEN", yes, []string{"Origin", "https://evil.example"}, 403, "another site"},
		{"POST", "/approval/TOKEN", form("decision", "approve", "code", "WRONG!"), nil, 403, "Approve and erase"},
		{"POST", "/approval/TOKEN", form("decision", "reject", "code", "ABCDEF"), nil, 400, "a rejection needs a reason"},
		{"POST", "/approval/TOKEN", form("decision", "reject", "code", "ABCDEF", "reason", "r"), nil, 200, "Rejected."},
		{"POST", "/approval/TOKEN", form("code", "ABCDEF"), nil, 400, "neither approve nor reject"},
		{"POST", "/approval/OTHER", yes, nil, 404, "this link does not work"},
		{"PUT", "/approval/TOKEN", "", nil, 405, ""},
	} {
		a := c.do(x.method, x.path, x.body, append(x.header, "Content-Type", "application/x-www-form-urlencoded")...)
		resp, body := a.res, a.body
		if resp.StatusCode != x.status || !strings.Contains(body, x.says) {
			t.Errorf("%s %s %s %v: %d %s", x.method, x.path, x.body, x.header, resp.StatusCode, body)
		}
		if x.status == 405 {
			continue
		}
		csp := resp.Header.Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`^default-src 'none'; style-src 'nonce-(\w+)'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$`).FindStringSubmatch(csp)
		if nonce == nil || body != "" && !strings.Contains(body, `<style nonce="`+nonce[1]+`">`) || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: headers %v", x.method, x.path, resp.Header)
		}
	}
}

func TestCertificateAsPDF(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("GET", "/api/v1/requests/r-1/certificate.pdf", "")
	c.want(a, http.StatusOK)
	if !strings.HasPrefix(a.body, "%PDF-") {
		t.Errorf("%.20q", a.body)
	}
}
