package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/object"

	"github.com/versity/versitygw/s3err"
)

// The lifecycle configuration on the wire (Amazon S3 API Reference,
// PutBucketLifecycleConfiguration).

type lifecycleConfiguration struct {
	XMLName xml.Name
	Rules   []lifecycleRule `xml:"Rule"`
}

type lifecycleRule struct {
	ID         string               `xml:",omitempty"`
	Filter     *lifecycleFilter     `xml:",omitempty"`
	Prefix     *string              `xml:",omitempty"`
	Status     string               //
	Expiration *lifecycleExpiration `xml:",omitempty"`
	Noncurrent *noncurrent          `xml:"NoncurrentVersionExpiration,omitempty"`
	Abort      *abortIncomplete     `xml:"AbortIncompleteMultipartUpload,omitempty"`

	Transitions           []struct{} `xml:"Transition"`
	NoncurrentTransitions []struct{} `xml:"NoncurrentVersionTransition"`
}

type lifecycleFilter struct {
	And *lifecycleAnd `xml:",omitempty"`
	lifecycleMatch
	Tag *tag `xml:",omitempty"`
}

type lifecycleAnd struct {
	lifecycleMatch
	Tags []tag `xml:"Tag"`
}

type lifecycleMatch struct {
	Prefix  *string `xml:",omitempty"`
	Larger  *int64  `xml:"ObjectSizeGreaterThan,omitempty"`
	Smaller *int64  `xml:"ObjectSizeLessThan,omitempty"`
}

type tag struct{ Key, Value string }

type lifecycleExpiration struct {
	Days    *int    `xml:",omitempty"`
	Date    *string `xml:",omitempty"`
	Markers *bool   `xml:"ExpiredObjectDeleteMarker,omitempty"`
}

type noncurrent struct {
	Days *int `xml:"NoncurrentDays,omitempty"`
	Keep *int `xml:"NewerNoncurrentVersions,omitempty"`
}

type abortIncomplete struct {
	Days *int `xml:"DaysAfterInitiation,omitempty"`
}

func (e *extras) putLifecycle(r request) (any, error) {
	var in lifecycleConfiguration
	if err := decodeXML(r.body, "LifecycleConfiguration", &in); err != nil {
		return nil, err
	}
	rules := make([]object.LifecycleRule, len(in.Rules))
	for i, x := range in.Rules {
		var err error
		if rules[i], err = x.rule(); err != nil {
			return nil, err
		}
	}
	if len(rules) == 0 {
		return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	return nil, e.settings.SetLifecycleRules(r.ctx, r.bucket, rules)
}

func (e *extras) getLifecycle(r request) (any, error) {
	rules, err := e.settings.LifecycleRules(r.ctx, r.bucket)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, absent("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	}
	out := lifecycleConfiguration{XMLName: element("LifecycleConfiguration")}
	for _, x := range rules {
		out.Rules = append(out.Rules, wireRule(x))
	}
	return out, nil
}

func (e *extras) deleteLifecycle(r request) (any, error) {
	return nil, e.settings.SetLifecycleRules(r.ctx, r.bucket, nil)
}

// rule reads a rule, as far as S3 does when it parses; the rest is for the
// store to check.
func (x lifecycleRule) rule() (r object.LifecycleRule, err error) {
	malformed := s3err.GetAPIError(s3err.ErrMalformedXML)
	switch {
	case len(x.Transitions) > 0 || len(x.NoncurrentTransitions) > 0:
		return r, notImplemented("Transitions are not implemented: there is one storage class, STANDARD. Rules may expire objects and abort uploads.")
	case x.Status != "Enabled" && x.Status != "Disabled",
		(x.Filter == nil) == (x.Prefix == nil):
		return r, malformed
	}
	if r.ID = x.ID; r.ID == "" {
		r.ID = lethe.NewID()
	}
	r.Enabled = x.Status == "Enabled"
	if x.Prefix != nil {
		r.Prefix, r.Bare = *x.Prefix, true
	} else if err := x.Filter.into(&r); err != nil {
		return r, err
	}
	if x.Expiration != nil {
		if err := x.Expiration.into(&r); err != nil {
			return r, err
		}
	}
	if n := x.Noncurrent; n != nil {
		if r.NoncurrentDays, err = positive(n.Days, "NoncurrentDays", "NoncurrentVersionExpiration"); err != nil {
			return r, err
		}
		if n.Keep != nil {
			if r.KeepNoncurrent, err = positive(n.Keep, "NewerNoncurrentVersions", "NoncurrentVersionExpiration"); err != nil {
				return r, err
			}
			if r.Bare {
				return r, s3Invalid("NewerNoncurrentVersions needs a Filter in place of the rule's Prefix")
			}
		}
	}
	if x.Abort != nil {
		if r.AbortDays, err = positive(x.Abort.Days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload"); err != nil {
			return r, err
		}
	}
	return r, nil
}

// positive is a number that must be there and be positive.
func positive(n *int, name, action string) (int, error) {
	switch {
	case n == nil:
		return 0, s3err.GetAPIError(s3err.ErrMalformedXML)
	case *n <= 0:
		return 0, invalid("", fmt.Sprintf("'%s' for %s action must be a positive integer", name, action))
	}
	return *n, nil
}

func s3Invalid(message string) error {
	return s3err.APIError{Code: "InvalidRequest", Description: message, HTTPStatusCode: http.StatusBadRequest}
}

// into reads a filter: one condition, or several in And.
func (f *lifecycleFilter) into(r *object.LifecycleRule) error {
	n, m := 0, f.lifecycleMatch
	var tags []tag
	for _, has := range []bool{f.And != nil, m.Prefix != nil, m.Larger != nil, m.Smaller != nil, f.Tag != nil} {
		if has {
			n++
		}
	}
	if n > 1 {
		return s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	if f.Tag != nil {
		tags = []tag{*f.Tag}
	}
	if f.And != nil {
		m, tags = f.And.lifecycleMatch, f.And.Tags
		n = len(tags)
		for _, has := range []bool{m.Prefix != nil, m.Larger != nil, m.Smaller != nil} {
			if has {
				n++
			}
		}
		if n < 2 {
			return s3err.GetAPIError(s3err.ErrMalformedXML)
		}
	}
	if m.Prefix != nil {
		r.Prefix = *m.Prefix
	}
	r.Larger, r.Smaller = m.Larger, m.Smaller
	for _, t := range tags {
		if _, twice := r.Tags[t.Key]; twice {
			return s3Invalid("Duplicate Tag Keys are not allowed.")
		}
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[t.Key] = t.Value
	}
	return nil
}

func (x *lifecycleExpiration) into(r *object.LifecycleRule) (err error) {
	if x.Days != nil {
		if r.ExpireDays, err = positive(x.Days, "Days", "Expiration"); err != nil {
			return err
		}
	}
	if x.Date != nil {
		t, err := time.Parse(time.RFC3339, *x.Date)
		if err != nil {
			if t, err = time.Parse(time.DateOnly, *x.Date); err != nil {
				return s3err.GetAPIError(s3err.ErrMalformedXML)
			}
		}
		r.ExpireDate = &t
	}
	r.ExpireMarkers = x.Markers != nil && *x.Markers
	return nil
}

// wireRule is the reverse of rule.
func wireRule(r object.LifecycleRule) lifecycleRule {
	x := lifecycleRule{ID: r.ID, Status: "Disabled"}
	if r.Enabled {
		x.Status = "Enabled"
	}
	if r.Bare {
		x.Prefix = &r.Prefix
	} else {
		x.Filter = wireFilter(r)
	}
	if r.ExpireDays > 0 || r.ExpireDate != nil || r.ExpireMarkers {
		x.Expiration = &lifecycleExpiration{Days: optional(r.ExpireDays)}
		if r.ExpireDate != nil {
			date := r.ExpireDate.UTC().Format("2006-01-02T15:04:05.000Z")
			x.Expiration.Date = &date
		}
		if r.ExpireMarkers {
			x.Expiration.Markers = &r.ExpireMarkers
		}
	}
	if r.NoncurrentDays > 0 {
		x.Noncurrent = &noncurrent{Days: &r.NoncurrentDays, Keep: optional(r.KeepNoncurrent)}
	}
	if r.AbortDays > 0 {
		x.Abort = &abortIncomplete{Days: &r.AbortDays}
	}
	return x
}

func optional(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func wireFilter(r object.LifecycleRule) *lifecycleFilter {
	m := lifecycleMatch{Larger: r.Larger, Smaller: r.Smaller}
	n := len(r.Tags)
	for _, has := range []bool{r.Prefix != "", r.Larger != nil, r.Smaller != nil} {
		if has {
			n++
		}
	}
	if r.Prefix != "" || n == 0 {
		m.Prefix = &r.Prefix
	}
	var tags []tag
	for k, v := range r.Tags {
		tags = append(tags, tag{k, v})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	switch {
	case n > 1:
		return &lifecycleFilter{And: &lifecycleAnd{m, tags}}
	case len(tags) == 1:
		return &lifecycleFilter{Tag: &tags[0]}
	}
	return &lifecycleFilter{lifecycleMatch: m}
}
