package dialect

import (
	"net/url"
	"strconv"
	"strings"
)

// uri is a URI split as RFC 3986 has it. A part that is not there is nil.
type uri struct {
	scheme, authority, query, fragment *string
	path                               string
}

// splitURI splits a URI; false for what java.net.URI does not take.
func splitURI(s string) (uri, bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f || strings.IndexByte("<>\"{}|\\^`", c) >= 0:
			return uri{}, false
		case c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			return uri{}, false
		}
	}
	var u uri
	take := func(at int) *string { // cuts s at its mark and returns what follows
		rest := s[at+1:]
		s = s[:at]
		return &rest
	}
	if i := strings.IndexByte(s, '#'); i >= 0 {
		u.fragment = take(i)
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		u.query = take(i)
	}
	if i := strings.IndexAny(s, ":/"); i > 0 && s[i] == ':' && isScheme(s[:i]) {
		scheme := s[:i]
		u.scheme, s = &scheme, s[i+1:]
	}
	if strings.HasPrefix(s, "//") {
		s = s[2:]
		end := strings.IndexByte(s, '/')
		if end < 0 {
			end = len(s)
		}
		authority := s[:end]
		u.authority, s = &authority, s[end:]
	}
	u.path = s
	return u, true
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || i > 0 && (s[i] >= '0' && s[i] <= '9' || strings.IndexByte("+-.", s[i]) >= 0)) {
			return false
		}
	}
	return s != ""
}

func init() {
	define("url_part", "sss", func(a args) (any, error) {
		u, ok := splitURI(a.s(0))
		if !ok {
			return nil, nil
		}
		host, port := "", ""
		if u.authority != nil {
			host = *u.authority
			if i := strings.LastIndexByte(host, '@'); i >= 0 {
				host = host[i+1:]
			}
			if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
				host, port = host[:i], host[i+1:]
			}
		}
		switch a.s(1) {
		case "protocol":
			return decoded(u.scheme), nil
		case "host":
			if host == "" {
				return nil, nil
			}
			return host, nil
		case "port":
			if n, err := strconv.Atoi(port); err == nil && n >= 0 {
				return port, nil
			}
			return nil, nil
		case "path":
			if u.scheme != nil && u.authority == nil && !strings.HasPrefix(u.path, "/") {
				return "", nil // opaque, as mailto:x
			}
			return decoded(&u.path), nil
		case "query":
			return decoded(u.query), nil
		}
		return decoded(u.fragment), nil
	})
	define("url_parameter", "sss", func(a args) (any, error) {
		u, ok := splitURI(a.s(0))
		if !ok || u.query == nil {
			return nil, nil
		}
		for _, kv := range strings.Split(*u.query, "&") {
			k, v, _ := strings.Cut(kv, "=")
			if unescaped, err := url.QueryUnescape(k); err == nil {
				k = unescaped
			}
			if k != a.s(1) || kv == "" {
				continue
			}
			if unescaped, err := url.QueryUnescape(v); err == nil {
				return unescaped, nil
			}
			return v, nil
		}
		return nil, nil
	})
	define("url_encode", "ss", func(a args) (any, error) {
		var b strings.Builder
		for i := range len(a.s(0)) {
			c := a.s(0)[i]
			switch {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '*':
				b.WriteByte(c)
			case c == ' ':
				b.WriteByte('+')
			default:
				b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
			}
		}
		return b.String(), nil
	})
	define("url_decode", "ss", func(a args) (any, error) {
		s, err := url.QueryUnescape(a.s(0))
		if err != nil {
			return nil, badArgument("URLDecoder: Illegal hex characters in escape (%%) pattern: %s", a.s(0))
		}
		return s, nil
	})
}

// decoded is a part without its escapes, "" for one that is not there.
func decoded(s *string) string {
	if s == nil {
		return ""
	}
	if u, err := url.PathUnescape(*s); err == nil {
		return u
	}
	return *s
}
