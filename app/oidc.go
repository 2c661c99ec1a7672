package app

import (
	"net/http"

	"lethe/access/oidc"
	"lethe/wire/console"
)

// singleSignOn introduces the console to the configured identity provider, which is not
// asked anything before somebody logs in; nil if there is none.
func (a *App) singleSignOn() (*console.SingleSignOn, error) {
	c := a.Config.Console.OIDC
	if !c.Enabled() {
		return nil, nil
	}
	trust, err := trusting(c.CAFile)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	p := oidc.New(oidc.Config{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: string(c.ClientSecret), Scopes: c.Scopes,
		UsernameClaim: c.UsernameClaim, GroupsClaim: c.GroupsClaim, Groups: c.Groups, Create: c.CreateUsers, Client: &http.Client{Transport: transport},
	})
	return &console.SingleSignOn{Provider: p, Identities: a.Access, Name: c.Name, URL: a.Config.Console.URL}, nil
}
