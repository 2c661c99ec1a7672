package console

// Routes lists every operation as "METHOD path operationId".
func Routes() []string {
	out := []string{"POST /session createSession", "GET /openapi.json getOpenAPI"} // the public ones
	for _, r := range new(server).routes() {
		out = append(out, r.method+" "+r.path+" "+r.id)
	}
	return out
}
