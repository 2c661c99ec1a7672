package console

import (
	"bytes"
	"net/http"
	"time"

	"lethe/erasure"
)

// flowRoutes are what people do about requests besides deciding on them.
func (s *server) flowRoutes() []route {
	return []route{
		{"GET", "/holds", "listHolds", s.listHolds},
		{"POST", "/holds", "createHold", s.createHold},
		{"DELETE", "/holds/{hold}", "deleteHold", s.deleteHold},
		{"POST", "/requests/{request}/extend", "extendRequest", s.extendRequest},
		{"GET", "/requests/{request}/certificate.pdf", "getCertificatePDF", s.getCertificatePDF},
	}
}

func (s *server) listHolds(c *call) ([]need, func() error, error) {
	return on("lethe:ListErasureHolds", func() error {
		all, err := s.Erasure.Holds(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Holds []erasure.Hold `json:"holds"`
		}{orEmpty(all)})
	})
}

func (s *server) createHold(c *call) ([]need, func() error, error) {
	return on("lethe:CreateErasureHold", func() error {
		var in struct {
			Kind    string    `json:"kind"`
			Mapping string    `json:"mapping"`
			Request string    `json:"request"`
			Reason  string    `json:"reason"`
			Until   time.Time `json:"until"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		h, err := s.Erasure.Hold(c.r.Context(), erasure.Hold{Kind: in.Kind, Mapping: in.Mapping, Request: in.Request, Reason: in.Reason, Until: in.Until})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, h)
	})
}

func (s *server) deleteHold(c *call) ([]need, func() error, error) {
	return on("lethe:DeleteErasureHold", func() error {
		if err := s.Erasure.Release(c.r.Context(), c.path("hold")); err != nil {
			return err
		}
		return noContent(c)
	})
}

func (s *server) extendRequest(c *call) ([]need, func() error, error) {
	return on("lethe:ExtendErasureRequest", func() error {
		var in struct {
			Reason string `json:"reason"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		q, err := s.Erasure.Extend(c.r.Context(), c.path("request"), in.Reason)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, q)
	})
}

func (s *server) getCertificatePDF(c *call) ([]need, func() error, error) {
	return on("lethe:GetErasureRequest", func() error {
		signed, err := s.Erasure.CertificateOf(c.r.Context(), c.path("request"))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := erasure.WritePDF(&b, signed); err != nil {
			return err
		}
		h := c.w.Header()
		h.Set("Content-Type", "application/pdf")
		h.Set("Content-Disposition", `attachment; filename="certificate.pdf"`)
		_, err = c.w.Write(b.Bytes())
		return err
	})
}
