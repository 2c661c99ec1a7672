package config_test

import (
	"strings"
	"testing"

	"lethe/config"
)

func TestOIDC(t *testing.T) {
	good := config.OIDC{Issuer: "https://id.example.org/realm", ClientID: "lethe"}
	c := config.Default()
	c.Console.OIDC, c.Console.URL = good, "https://lake.example.org/"
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if o := c.Console.OIDC; c.Console.URL != "https://lake.example.org" || o.Name != "id.example.org" || o.UsernameClaim != "preferred_username" || o.GroupsClaim != "groups" {
		t.Error(c.Console)
	}
	for field, spoil := range map[string]func(*config.Console){
		"console.oidc.issuer":    func(c *config.Console) { c.OIDC.Issuer = "http://id.example.org" },
		"console.oidc.client_id": func(c *config.Console) { c.OIDC.ClientID = "" },
		"console.oidc.groups":    func(c *config.Console) { c.OIDC.Groups = map[string]string{"a": ""} },
		"console.url":            func(c *config.Console) { c.URL = "https://lake.example.org/path" },
	} {
		c := config.Default()
		c.Console.OIDC = good
		spoil(&c.Console)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	c = config.Default()
	c.Console.OIDC = good
	c.Console.OIDC.Issuer = "http://127.0.0.1:5556"
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	c = config.Default()
	c.Console.OIDC.ClientID = "lethe"
	if err := c.Check(); err == nil {
		t.Error("a client without an issuer")
	}
}
