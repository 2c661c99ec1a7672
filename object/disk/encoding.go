package disk

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/s3err"
)

// encoding is whether a listing's keys are to be percent-encoded: XML cannot
// carry all that keys may hold. The front end does not hand the request for it on.
type encoding bool

func encodingOf(ctx context.Context) (encoding, error) {
	r, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return false, nil
	}
	switch kind := string(r.QueryArgs().Peek("encoding-type")); kind {
	case "":
		return false, nil
	case "url":
		return true, nil
	}
	return false, s3err.InvalidArgumentError{ArgumentName: "encoding-type", Description: "Invalid Encoding Method specified in Request"}
}

// kind is what a listing says of it.
func (e encoding) kind() types.EncodingType {
	if e {
		return types.EncodingTypeUrl
	}
	return ""
}

// text encodes all but unreserved characters and slashes, a space as %20, which
// every decoder understands.
func (e encoding) text(s string) string {
	if !e {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

func (e encoding) prefixes(list []types.CommonPrefix) {
	for i := range list {
		list[i].Prefix = ptr(e.text(*list[i].Prefix))
	}
}

// A continuation token is the key that a page ended with, as it is if XML can
// carry it, which is kind to people, and else in base64 behind a mark.
const tokenMark = "base64:"

func token(key string) string {
	if key == "" || !strings.HasPrefix(key, tokenMark) && strings.IndexFunc(key, notInXML) < 0 {
		return key
	}
	return tokenMark + base64.RawURLEncoding.EncodeToString([]byte(key))
}

// notInXML reports what XML cannot carry, or does not keep as it is.
func notInXML(r rune) bool {
	return r < 0x20 || r == 0xFFFD || r == 0xFFFE || r == 0xFFFF
}

func untoken(t string) (string, error) {
	coded, ok := strings.CutPrefix(t, tokenMark)
	if !ok {
		return t, nil
	}
	key, err := base64.RawURLEncoding.DecodeString(coded)
	if err != nil {
		return "", s3err.APIError{Code: "InvalidArgument", HTTPStatusCode: http.StatusBadRequest, Description: "The continuation token provided is incorrect"}
	}
	return string(key), nil
}
