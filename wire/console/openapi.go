package console

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPIFile []byte

// openAPI answers the API's description, which is public.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(openAPIFile) // nobody to tell if it fails
}
