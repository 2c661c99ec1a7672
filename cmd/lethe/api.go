package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"lethe"
)

// api speaks to a lake's JSON API.
type api struct {
	base, token string
}

// console opens a session of the administrator.
func (l lake) console(ctx context.Context) (*api, error) {
	cfg, err := l.aws(ctx)
	if err != nil {
		return nil, err
	}
	key, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	a := &api{base: l.Console + "/api/v1"}
	var session struct {
		Token string `json:"token"`
	}
	in := map[string]any{"name": key.AccessKeyID, "password": key.SecretAccessKey, "token": true}
	if err := a.call(ctx, http.MethodPost, "/session", in, &session); err != nil {
		return nil, err
	}
	a.token = session.Token
	return a, nil
}

// inSession calls f in a session of the administrator of the lake that runs in a folder.
func inSession(cmd *cobra.Command, data string, f func(ctx context.Context, a *api) error) error {
	l, err := findLake(data)
	if err != nil {
		return err
	}
	a, err := l.console(cmd.Context())
	if err != nil {
		return err
	}
	defer a.logout()
	return f(cmd.Context(), a)
}

// ask does one operation of the API of the lake that runs in a folder. in and out may
// be nil.
func ask(cmd *cobra.Command, data, method, path string, in, out any) error {
	return inSession(cmd, data, func(ctx context.Context, a *api) error { return a.call(ctx, method, path, in, out) })
}

func (a *api) logout() {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	_ = a.call(ctx, http.MethodDelete, "/session", nil, nil) // it ends by itself otherwise
}

// call does one operation; an error of the lake's comes back as such.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		var e struct {
			Error struct{ Kind, Message, Hint string }
		}
		if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Error.Message == "" {
			return fmt.Errorf("%s %s answers %s", method, path, resp.Status)
		}
		return &lethe.Error{Kind: lethe.Kind(e.Error.Kind), Message: e.Error.Message, Hint: e.Error.Hint}
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
