package console

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"

	"lethe"
	"lethe/access"
	"lethe/secret"
)

// Secrets keeps secrets. *secret.Service is one.
type Secrets interface {
	Conditions(ctx context.Context, id string) (arn string, keys map[string][]string, err error)
	List(ctx context.Context, l secret.Listing) ([]secret.Secret, string, error)
	Versions(ctx context.Context, id string, deprecated bool) (secret.Secret, []secret.Version, error)
	Create(ctx context.Context, n secret.New) (x secret.Secret, version string, err error)
	Put(ctx context.Context, id string, p secret.Put) (secret.Secret, secret.Version, error)
	Get(ctx context.Context, id, version, stage string) (secret.Secret, secret.Version, secret.Value, error)
	Delete(ctx context.Context, id string, days int64, force bool) (secret.Secret, error)
	Restore(ctx context.Context, id string) (secret.Secret, error)
	Rotate(ctx context.Context, p lethe.Principal, id string, r secret.Rotate) (x secret.Secret, version string, err error)
}

// secretRoutes are the operations on secrets, which are named by their names or ARNs. Each
// needs what Secrets Manager's operation needs, and its condition keys are the same.
func (s *server) secretRoutes() []route {
	return []route{
		{"GET", "/secrets", "listSecrets", s.listSecrets},
		{"GET", "/secrets/{secret}", "getSecret", s.getSecret},
		{"PUT", "/secrets/{secret}", "createSecret", s.createSecret},
		{"DELETE", "/secrets/{secret}", "deleteSecret", s.deleteSecret},
		{"POST", "/secrets/{secret}/restore", "restoreSecret", s.restoreSecret},
		{"GET", "/secrets/{secret}/value", "getSecretValue", s.getSecretValue},
		{"PUT", "/secrets/{secret}/value", "putSecretValue", s.putSecretValue},
		{"POST", "/secrets/{secret}/rotate", "rotateSecret", s.rotateSecret},
	}
}

type secretJSON struct {
	Name        string     `json:"name"`
	ARN         string     `json:"arn"`
	Description string     `json:"description,omitempty"`
	Created     time.Time  `json:"created"`
	Changed     time.Time  `json:"changed"`
	Accessed    *time.Time `json:"accessed,omitempty"` // the day when a value was last read
	// Purge is when the secret will be gone, if it was deleted.
	Purge    *time.Time          `json:"purge,omitempty"`
	Rotation *rotationJSON       `json:"rotation,omitempty"`
	Versions []secretVersionJSON `json:"versions,omitempty"` // with a label; not in lists
}

type rotationJSON struct {
	Function string     `json:"function"`
	Enabled  bool       `json:"enabled"`        // by itself
	Days     int64      `json:"days,omitempty"` // between rotations
	Last     *time.Time `json:"last,omitempty"`
	Next     *time.Time `json:"next,omitempty"`
}

type secretVersionJSON struct {
	ID       string     `json:"id"`
	Stages   []string   `json:"stages"`
	Created  time.Time  `json:"created"`
	Accessed *time.Time `json:"accessed,omitempty"`
}

func secretOut(x secret.Secret) secretJSON {
	out := secretJSON{Name: x.Name, ARN: x.ARN, Description: x.Description, Created: x.Created, Changed: x.Changed, Accessed: when(x.Accessed), Purge: when(x.Purge)}
	if r := x.Rotation; r.Function != "" {
		out.Rotation = &rotationJSON{r.Function, r.Enabled, r.Days, when(r.Last), when(r.Next)}
	}
	return out
}

// needSecret returns what an operation on the path's secret needs, and makes the
// condition keys known to the decision.
func (s *server) needSecret(c *call, more map[string][]string, actions ...string) ([]need, error) {
	arn, keys, err := s.Secrets.Conditions(c.r.Context(), c.path("secret"))
	if err != nil {
		return nil, err
	}
	maps.Copy(keys, more)
	c.r = c.r.WithContext(access.WithConditions(c.r.Context(), keys))
	needs := make([]need, len(actions))
	for i, a := range actions {
		needs[i] = need{a, arn}
	}
	return needs, nil
}

// mostSecrets is how many secrets a list shows.
const mostSecrets = 1000

func (s *server) listSecrets(c *call) ([]need, func() error, error) {
	return []need{{"secretsmanager:ListSecrets", "*"}}, func() error {
		out := []secretJSON{}
		for l := (secret.Listing{Deleted: true, SortBy: "name", Oldest: true}); ; {
			page, next, err := s.Secrets.List(c.r.Context(), l)
			if err != nil {
				return err
			}
			for _, x := range page {
				out = append(out, secretOut(x))
			}
			if l.Continue = next; next == "" || len(out) >= mostSecrets {
				break
			}
		}
		return reply(c.w, http.StatusOK, map[string]any{"secrets": out})
	}, nil
}

func (s *server) getSecret(c *call) ([]need, func() error, error) {
	needs, err := s.needSecret(c, nil, "secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds")
	return needs, func() error {
		x, versions, err := s.Secrets.Versions(c.r.Context(), c.path("secret"), false)
		if err != nil {
			return err
		}
		out := secretOut(x)
		for _, v := range versions {
			out.Versions = append(out.Versions, secretVersionJSON{v.ID, v.Stages, v.Created, when(v.Accessed)})
		}
		return reply(c.w, http.StatusOK, out)
	}, err
}

func (s *server) createSecret(c *call) ([]need, func() error, error) {
	name := c.path("secret")
	c.r = c.r.WithContext(access.WithConditions(c.r.Context(), map[string][]string{"secretsmanager:Name": {name}}))
	return []need{{"secretsmanager:CreateSecret", lethe.SecretARN(s.Region, name)}}, func() error {
		var in struct {
			Description string `json:"description"`
			Value       string `json:"value"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		x, _, err := s.Secrets.Create(c.r.Context(), secret.New{Name: name, Description: in.Description, Value: secret.Value{Text: in.Value}, Token: lethe.NewID()})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, secretOut(x))
	}, nil
}

// deleteSecret marks a secret to be gone after a number of days, until which it can be
// restored.
func (s *server) deleteSecret(c *call) ([]need, func() error, error) {
	days, err := c.number("days", 30, 7, 30)
	if err != nil {
		return nil, nil, err
	}
	needs, err := s.needSecret(c, map[string][]string{
		"secretsmanager:ForceDeleteWithoutRecovery": {"false"}, "secretsmanager:RecoveryWindowInDays": {strconv.FormatInt(days, 10)},
	}, "secretsmanager:DeleteSecret")
	return needs, func() error {
		x, err := s.Secrets.Delete(c.r.Context(), c.path("secret"), days, false)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, secretOut(x))
	}, err
}

func (s *server) restoreSecret(c *call) ([]need, func() error, error) {
	needs, err := s.needSecret(c, nil, "secretsmanager:RestoreSecret")
	return needs, func() error {
		x, err := s.Secrets.Restore(c.r.Context(), c.path("secret"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, secretOut(x))
	}, err
}

// getSecretValue tells a secret's current value, or that of a label.
func (s *server) getSecretValue(c *call) ([]need, func() error, error) {
	stage := c.query("stage")
	if stage == "" {
		stage = secret.Current
	}
	needs, err := s.needSecret(c, map[string][]string{"secretsmanager:VersionStage": {stage}}, "secretsmanager:GetSecretValue")
	return needs, func() error {
		_, v, value, err := s.Secrets.Get(c.r.Context(), c.path("secret"), "", stage)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Version string `json:"version"`
			Text    string `json:"text,omitempty"`
			Binary  []byte `json:"binary,omitempty"`
		}{v.ID, value.Text, value.Binary})
	}, err
}

func (s *server) putSecretValue(c *call) ([]need, func() error, error) {
	needs, err := s.needSecret(c, nil, "secretsmanager:PutSecretValue")
	return needs, func() error {
		var in struct {
			Value string `json:"value"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if in.Value == "" {
			return lethe.Errorf(lethe.Invalid, "a value is missing")
		}
		x, _, err := s.Secrets.Put(c.r.Context(), c.path("secret"), secret.Put{Value: secret.Value{Text: in.Value}, Token: lethe.NewID()})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, secretOut(x))
	}, err
}

// rotateSecret rotates a secret now, as it is configured, or configures it first.
func (s *server) rotateSecret(c *call) ([]need, func() error, error) {
	days, err := c.number("days", 0, 1, 1000)
	if err != nil {
		return nil, nil, err
	}
	function, more := "", map[string][]string(nil)
	if name := c.query("function"); name != "" {
		function = lethe.FunctionARN(s.Region, name)
		more = map[string][]string{"secretsmanager:RotationLambdaARN": {function}}
	}
	needs, err := s.needSecret(c, more, "secretsmanager:RotateSecret")
	return needs, func() error {
		x, _, err := s.Secrets.Rotate(c.r.Context(), c.principal, c.path("secret"), secret.Rotate{Token: lethe.NewID(), Function: function, Days: days})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, secretOut(x))
	}, err
}
