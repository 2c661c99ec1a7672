package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signature is what a request says about its own signing.
type signature struct {
	scope     Scope
	signed    []string // names of the signed headers: lower case, sorted
	signature string   // hex
	token     string
	time      time.Time
	presigned bool
	expires   time.Duration // if presigned with one
}

// ParseScope returns the credential scope that r claims, without verifying
// anything: enough to route a request, never enough to serve it. ok is false if r
// carries no Version 4 signature or a malformed one.
func ParseScope(r *http.Request) (s Scope, ok bool) {
	if fields, found := cutAlgorithm(r.Header.Get("Authorization")); found {
		for f := range strings.SplitSeq(fields, ",") {
			if c, is := strings.CutPrefix(strings.TrimSpace(f), "Credential="); is {
				s, err := parseScope(c)
				return s, err == nil
			}
		}
		return Scope{}, false
	}
	if !strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return Scope{}, false
	}
	s, err := parseScope(r.URL.Query().Get("X-Amz-Credential"))
	return s, err == nil
}

func cutAlgorithm(header string) (fields string, ok bool) {
	name, fields, _ := strings.Cut(header, " ")
	return fields, name == Algorithm
}

// parseRequest reads the signature from where the request has it.
func parseRequest(r *http.Request) (*signature, error) {
	auth := r.Header.Values("Authorization")
	var query url.Values
	// The raw query is looked at first: most requests have none, and one that
	// cannot be parsed must not hide a signature.
	if strings.Contains(r.URL.RawQuery, "X-Amz-") {
		var err error
		if query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
			return nil, refuse(IncompleteSignature, "The query string cannot be parsed: %v.", err)
		}
	}
	presigned := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature")
	switch {
	case presigned && len(auth) > 0:
		return nil, refuse(IncompleteSignature, "Only one authentication mechanism is allowed: there are both an Authorization header and X-Amz-Signature in the query.")
	case presigned:
		return parsePresigned(query)
	case len(auth) == 0:
		return nil, refuse(MissingAuthenticationToken, "Request is missing Authentication Token")
	case len(auth) > 1:
		return nil, refuse(IncompleteSignature, "There are %d Authorization headers; send one.", len(auth))
	}
	s, err := parseAuthorization(auth[0])
	if err != nil {
		return nil, err
	}
	return s, s.readHeaders(r.Header)
}

// parseAuthorization parses the value of an Authorization header:
//
//	AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d67...
func parseAuthorization(header string) (*signature, error) {
	fields, ok := cutAlgorithm(header)
	if !ok {
		name, _, _ := strings.Cut(header, " ")
		return nil, refuse(IncompleteSignature, "Unsupported authorization type %q; sign with %s.", clip(name), Algorithm)
	}
	parts := map[string]string{}
	for f := range strings.SplitSeq(fields, ",") {
		f = strings.TrimSpace(f)
		name, value, ok := strings.Cut(f, "=")
		if !ok {
			return nil, refuse(IncompleteSignature, "%q not a valid key=value pair (missing equal-sign) in Authorization header.", clip(f))
		}
		if _, twice := parts[name]; twice {
			return nil, refuse(IncompleteSignature, "Authorization header has %q more than once.", clip(name))
		}
		parts[name] = value
		if len(parts) > 3 {
			break
		}
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return nil, refuse(IncompleteSignature, "Authorization header requires '%s' parameter.", name)
		}
	}
	if len(parts) != 3 {
		return nil, refuse(IncompleteSignature, "Authorization header has more than 'Credential', 'SignedHeaders' and 'Signature'.")
	}
	return newSignature(parts["Credential"], parts["SignedHeaders"], parts["Signature"])
}

// parsePresigned reads the signature of a presigned request.
func parsePresigned(query url.Values) (*signature, error) {
	for name, values := range query {
		if strings.HasPrefix(name, "X-Amz-") && len(values) > 1 {
			return nil, refuse(IncompleteSignature, "AWS query-string parameter %q appears %d times; send it once.", clip(name), len(values))
		}
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if query.Get(name) == "" {
			return nil, refuse(IncompleteSignature, "AWS query-string parameters must include '%s'.", name)
		}
	}
	if a := query.Get("X-Amz-Algorithm"); a != Algorithm {
		return nil, refuse(IncompleteSignature, "Unsupported algorithm %q; sign with %s.", clip(a), Algorithm)
	}
	s, err := newSignature(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Signature"))
	if err != nil {
		return nil, err
	}
	s.presigned = true
	s.token = query.Get("X-Amz-Security-Token")
	// Presigned requests of STS have no expiry; they live as long as signed ones.
	if query.Has("X-Amz-Expires") {
		seconds, err := strconv.ParseUint(query.Get("X-Amz-Expires"), 10, 32)
		s.expires = time.Duration(seconds) * time.Second
		if err != nil || s.expires == 0 || s.expires > MaxExpires {
			return nil, refuse(IncompleteSignature, "X-Amz-Expires is %q; it must be a number of seconds from 1 to %d.", clip(query.Get("X-Amz-Expires")), MaxExpires/time.Second)
		}
	}
	return s, s.setTime(query.Get("X-Amz-Date"))
}

// readHeaders takes time and token from the headers of a request that is signed by
// its Authorization header.
func (s *signature) readHeaders(h http.Header) error {
	for _, name := range []string{"X-Amz-Date", "Date", "X-Amz-Security-Token"} {
		if n := len(h.Values(name)); n > 1 {
			return refuse(IncompleteSignature, "There are %d %s headers; send one.", n, name)
		}
	}
	s.token = h.Get("X-Amz-Security-Token")
	date := h.Get("X-Amz-Date")
	if date != "" {
		return s.setTime(date)
	}
	date = h.Get("Date")
	if date == "" {
		return refuse(IncompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if t, err := http.ParseTime(date); err == nil {
		date = t.UTC().Format(timeFormat)
	}
	return s.setTime(date)
}

func (s *signature) setTime(text string) error {
	t, err := time.Parse(timeFormat, text)
	if err != nil {
		return refuse(IncompleteSignature, "Date must be in ISO-8601 'basic format' (yyyymmddThhmmssZ). Got %q.", clip(text))
	}
	if day := t.Format("20060102"); day != s.scope.Date {
		return refuse(IncompleteSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: %q != %q.", clip(s.scope.Date), day)
	}
	s.time = t
	return nil
}

func newSignature(credential, signedHeaders, sig string) (*signature, error) {
	scope, err := parseScope(credential)
	if err != nil {
		return nil, err
	}
	s := &signature{scope: scope, signature: sig}
	if len(sig) != 64 || strings.Trim(sig, "0123456789abcdef") != "" {
		return nil, refuse(IncompleteSignature, "Signature must be 64 lower-case hexadecimal digits.")
	}
	s.signed = strings.Split(signedHeaders, ";")
	slices.Sort(s.signed)
	for i, name := range s.signed {
		if !isToken(name) || name != strings.ToLower(name) {
			return nil, refuse(IncompleteSignature, "SignedHeaders has %q, which is not a header's name in lower case.", clip(name))
		}
		if i > 0 && name == s.signed[i-1] {
			return nil, refuse(IncompleteSignature, "SignedHeaders has %q more than once.", clip(name))
		}
	}
	return s, nil
}

// parseScope parses "KEY/yyyymmdd/region/service/aws4_request". Nothing but the
// access key id may hold a slash.
func parseScope(credential string) (Scope, error) {
	p := strings.Split(credential, "/")
	n := len(p)
	if n < 5 {
		return Scope{}, refuse(IncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got %q.", clip(credential))
	}
	s := Scope{AccessKey: strings.Join(p[:n-4], "/"), Date: p[n-4], Region: p[n-3], Service: p[n-2]}
	if s.AccessKey == "" || s.Date == "" || s.Region == "" || s.Service == "" || p[n-1] != "aws4_request" {
		return Scope{}, refuse(IncompleteSignature, "Credential must be keyid/date/region/service/aws4_request, got %q.", clip(credential))
	}
	return s, nil
}

// isToken reports whether s can be the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// checkSigned makes sure that the signature covers what gives the request its
// meaning: the host, the date, and every X-Amz-* header (X-Amz-Target is the
// operation). Only the session token may stay outside, because some clients add it
// after signing and it is compared with the key's own anyway.
func (s *signature) checkSigned(r *http.Request) error {
	for _, name := range s.signed {
		if !hasHeader(r, name) {
			return refuse(IncompleteSignature, "Header %q is in SignedHeaders but not in the request.", clip(name))
		}
	}
	if !s.covers("host") {
		return refuse(IncompleteSignature, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if !strings.HasPrefix(name, "x-amz-") || name == "x-amz-security-token" {
			continue
		}
		if !s.covers(name) {
			return refuse(IncompleteSignature, "Header %q is not signed; add it to SignedHeaders.", clip(name))
		}
		if len(values) > 1 && (name == "x-amz-target" || name == "x-amz-content-sha256") {
			return refuse(IncompleteSignature, "There are %d %s headers; send one.", len(values), name)
		}
	}
	if !s.presigned && r.Header.Get("X-Amz-Date") == "" && !s.covers("date") {
		return refuse(IncompleteSignature, "Header \"date\" is not signed; add it to SignedHeaders.")
	}
	return nil
}

func (s *signature) covers(name string) bool {
	_, found := slices.BinarySearch(s.signed, name)
	return found
}
