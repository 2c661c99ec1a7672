package s3

import (
	"strings"

	"github.com/gofiber/fiber/v3"
)

// label carries the id of a request, which its answer tells the client, to the
// decisions about it. The front end passes them nothing of a request but condition
// keys, so the id goes before one's value: in a header that clients send seldom and
// sign hardly ever, with a secret that only this process knows.
type label string

// labeled are the headers, with the condition keys that are made of them.
var labeled = [...]struct{ header, key string }{{"Referer", "aws:Referer"}, {"User-Agent", "aws:UserAgent"}}

// put writes the id before the value of a header that is not signed.
func (l label) put(c fiber.Ctx) error {
	id := string(c.Response().Header.Peek("X-Amz-Request-Id"))
	for _, x := range labeled {
		if id != "" && !signs(c, x.header) {
			c.Request().Header.Set(x.header, string(l)+" "+id+" "+c.Get(x.header))
			break
		}
	}
	return c.Next()
}

// signs reports whether a header is among those that a request's signature is about.
func signs(c fiber.Ctx, header string) bool {
	names := c.Query("X-Amz-SignedHeaders")
	if _, after, ok := strings.Cut(c.Get("Authorization"), "SignedHeaders="); ok {
		names, _, _ = strings.Cut(after, ",")
	}
	for name := range strings.SplitSeq(names, ";") {
		if strings.EqualFold(strings.TrimSpace(name), header) {
			return true
		}
	}
	return false
}

// take returns the id that was put before a value, and the value.
func (l label) take(value string) (id, rest string) {
	if after, ok := strings.CutPrefix(value, string(l)+" "); ok && l != "" {
		id, rest, _ = strings.Cut(after, " ")
		return id, rest
	}
	return "", value
}
