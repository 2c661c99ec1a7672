package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"lethe/config"
)

func TestSecrets(t *testing.T) {
	t.Setenv(config.MasterKeyVariable, "")
	c := config.Default()
	c.Data = t.TempDir()
	if err := c.Check(); err != nil || c.Secrets.KeyFile != filepath.Join(c.Data, "keys", "master") {
		t.Error(c.Secrets.KeyFile, err)
	}
	if err := c.Check(); err != nil { // once more is no conflict
		t.Error(err)
	}

	t.Setenv(config.MasterKeyVariable, "from the environment")
	c = config.Default()
	if err := c.Check(); err != nil || c.Secrets.KeyFile != "" || string(c.Secrets.Key) != "from the environment" {
		t.Error(c.Secrets.KeyFile, err)
	}
	c = config.Default()
	c.Secrets.KeyFile = "/etc/lethe/key" // what is configured goes first
	if err := c.Check(); err != nil || c.Secrets.Key != "" {
		t.Error(err)
	}
	c.Secrets.Key = "both"
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "secrets.key") || strings.Contains(err.Error(), "both\"") {
		t.Error(err)
	}
}
