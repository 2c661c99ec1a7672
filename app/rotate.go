package app

import (
	"context"
	"encoding/json"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/secret"
)

// The functions that rotate secrets, as RotateSecret's RotationLambdaARN names them.
const (
	rotatePassword  = "lethe-rotate-console-password"
	rotateAccessKey = "lethe-rotate-access-key"
)

// login is a secret that is a user's name and password.
type login struct {
	User     string `json:"username"`
	Password string `json:"password"`
}

// keyPair is a secret that is a user's access key.
type keyPair struct {
	User   string `json:"username"`
	ID     string `json:"access_key_id"`
	Secret string `json:"secret_access_key"`
}

// fields reads a value that is a JSON object into out's fields, of which user must be
// there. What else the object holds is kept by those who write it anew.
func fields(v secret.Value, out any, user *string) error {
	if err := json.Unmarshal([]byte(v.Text), out); err != nil || *user == "" {
		return lethe.Errorf(lethe.Invalid, "the secret's value is not a JSON object with a username").WithHint(`as {"username": "ada", ...}`)
	}
	return nil
}

// with returns a value with some fields of its JSON object replaced.
func with(v secret.Value, replace any) (secret.Value, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(v.Text), &all); err != nil {
		return secret.Value{}, err
	}
	text, err := json.Marshal(replace)
	if err != nil {
		return secret.Value{}, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return secret.Value{}, err
	}
	text, err = json.Marshal(all)
	return secret.Value{Text: string(text)}, err
}

// authorize decides whether somebody may change a user's key by each of some actions.
func authorize(ctx context.Context, s *access.Service, p lethe.Principal, target string, actions ...string) error {
	name := strings.TrimPrefix(target, "user/")
	arn := lethe.UserARN(name)
	u, err := s.User(ctx, name)
	if err == nil {
		arn = u.ARN()
	} else if !lethe.Is(err, lethe.NotFound) {
		return err
	}
	for _, action := range actions {
		if err := s.Decide(ctx, p, action, arn); err != nil {
			return err
		}
	}
	return err // that there is no such user is for those who may change it
}

// passwords rotates the passwords of console logins. The one before ends at once, and the
// user's logins with it.
type passwords struct{ *access.Service }

func (passwords) Target(v secret.Value) (string, error) {
	var l login
	err := fields(v, &l, &l.User)
	return "user/" + l.User, err
}

func (r passwords) Authorize(ctx context.Context, p lethe.Principal, target string) error {
	return authorize(ctx, r.Service, p, target, "iam:UpdateLoginProfile")
}

func (passwords) Next(_ context.Context, current secret.Value) (secret.Value, error) {
	return with(current, struct {
		Password string `json:"password"`
	}{lethe.NewSecret()})
}

func (r passwords) Set(ctx context.Context, next, _ secret.Value) error {
	var l login
	if err := fields(next, &l, &l.User); err != nil {
		return err
	}
	return r.UpdateLoginProfile(ctx, l.User, l.Password, nil)
}

// accessKeys rotates access keys. The key before counts on until the rotation after: a
// user can have two.
type accessKeys struct{ *access.Service }

func (accessKeys) Target(v secret.Value) (string, error) {
	var k keyPair
	err := fields(v, &k, &k.User)
	return "user/" + k.User, err
}

func (r accessKeys) Authorize(ctx context.Context, p lethe.Principal, target string) error {
	return authorize(ctx, r.Service, p, target, "iam:CreateAccessKey", "iam:DeleteAccessKey")
}

func (accessKeys) Next(_ context.Context, current secret.Value) (secret.Value, error) {
	id, secretKey := access.NewKeyPair()
	return with(current, struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}{id, secretKey})
}

func (r accessKeys) Set(ctx context.Context, next, current secret.Value) error {
	var k, was keyPair
	if err := fields(next, &k, &k.User); err != nil {
		return err
	}
	if err := fields(current, &was, &was.User); err != nil {
		return err
	}
	keys, err := r.AccessKeys(ctx, k.User)
	if err != nil {
		return err
	}
	others := []string{}
	for _, have := range keys {
		switch have.ID {
		case k.ID:
			return nil // done before
		case was.ID:
		default:
			others = append(others, have.ID)
		}
	}
	if len(others) > 1 {
		return lethe.Errorf(lethe.Conflict, "the user %s has two access keys, and neither is the secret's", k.User).WithHint("delete the one that is not used")
	}
	if len(keys) > 1 {
		if err := r.DeleteAccessKey(ctx, k.User, others[0]); err != nil {
			return err
		}
	}
	return r.AddAccessKey(ctx, k.User, k.ID, k.Secret)
}
