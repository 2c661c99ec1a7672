package console

import (
	"context"
	"net/http"
	"strings"

	"lethe"
	"lethe/erasure"
)

// Erasure finds and erases persons. See erasure.Service for what each method
// promises.
type Erasure interface {
	Types(ctx context.Context) ([]erasure.IdentifierType, error)
	PutType(ctx context.Context, t erasure.IdentifierType) error
	DeleteType(ctx context.Context, name string) error
	Mappings(ctx context.Context) ([]erasure.Mapping, error)
	PutMapping(ctx context.Context, m erasure.Mapping) error
	Preview(ctx context.Context, m erasure.Mapping) (erasure.Preview, error)
	DeleteMapping(ctx context.Context, name string) error
	IndexStatus(ctx context.Context) (erasure.IndexStatus, error)
	StartBuild() error
	Unread(ctx context.Context, limit int) ([]erasure.Unread, error)
	AskAndTell(ctx context.Context, given []erasure.Named, told erasure.Contacts) (erasure.Request, error)
	Requests(ctx context.Context) ([]erasure.Request, error)
	Request(ctx context.Context, id string) (erasure.Request, error)
	ReportOf(ctx context.Context, id string) ([]byte, error)
	Progress(ctx context.Context, id string, limit int) (erasure.RequestProgress, error)
	Decide(ctx context.Context, id string, d erasure.Decision) error
	Retry(ctx context.Context, id string) error
	Extend(ctx context.Context, id, reason string) (erasure.Request, error)
	Holds(ctx context.Context) ([]erasure.Hold, error)
	Hold(ctx context.Context, h erasure.Hold) (erasure.Hold, error)
	Release(ctx context.Context, hold string) error
	Approval(ctx context.Context, token string) (erasure.Approval, error)
	DecideByLink(ctx context.Context, token, code string, d erasure.Decision) (erasure.Request, error)
	CertificateOf(ctx context.Context, id string) (erasure.SignedCertificate, error)
	VerifyCertificate(ctx context.Context, signed erasure.SignedCertificate, given ...erasure.Named) (erasure.Check, error)
	StartVacuum(ctx context.Context, of erasure.VacuumScope) (erasure.Vacuum, error)
	Vacuum(ctx context.Context, id string) (erasure.Vacuum, error)
	Vacuums(ctx context.Context) ([]erasure.Vacuum, error)
	Blanked(ctx context.Context) (erasure.Blanked, error)
}

const erasureResource = "arn:lethe:erasure:::*"

func (s *server) erasureRoutes() []route {
	return append(append(s.flowRoutes(), s.vacuumRoutes()...), []route{
		{"GET", "/identifier-types", "listIdentifierTypes", s.listIdentifierTypes},
		{"PUT", "/identifier-types/{type}", "putIdentifierType", s.putIdentifierType},
		{"DELETE", "/identifier-types/{type}", "deleteIdentifierType", s.deleteIdentifierType},
		{"GET", "/mappings", "listMappings", s.listMappings},
		{"POST", "/mappings/preview", "previewMapping", s.previewMapping},
		{"PUT", "/mappings/{mapping}", "putMapping", s.putMapping},
		{"DELETE", "/mappings/{mapping}", "deleteMapping", s.deleteMapping},
		{"GET", "/erasure-index", "getErasureIndex", s.getErasureIndex},
		{"POST", "/erasure-index/build", "buildErasureIndex", s.buildErasureIndex},
		{"GET", "/erasure-index/unread", "listUnread", s.listUnread},
		{"POST", "/requests", "createRequest", s.createRequest},
		{"GET", "/requests", "listRequests", s.listRequests},
		{"GET", "/requests/{request}", "getRequest", s.getRequest},
		{"GET", "/requests/{request}/report", "getReport", s.getReport},
		{"GET", "/requests/{request}/progress", "getProgress", s.getProgress},
		{"POST", "/requests/{request}/decision", "decideRequest", s.decideRequest},
		{"POST", "/requests/{request}/retry", "retryRequest", s.retryRequest},
		{"GET", "/requests/{request}/certificate", "getCertificate", s.getCertificate},
		{"POST", "/certificate-check", "checkCertificate", s.checkCertificate},
	}...)
}

// on asks for one action on erasure.
func on(action string, do func() error) ([]need, func() error, error) {
	return []need{{action, erasureResource}}, do, nil
}

func (s *server) listIdentifierTypes(c *call) ([]need, func() error, error) {
	return on("lethe:ListIdentifierTypes", func() error {
		all, err := s.Erasure.Types(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Types []erasure.IdentifierType `json:"types"`
		}{orEmpty(all)})
	})
}

func (s *server) putIdentifierType(c *call) ([]need, func() error, error) {
	return on("lethe:PutIdentifierType", func() error {
		t := erasure.IdentifierType{Form: erasure.Exact}
		if err := decode(c.w, c.r, &t); err != nil {
			return err
		}
		if t.Name != "" && t.Name != c.path("type") {
			return otherName(t.Name, c.path("type"))
		}
		t.Name = c.path("type")
		if err := s.Erasure.PutType(c.r.Context(), t); err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, t)
	})
}

func otherName(body, path string) error {
	return lethe.Errorf(lethe.Invalid, "the body has the name %q and the path %q", body, path)
}

func (s *server) deleteIdentifierType(c *call) ([]need, func() error, error) {
	return on("lethe:DeleteIdentifierType", func() error {
		if err := s.Erasure.DeleteType(c.r.Context(), c.path("type")); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

func (s *server) listMappings(c *call) ([]need, func() error, error) {
	return on("lethe:ListErasureMappings", func() error {
		all, err := s.Erasure.Mappings(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Mappings []erasure.Mapping `json:"mappings"`
		}{orEmpty(all)})
	})
}

func (s *server) putMapping(c *call) ([]need, func() error, error) {
	return on("lethe:PutErasureMapping", func() error {
		var m erasure.Mapping
		if err := decode(c.w, c.r, &m); err != nil {
			return err
		}
		if m.Name != "" && m.Name != c.path("mapping") {
			return otherName(m.Name, c.path("mapping"))
		}
		m.Name = c.path("mapping")
		if err := s.Erasure.PutMapping(c.r.Context(), m); err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, m)
	})
}

func (s *server) previewMapping(c *call) ([]need, func() error, error) {
	return on("lethe:PreviewMapping", func() error {
		var m erasure.Mapping
		if err := decode(c.w, c.r, &m); err != nil {
			return err
		}
		p, err := s.Erasure.Preview(c.r.Context(), m)
		if err != nil {
			return err
		}
		p.Samples, p.Problems = orEmpty(p.Samples), orEmpty(p.Problems)
		return reply(c.w, http.StatusOK, p)
	})
}

func (s *server) deleteMapping(c *call) ([]need, func() error, error) {
	return on("lethe:DeleteErasureMapping", func() error {
		if err := s.Erasure.DeleteMapping(c.r.Context(), c.path("mapping")); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

func (s *server) getErasureIndex(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureIndex", func() error {
		st, err := s.Erasure.IndexStatus(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, st)
	})
}

func (s *server) buildErasureIndex(c *call) ([]need, func() error, error) {
	return on("lethe:BuildErasureIndex", func() error {
		if err := s.Erasure.StartBuild(); err != nil {
			return err
		}
		st, err := s.Erasure.IndexStatus(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, st)
	})
}

func (s *server) listUnread(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureIndex", func() error {
		limit, err := c.number("limit", 100, 1, 10_000)
		if err != nil {
			return err
		}
		us, err := s.Erasure.Unread(c.r.Context(), int(limit))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Unread []erasure.Unread `json:"unread"`
		}{orEmpty(us)})
	})
}

func (s *server) createRequest(c *call) ([]need, func() error, error) {
	return on("lethe:CreateErasureRequest", func() error {
		var in struct {
			Identifiers []erasure.Named `json:"identifiers"`
			Contact     string          `json:"contact"`
			Requester   string          `json:"requester"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		r, err := s.Erasure.AskAndTell(c.r.Context(), in.Identifiers, erasure.Contacts{Person: in.Contact, Requester: in.Requester})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, r)
	})
}

func (s *server) listRequests(c *call) ([]need, func() error, error) {
	return on("lethe:ListErasureRequests", func() error {
		all, err := s.Erasure.Requests(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Requests []erasure.Request `json:"requests"`
		}{orEmpty(all)})
	})
}

func (s *server) getRequest(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureRequest", func() error {
		r, err := s.Erasure.Request(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, r)
	})
}

func (s *server) getReport(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureRequest", func() error {
		raw, err := s.Erasure.ReportOf(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		c.w.Header().Set("Content-Type", "application/json")
		_, err = c.w.Write(raw)
		return err
	})
}

func (s *server) getProgress(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureRequest", func() error {
		limit, err := c.number("limit", 1000, 1, 10_000)
		if err != nil {
			return err
		}
		p, err := s.Erasure.Progress(c.r.Context(), c.path("request"), int(limit))
		if err != nil {
			return err
		}
		p.Keys = orEmpty(p.Keys)
		return reply(c.w, http.StatusOK, p)
	})
}

func (s *server) decideRequest(c *call) ([]need, func() error, error) {
	return on("lethe:DecideErasureRequest", func() error {
		var in struct {
			Approve *bool  `json:"approve"`
			Digest  string `json:"digest"`
			Reason  string `json:"reason"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if in.Approve == nil {
			return lethe.Errorf(lethe.Invalid, "approve is missing: true or false")
		}
		d := erasure.Decision{Approve: *in.Approve, Digest: strings.TrimSpace(in.Digest), Reason: in.Reason}
		if err := s.Erasure.Decide(c.r.Context(), c.path("request"), d); err != nil {
			return err
		}
		r, err := s.Erasure.Request(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, r)
	})
}

func (s *server) retryRequest(c *call) ([]need, func() error, error) {
	return on("lethe:RetryErasureRequest", func() error {
		if err := s.Erasure.Retry(c.r.Context(), c.path("request")); err != nil {
			return err
		}
		r, err := s.Erasure.Request(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, r)
	})
}

func (s *server) getCertificate(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureRequest", func() error {
		signed, err := s.Erasure.CertificateOf(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, signed)
	})
}

func (s *server) checkCertificate(c *call) ([]need, func() error, error) {
	return on("lethe:CheckErasureCertificate", func() error {
		var in struct {
			erasure.SignedCertificate
			Identifiers []erasure.Named `json:"identifiers"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		check, err := s.Erasure.VerifyCertificate(c.r.Context(), in.SignedCertificate, in.Identifiers...)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, check)
	})
}

// orEmpty is a list that JSON writes as one, also if it has nothing.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
