package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/config"
)

func TestAudit(t *testing.T) {
	load := func(text string) (config.Config, error) {
		path := filepath.Join(t.TempDir(), "lethe.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err == nil {
			err = c.Check()
		}
		return c, err
	}
	c, err := load("audit: {keep: 8760h, on_failure: continue, webhook: {url: 'https://siem.example.com/', secret: s3cr3t, batch: 100}}")
	if err != nil || c.Audit.FileSize != 64<<20 || c.Audit.Webhook.Batch != 100 || c.Audit.Webhook.URL != "https://siem.example.com/" || c.Audit.Webhook.Secret != "s3cr3t" {
		t.Errorf("%+v %v", c.Audit, err)
	}
	for text, want := range map[string]string{
		"audit: {file_size: 3}":                             "audit.file_size",
		"audit: {keep: 1h}":                                 "audit.keep",
		"audit: {on_failure: ignore}":                       "audit.on_failure",
		"audit: {webhook: {url: 'ftp://x'}}":                "audit.webhook.url",
		"audit: {webhook: {url: 'http://x', batch: -1}}":    "audit.webhook.batch",
		"audit: {webhook: {url: 'http://x', timeout: -1s}}": "audit.webhook.timeout",
		"audit: {rotate: daily}":                            "rotate",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
