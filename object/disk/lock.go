package disk

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// retention is the version's own; ok is false if it has none.
func (l locking) retention() (r types.ObjectLockRetention, ok bool) {
	ok = l.Retention != nil && json.Unmarshal(l.Retention, &r) == nil && r.RetainUntilDate != nil
	return r, ok
}

func (l locking) held() bool { return l.Hold != nil && *l.Hold }

// holds reports whether anything keeps the version from being deleted at a time.
func (l locking) holds(now time.Time) bool {
	r, ok := l.retention()
	return l.held() || ok && now.Before(*r.RetainUntilDate)
}

// erasable refuses to delete a version for good that a lock keeps. The front end
// has looked before, but not under the key's lock, and it misses a legal hold
// once a retention has passed. Whether the caller may bypass governance only it
// knows: it has refused those who may not and asked all the same.
func (l locking) erasable(now time.Time, bypass bool) error {
	r, ok := l.retention()
	if l.held() || ok && now.Before(*r.RetainUntilDate) && !(bypass && r.Mode == types.ObjectLockRetentionModeGovernance) {
		return s3err.GetAPIError(s3err.ErrObjectLocked)
	}
	return nil
}

// bypasses reports whether a request asks to bypass governance.
func bypasses(r *fasthttp.RequestCtx) bool {
	return strings.EqualFold(string(r.Request.Header.Peek("X-Amz-Bypass-Governance-Retention")), "true")
}

// byDefault is the retention that the bucket gives to versions made now.
func (b *bucket) byDefault(now time.Time) json.RawMessage {
	var c auth.BucketLockConfig
	if b.Lock == nil || json.Unmarshal(b.Lock, &c) != nil || !c.Enabled || c.DefaultRetention == nil {
		return nil
	}
	until := now
	if d := c.DefaultRetention.Days; d != nil {
		until = until.AddDate(0, 0, int(*d))
	}
	if y := c.DefaultRetention.Years; y != nil {
		until = until.AddDate(int(*y), 0, 0)
	}
	return encode(types.ObjectLockRetention{Mode: c.DefaultRetention.Mode, RetainUntilDate: &until})
}

// lockConfig takes from a bucket's lock configuration the time it was made. With
// it the front end would hold every version of the bucket, also older ones, for
// the default retention from that time on, and none afterwards. S3 gives each
// version a retention of its own as it is made; so does place.
func lockConfig(v []byte) ([]byte, error) {
	var c auth.BucketLockConfig
	if err := json.Unmarshal(v, &c); err != nil {
		return nil, err
	}
	c.CreatedAt = nil
	return encode(c), nil
}
