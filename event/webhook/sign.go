package webhook

import (
	"lethe"
	"lethe/lib/webhooksig"
)

// key reads a secret; its error is of kind Invalid.
func key(secret string) ([]byte, error) {
	k, err := webhooksig.Key(secret)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "%w", err)
	}
	return k, nil
}
