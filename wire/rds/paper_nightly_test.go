//go:build nightly

package rds_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/instance"
)

// paper is an engine without processes: its servers are folders, and run when it is said.
type paper struct {
	name     string
	versions []instance.Version

	mu      sync.Mutex
	running map[string]chan struct{} // by folder
}

func (p *paper) Name() string { return p.name }

func (p *paper) Versions(context.Context) ([]instance.Version, error) { return p.versions, nil }

func (p *paper) Parameters(family string) ([]instance.Parameter, error) {
	if !slices.ContainsFunc(p.versions, func(v instance.Version) bool { return v.Family == family }) {
		return nil, lethe.Errorf(lethe.NotFound, "no family %s", family)
	}
	return []instance.Parameter{
		{Name: "back_log", Description: "The number of outstanding connection requests", Type: "integer", Allowed: "1-65535", Static: true},
		{Name: "foo", Type: "string"},
		{Name: "max_connections", Value: "{DBInstanceClassMemory/9531392}", Type: "integer", Allowed: "6-8388607", Static: true},
	}, nil
}

func (p *paper) Create(_ context.Context, s instance.Server, _ instance.Master) error {
	return os.MkdirAll(s.Dir, 0o700)
}

func (p *paper) Start(_ context.Context, s instance.Server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running[s.Dir] == nil {
		p.running[s.Dir] = make(chan struct{})
	}
	return nil
}

func (p *paper) Stop(_ context.Context, s instance.Server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.running[s.Dir]; c != nil {
		close(c)
		delete(p.running, s.Dir)
	}
	return nil
}

func (p *paper) Ended(s instance.Server) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.running[s.Dir]; c != nil {
		return c
	}
	c := make(chan struct{})
	close(c)
	return c
}

func (p *paper) Apply(context.Context, instance.Server) ([]string, error) { return nil, nil }

func (p *paper) SetPassword(context.Context, instance.Server, instance.Master) error { return nil }

func (p *paper) Metrics(context.Context, instance.Server) (instance.Metrics, error) {
	return instance.Metrics{}, nil
}

func (p *paper) Backup(_ context.Context, s instance.Server, w io.Writer) (instance.Backup, error) {
	_, err := io.WriteString(w, "a backup")
	return instance.Backup{End: time.Now(), Bytes: 8, Version: s.Version}, err
}

func (p *paper) Restore(_ context.Context, s instance.Server, r io.Reader, _ instance.Recovery) error {
	_, err := io.Copy(io.Discard, r)
	return errors.Join(err, os.MkdirAll(s.Dir, 0o700))
}

func (p *paper) Closed(context.Context, instance.Server, bool) ([]instance.Log, error) {
	return nil, nil
}

func (p *paper) Release(context.Context, instance.Server, instance.Log) error { return nil }

func (p *paper) Follow(_ context.Context, s, _ instance.Server, _ bool) error {
	return os.MkdirAll(s.Dir, 0o700)
}

func (p *paper) Unfollow(context.Context, instance.Server, instance.Server) error { return nil }

func (p *paper) Synced(context.Context, instance.Server, instance.Server) (bool, error) {
	return true, nil
}

func (p *paper) Promote(ctx context.Context, s instance.Server) error { return p.Start(ctx, s) }

// folder keeps backups as files.
type folder string

func (f folder) path(key string) string {
	return filepath.Join(string(f), strings.ReplaceAll(key, "/", "+"))
}

func (f folder) Put(_ context.Context, key string, r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(key), raw, 0o600)
}

func (f folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(f.path(key))
}

func (f folder) List(_ context.Context, prefix string) (keys []string, err error) {
	entries, err := os.ReadDir(string(f))
	for _, e := range entries {
		if key := strings.ReplaceAll(e.Name(), "+", "/"); strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys, err
}

func (f folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(f.path(key)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// secrets keeps nothing.
type secrets struct{}

func (secrets) Put(_ context.Context, region, name, _ string) (string, error) {
	return lethe.SecretARN(region, name), nil
}

func (secrets) Delete(context.Context, string, string) error { return nil }
