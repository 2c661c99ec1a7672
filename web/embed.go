// Package web is the console: the source of the single-page application that
// people use lethe with, and the files built from it.
//
// The source is TypeScript under src/; `make build` (npm ci, npm run build)
// compiles it into dist/, which is embedded here and not committed. A binary
// built by Go alone holds an empty dist; Built tells.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the built files: index.html, the entry page with the marker
// Nonce in place of its nonces, and under assets/ files that carry a hash of
// their content in their names, each with a .gz and a .br beside it where
// compression pays.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only for a malformed constant path
	}
	return sub
}

// Nonce is the text in index.html that a server replaces with a fresh random
// value on each response and names in its Content-Security-Policy.
const Nonce = "LETHE_CSP_NONCE"

// Built reports whether this binary holds a console.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
