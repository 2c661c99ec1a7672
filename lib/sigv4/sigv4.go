// Package sigv4 verifies requests that were signed with AWS Signature Version 4,
// by the Authorization header or by a presigned query.
//
// It covers the services that normalise the path and hash the whole body: all of
// AWS but S3. (S3 encodes the path once, allows unsigned and chunked payloads, and
// is verified where it is served.)
//
// A [Verifier] answers who signed, and for which region and service:
//
//	v := sigv4.Verifier{Lookup: keys.Lookup}
//	id, err := v.Verify(r, body)
//
// The body is read by the caller, who knows how much of it to accept; Verify always
// hashes what it is given and never trusts the X-Amz-Content-Sha256 header. A nil
// error means: the signature covers the method, path, query, host, date, body and
// every X-Amz-* header of the request, and its time is within the allowed skew.
//
// Errors are of type [*Error]; its Code says which of the refusals it is, so that
// each wire protocol can use its own word for it.
//
// The algorithm is described in "Create a signed AWS API request" of the IAM User
// Guide.
package sigv4

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Algorithm is the only signing algorithm this package knows.
const Algorithm = "AWS4-HMAC-SHA256"

// DefaultSkew is how far a request's time may lie from the server's clock when the
// Verifier does not say otherwise. AWS uses the same.
const DefaultSkew = 15 * time.Minute

// MaxExpires is the longest life of a presigned request.
const MaxExpires = 7 * 24 * time.Hour

const timeFormat = "20060102T150405Z"

// Key is the secret that belongs to an access key id.
type Key struct {
	Secret string

	// SessionToken, if not empty, must be sent along with the request: the key is
	// a temporary one. If empty, a request with a token is refused.
	SessionToken string

	// Expires, if not zero, is when the key stops being valid.
	Expires time.Time
}

// Scope is the credential scope of a signature: whose key, and where it counts.
type Scope struct {
	AccessKey string // access key id
	Date      string // yyyymmdd
	Region    string
	Service   string // signing name, such as athena, rds or s3
}

func (s Scope) String() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

// Identity is what a verified signature proves.
type Identity struct {
	Scope
	Time      time.Time // when the request was signed
	Presigned bool      // signed by query parameters
}

// Verifier verifies signatures. Only Lookup is needed. A Verifier is safe for
// concurrent use.
type Verifier struct {
	// Lookup returns the key of an access key id; ok is false if there is none. An
	// error is handed to the caller of Verify as it is.
	Lookup func(ctx context.Context, accessKey string) (key Key, ok bool, err error)

	// Now is the clock; time.Now if nil.
	Now func() time.Time

	// Skew is the tolerated difference of clocks; DefaultSkew if zero.
	Skew time.Duration
}

// Verify checks the signature of r, whose whole body is given. r.Body is not read.
//
// It returns an *Error if the request is not properly signed, and Lookup's error if
// that failed.
func (v *Verifier) Verify(r *http.Request, body []byte) (*Identity, error) {
	sig, err := parseRequest(r)
	if err != nil {
		return nil, err
	}
	if err := sig.checkSigned(r); err != nil {
		return nil, err
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	skew := v.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	at := now().UTC()
	if err := sig.checkTime(at, skew); err != nil {
		return nil, err
	}

	key, ok, err := v.Lookup(r.Context(), sig.scope.AccessKey)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse(UnknownKey, "The security token included in the request is invalid: access key %q does not exist or is not active.", clip(sig.scope.AccessKey))
	}
	if !hmac.Equal([]byte(key.SessionToken), []byte(sig.token)) {
		return nil, refuse(UnknownKey, "The security token included in the request is invalid.")
	}

	hash := sha256.Sum256(body)
	payload := hex.EncodeToString(hash[:])
	if claimed := r.Header.Get("X-Amz-Content-Sha256"); claimed != "" && claimed != payload {
		return nil, refuse(InvalidSignature, "The provided 'x-amz-content-sha256' header does not match what was computed: the body hashes to %s.", payload)
	}
	want := hex.EncodeToString(sig.sign(key.Secret, canonicalRequest(r, sig, payload)))
	if !hmac.Equal([]byte(want), []byte(sig.signature)) {
		return nil, refuse(InvalidSignature, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	// Last, so that only its owner learns that a key has expired.
	if !key.Expires.IsZero() && !at.Before(key.Expires) {
		return nil, refuse(ExpiredToken, "The security token included in the request is expired.")
	}
	return &Identity{Scope: sig.scope, Time: sig.time, Presigned: sig.presigned}, nil
}

// sign computes the signature of a canonical request.
func (s *signature) sign(secret, canonical string) []byte {
	hash := sha256.Sum256([]byte(canonical))
	text := Algorithm + "\n" + s.time.Format(timeFormat) + "\n" + s.scope.String() + "\n" + hex.EncodeToString(hash[:])
	// The derived key is not kept: the scope is the sender's choice, and a cache of
	// it would grow at the sender's will. Deriving costs four short HMACs.
	k := mac([]byte("AWS4"+secret), s.scope.Date)
	k = mac(k, s.scope.Region)
	k = mac(k, s.scope.Service)
	k = mac(k, "aws4_request")
	return mac(k, text)
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// checkTime holds the signature's time, and a presigned request's life, against the
// clock.
func (s *signature) checkTime(now time.Time, skew time.Duration) error {
	life := skew
	if s.expires != 0 {
		life = s.expires
	}
	if end := s.time.Add(life); now.After(end) {
		return refuse(SignatureExpired, "Signature expired: %s is now earlier than %s (%s - %s).",
			s.time.Format(timeFormat), now.Add(-life).Format(timeFormat), now.Format(timeFormat), minutes(life))
	}
	if now.Add(skew).Before(s.time) {
		return refuse(SignatureExpired, "Signature not yet current: %s is still later than %s (%s + %s).",
			s.time.Format(timeFormat), now.Add(skew).Format(timeFormat), now.Format(timeFormat), minutes(skew))
	}
	return nil
}

func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return d.String()
}

// clip shortens what the sender chose before it is repeated in a message.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
