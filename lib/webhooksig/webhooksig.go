// Package webhooksig signs HTTP requests, and checks signatures, as the Standard
// Webhooks specification 1.0.0 says (standardwebhooks.com): the headers webhook-id,
// webhook-timestamp and webhook-signature, the last one "v1," and the base64 of the
// HMAC-SHA256 of "id.timestamp.body".
package webhooksig

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// skew is how far a signature's time may be from now, so that a request that
// somebody listened to cannot be used later.
const skew = 5 * time.Minute

// ErrSecret is about a secret that begins with whsec_ and does not go on with base64.
var ErrSecret = errors.New("a webhook's secret that begins with whsec_ goes on with base64")

// Key reads a secret, which after whsec_ is in base64. It is nil for "".
func Key(secret string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return []byte(secret), nil
	}
	k, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(k) == 0 {
		return nil, ErrSecret
	}
	return k, nil
}

func signature(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, timestamp)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sign sets the headers of a request: without a key, but for the signature.
func Sign(h http.Header, key []byte, id string, now time.Time, body []byte) {
	h.Set(headerID, id)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(headerTimestamp, timestamp)
	if key != nil {
		h.Set(headerSignature, signature(key, id, timestamp, body))
	}
}

// Signed reports whether one of the signatures of a request is right.
func Signed(h http.Header, key []byte, now time.Time, body []byte) bool {
	seconds, err := strconv.ParseInt(h.Get(headerTimestamp), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > skew {
		return false
	}
	want := signature(key, h.Get(headerID), h.Get(headerTimestamp), body)
	for _, have := range strings.Fields(h.Get(headerSignature)) {
		if hmac.Equal([]byte(have), []byte(want)) {
			return true
		}
	}
	return false
}
