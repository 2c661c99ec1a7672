package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lethe"
)

// The headers of the Standard Webhooks specification.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// clockSkew is how far a signature's time may be from now, so that a request
// that somebody listened to cannot be used later.
const clockSkew = 5 * time.Minute

// key reads a secret, which after whsec_ is in base64.
func key(secret string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return []byte(secret), nil
	}
	k, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(k) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "a webhook's secret that begins with whsec_ goes on with base64")
	}
	return k, nil
}

func signature(secret []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "%s.%s.", id, timestamp)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func sign(h http.Header, secret []byte, id string, now time.Time, body []byte) {
	h.Set(headerID, id)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(headerTimestamp, timestamp)
	if secret != nil {
		h.Set(headerSignature, signature(secret, id, timestamp, body))
	}
}

// signed reports whether one of the signatures of a request is right.
func signed(h http.Header, secret []byte, now time.Time, body []byte) bool {
	seconds, err := strconv.ParseInt(h.Get(headerTimestamp), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > clockSkew {
		return false
	}
	want := signature(secret, h.Get(headerID), h.Get(headerTimestamp), body)
	for _, have := range strings.Fields(h.Get(headerSignature)) {
		if hmac.Equal([]byte(have), []byte(want)) {
			return true
		}
	}
	return false
}
