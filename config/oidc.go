package config

import (
	"net"
	"net/url"
)

// OIDC configures logins to the console by an OpenID Connect provider.
type OIDC struct {
	// Name of the provider, for the login page.
	Name string `yaml:"name"`
	// Issuer is the provider's URL, as its configuration and its tokens name it.
	Issuer string `yaml:"issuer"`
	// ClientID and ClientSecret are what the provider knows lethe by. A public client
	// has no secret.
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// Scopes beside openid.
	Scopes []string `yaml:"scopes"`
	// UsernameClaim of the ID token names the user; "" means preferred_username.
	UsernameClaim string `yaml:"username_claim"`
	// GroupsClaim of the ID token lists groups; "" means groups.
	GroupsClaim string `yaml:"groups_claim"`
	// Groups are lethe's groups by the provider's. Users are in them as the provider says
	// at each login; their other groups stay as they are.
	Groups map[string]string `yaml:"groups"`
	// CreateUsers makes users at their first logins. Else they must exist, with the tag
	// lethe:oidc.
	CreateUsers bool `yaml:"create_users"`
	// CAFile holds certificates to trust instead of the system's.
	CAFile string `yaml:"ca_file"`
}

// Enabled reports whether there is a provider.
func (o OIDC) Enabled() bool { return o.Issuer != "" }

func (c *Console) check() error {
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
			return &Error{"console.url", c.URL, "must be https://host or http://host:port"}
		}
		c.URL = u.Scheme + "://" + u.Host
	}
	return c.OIDC.check()
}

func (o *OIDC) check() error {
	if !o.Enabled() {
		if o.ClientID != "" || o.ClientSecret != "" {
			return &Error{"console.oidc.issuer", "", "must be set together with client_id"}
		}
		return nil
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return &Error{"console.oidc.issuer", o.Issuer, "must be an https:// URL; http:// only on this machine"}
	}
	if o.ClientID == "" {
		return &Error{"console.oidc.client_id", "", "must be set"}
	}
	if o.UsernameClaim == "" {
		o.UsernameClaim = "preferred_username"
	}
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if o.Scopes == nil {
		o.Scopes = []string{"profile", "email"}
	}
	if o.Name == "" {
		o.Name = u.Hostname()
	}
	for theirs, ours := range o.Groups {
		if theirs == "" || ours == "" {
			return &Error{"console.oidc.groups", theirs + ": " + ours, "must map a group of the provider to one of lethe"}
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
