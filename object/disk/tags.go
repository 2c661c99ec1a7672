package disk

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/versity/versitygw/s3err"
)

// S3's limits, in characters.
const (
	maxTags     = 10
	maxTagKey   = 128
	maxTagValue = 256
)

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// parseTags reads the tags of a header, which are written as a query is. The
// library of the front end counts their encoded bytes, and not the tags.
func parseTags(header string) (map[string]string, error) {
	if header == "" {
		return nil, nil
	}
	malformed := s3err.GetInvalidArgumentErr(s3err.InvalidArgURLEncodedTagging, header)
	tags := map[string]string{}
	for pair := range strings.SplitSeq(header, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		if err != nil {
			return nil, malformed
		}
		value, err := url.QueryUnescape(v)
		if err != nil {
			return nil, malformed
		}
		_, twice := tags[key]
		switch {
		case key == "" || twice:
			return nil, malformed
		case utf8.RuneCountInString(key) > maxTagKey || !tagText.MatchString(key):
			return nil, s3err.GetInvalidTagErr(s3err.ErrInvalidTagKey, key, "")
		case utf8.RuneCountInString(value) > maxTagValue || !tagText.MatchString(value):
			return nil, s3err.GetInvalidTagErr(s3err.ErrInvalidTagValue, key, value)
		}
		tags[key] = value
	}
	if len(tags) > maxTags {
		return nil, s3err.GetAPIError(s3err.ErrObjectTaggingLimited)
	}
	return tags, nil
}
