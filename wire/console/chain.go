package console

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"lethe"
	"lethe/access"
)

// chainAge is how old an answer about the audit's chain may be: checking reads all of it.
const chainAge = time.Minute

type chainJSON struct {
	Good    bool      `json:"good"`
	Lines   int64     `json:"lines"`
	Files   int64     `json:"files"`
	Last    string    `json:"last,omitempty"`    // hash of the last line
	Problem string    `json:"problem,omitempty"` // where the chain is broken
	Checked time.Time `json:"checked"`
}

// chainCheck is the last answer; whoever asks while the audit is read waits for it.
type chainCheck struct {
	mu   sync.Mutex
	last chainJSON
}

// verifyAudit tells whether the audit's lines are all there and as they were written.
func (s *server) verifyAudit(c *call) ([]need, func() error, error) {
	return []need{{access.ReadAudit, access.AuditARN}}, func() error {
		s.chain.mu.Lock()
		defer s.chain.mu.Unlock()
		if time.Since(s.chain.last.Checked) > chainAge {
			found, err := s.Audit.VerifyAudit(c.r.Context())
			if err != nil && !lethe.Is(err, lethe.BadData) {
				return err
			}
			s.chain.last = chainJSON{Good: err == nil, Lines: found.Lines, Files: found.Files, Last: found.Last, Checked: time.Now().UTC()}
			if broken, ok := errors.AsType[*lethe.Error](err); ok {
				s.chain.last.Problem = broken.Message
			}
		}
		return reply(c.w, http.StatusOK, s.chain.last)
	}, nil
}
