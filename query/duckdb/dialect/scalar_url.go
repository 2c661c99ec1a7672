package dialect

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// urlPattern splits a URI as RFC 3986 does.
var urlPattern = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$`)

// badURL holds what java.net.URI does not allow anywhere.
var badURL = regexp.MustCompile("[\\s<>\"{}|\\\\^`]|%(?:[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|.?$)")

func init() {
	define("url_part", "sss", func(a args) (any, error) {
		s := a.s(0)
		m := urlPattern.FindStringSubmatchIndex(s)
		if m == nil || badURL.MatchString(s) {
			return nil, nil
		}
		part := func(i int) any {
			if m[2*i] < 0 {
				return nil
			}
			return s[m[2*i]:m[2*i+1]]
		}
		authority, _ := part(2).(string)
		host, port := authority, ""
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
			host, port = host[:i], host[i+1:]
		}
		opaque := part(1) != nil && part(2) == nil && !strings.HasPrefix(s[m[6]:m[7]], "/")
		decoded := func(v any) any {
			t, ok := v.(string)
			if !ok {
				return nil
			}
			if u, err := url.PathUnescape(t); err == nil {
				return u
			}
			return t
		}
		switch a.s(1) {
		case "protocol":
			if v := part(1); v != nil {
				return v, nil
			}
			return "", nil
		case "host":
			return nilIfEmpty(host), nil
		case "port":
			if n, err := strconv.Atoi(port); err == nil && n >= 0 {
				return port, nil
			}
			return nil, nil
		case "path":
			if opaque {
				return "", nil
			}
			return decoded(part(3)), nil
		case "query":
			return emptyIfNil(decoded(part(4))), nil
		}
		return emptyIfNil(decoded(part(5))), nil
	})
	define("url_parameter", "sss", func(a args) (any, error) {
		s := a.s(0)
		m := urlPattern.FindStringSubmatch(s)
		if m == nil || badURL.MatchString(s) {
			return nil, nil
		}
		for _, kv := range strings.Split(m[4], "&") {
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

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func emptyIfNil(v any) any {
	if v == nil {
		return ""
	}
	return v
}
