package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lethe/config"
)

func TestMailAndErasure(t *testing.T) {
	for _, x := range []struct{ text, field string }{
		{"mail: {addr: 'smtp.example.org:587', from: 'Lake <lake@example.org>', user: lake, password: p}\nerasure: {approvals: 2, approvers: [{user: ada, mail: ada@example.org}, {user: bob, mail: bob@example.org}], escalation: privacy@example.org, remind: 24h, webhook: {url: 'https://example.org/', secret: s}}", ""},
		{"mail: {from: lake@example.org}", "mail.addr"},
		{"mail: {addr: smtp, from: lake@example.org}", "mail"},
		{"mail: {addr: 'smtp:25', from: lake}", "mail"},
		{"mail: {addr: 'smtp:25', from: lake@example.org, user: u, password: p, security: none}", "mail"},
		{"erasure: {inbox: {location: 's3://erase-these/in/', type: user_id}}", ""},
		{"erasure: {inbox: {location: here}}", "erasure.inbox.location"},
		{"erasure: {inbox: {type: user_id}}", "erasure.inbox.location"},
		{"erasure: {approvals: -1}", "erasure.approvals"},
		{"erasure: {remind: 1s}", "erasure.remind"},
		{"erasure: {escalation: privacy@example.org}", "mail.addr"},
		{"mail: {addr: 'smtp:25', from: lake@example.org}\nerasure: {approvers: [{user: ada, mail: ada}]}", "erasure.approvers[0].mail"},
		{"mail: {addr: 'smtp:25', from: lake@example.org}\nerasure: {approvers: [{user: ada, mail: a@b.c}, {user: ada, mail: a@b.c}]}", "erasure.approvers[1].user"},
		{"erasure: {webhook: {url: 'ftp://example.org'}}", "erasure.webhook.url"},
	} {
		path := filepath.Join(t.TempDir(), "lethe.yaml")
		if err := os.WriteFile(path, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err != nil {
			t.Fatalf("%s: %v", x.text, err)
		}
		c.Data = t.TempDir()
		err = c.Check()
		var e *config.Error
		if errors.As(err, &e) != (x.field != "") || e != nil && e.Field != x.field || err != nil && e == nil {
			t.Errorf("%s: %v", x.text, err)
		}
	}
}
