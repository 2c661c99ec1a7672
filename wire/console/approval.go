package console

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"lethe"
	"lethe/erasure"
)

//go:embed approval.html
var approvalText string

var approvalPage = template.Must(template.New("approval").Funcs(template.FuncMap{
	"day": func(t time.Time) string { return t.Format("2 January 2006") },
}).Parse(approvalText))

// approvalView is what the page of a link in a letter shows.
type approvalView struct {
	Nonce   string
	Approve bool // what the link was for
	erasure.Approval
	Done, Problem, Hint string
}

// showApproval shows the page of a link, and changes nothing: servers of mail open links
// too.
func (s *server) showApproval(w http.ResponseWriter, r *http.Request) {
	v := approvalView{Approve: r.URL.Query().Get("decision") != "reject"}
	var err error
	v.Approval, err = s.Erasure.Approval(r.Context(), r.PathValue("token"))
	s.approval(w, r, v, err)
}

// decideByLink decides, if the code is the one in the letter.
func (s *server) decideByLink(w http.ResponseWriter, r *http.Request) {
	r = s.known(w, r)
	v := approvalView{}
	err := s.sameSite(r)
	if err == nil {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if e := r.ParseForm(); e != nil {
			err = lethe.Errorf(lethe.Invalid, "the form cannot be read: %w", e)
		}
	}
	v.Approve = r.PostFormValue("decision") == "approve"
	if err == nil && !v.Approve && r.PostFormValue("decision") != "reject" {
		err = lethe.Errorf(lethe.Invalid, "decision is neither approve nor reject")
	}
	if err == nil {
		d := erasure.Decision{Approve: v.Approve, Reason: r.PostFormValue("reason")}
		v.Request, err = s.Erasure.DecideByLink(r.Context(), r.PathValue("token"), r.PostFormValue("code"), d)
		if v.Done = "Approved."; !v.Approve {
			v.Done = "Rejected."
		}
	}
	if lethe.Is(err, lethe.Denied) || lethe.Is(err, lethe.Invalid) { // they may try again
		v.Approval, _ = s.Erasure.Approval(r.Context(), r.PathValue("token"))
	}
	s.approval(w, r, v, err)
}

func (s *server) approval(w http.ResponseWriter, r *http.Request, v approvalView, err error) {
	status := http.StatusOK
	if err != nil {
		p := s.problemOf(r, err)
		v.Done, v.Problem, v.Hint, status = "", p.Message, p.Hint, statusOf[p.Kind]
	}
	v.Nonce = rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	// With no-referrer a browser would send its form with "Origin: null", which is nobody's.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	var b bytes.Buffer
	if err := approvalPage.Execute(&b, v); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b.Bytes()) // nobody to tell if it fails
	}
}
