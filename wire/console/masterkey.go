package console

import (
	"context"
	"net/http"

	"lethe"
)

// MasterKey is the key that seals the lake's secrets. *seal.Keyring is one.
type MasterKey interface {
	// Rotate makes another, and returns its id.
	Rotate(ctx context.Context) (id string, err error)
}

// rotateMasterKey changes the key that seals the lake's secrets.
func (s *server) rotateMasterKey(c *call) ([]need, func() error, error) {
	return []need{{"lethe:RotateMasterKey", "arn:lethe:key:::master"}}, func() error {
		id, err := s.MasterKey.Rotate(context.WithoutCancel(c.r.Context())) // once begun, it is ended
		if err != nil {
			return lethe.Errorf(lethe.Conflict, "the change of the master key did not end: %w", err).WithHint("no secret is lost; when the cause is mended, ask again")
		}
		return reply(c.w, http.StatusOK, struct {
			Key string `json:"key"`
		}{id})
	}, nil
}
