package console

// Local is where a login leads that was asked to lead somewhere.
var Local = local

// Routes lists every operation as "METHOD path operationId".
func Routes() []string {
	out := []string{"POST /session createSession", "GET /openapi.json getOpenAPI", // the public ones
		"GET /session/providers listLoginProviders", "GET /session/oidc beginLogin", "GET /session/oidc/callback finishLogin", "GET /session/oidc/end endLogin"}
	for _, r := range new(server).routes() {
		out = append(out, r.method+" "+r.path+" "+r.id)
	}
	return out
}
