package access

import (
	"context"
	"maps"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what a wire knows about the request that it decides for: the values of
// condition keys, and what the audit says beside who did what. Each wire puts one
// into the context once, by WithRequest. It must not be changed afterwards.
//
// Work without a Request is lethe's own on somebody's behalf, such as a query that
// runs: then aws:ViaAWSService is true, and there is no aws:SourceIp, as in AWS.
type Request struct {
	ID        string    // as the client sees it
	SourceIP  string    // address of the client, without port
	Secure    bool      // by TLS
	UserAgent string    // as sent
	Region    string    // for which the client signed
	Time      time.Time // of arrival; the time it was made known if zero
	// Context are further condition keys and their values, such as s3:prefix.
	Context map[string][]string

	onward bool // see Onward
	once   sync.Once
	values map[string][]string
}

// Onward returns ctx for work that goes on after the request of another context was
// answered, on behalf of who sent it: decisions do not know the request, but the audit
// does.
func Onward(ctx, of context.Context) context.Context {
	r := RequestOf(of)
	if r == nil {
		return ctx
	}
	return context.WithValue(ctx, requestKey{}, &Request{ID: r.ID, SourceIP: r.SourceIP, Time: r.Time, onward: true})
}

type requestKey struct{}

// WithRequest returns a context whose decisions know the request.
func WithRequest(ctx context.Context, r *Request) context.Context {
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf returns the request that ctx works for; nil if there is none.
func RequestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// time returns when the request arrived; now if there is none.
func (r *Request) time() time.Time {
	if r == nil || r.onward {
		return time.Now()
	}
	return r.Time
}

// WithConditions returns a context whose decisions know further condition keys of the
// same request.
func WithConditions(ctx context.Context, values map[string][]string) context.Context {
	r := &Request{Context: values}
	if was := RequestOf(ctx); was != nil {
		r = &Request{onward: was.onward, ID: was.ID, SourceIP: was.SourceIP, Secure: was.Secure, UserAgent: was.UserAgent, Region: was.Region, Time: was.Time, Context: maps.Clone(was.Context)}
		if r.Context == nil {
			r.Context = map[string][]string{}
		}
		maps.Copy(r.Context, values)
	}
	return WithRequest(ctx, r)
}

// conditions returns the values of the condition keys that the request tells. It is
// not to be changed.
func (r *Request) conditions() map[string][]string {
	if r == nil || r.onward {
		m := onwardKeys()
		if r != nil && len(r.Context) > 0 {
			m = maps.Clone(m)
			for name, values := range r.Context {
				m[strings.ToLower(name)] = values
			}
		}
		return m
	}
	r.once.Do(func() {
		m := timeKeys(r.Time, 8+len(r.Context))
		m["aws:viaawsservice"] = no
		m["aws:securetransport"] = []string{strconv.FormatBool(r.Secure)}
		for name, value := range map[string]string{"aws:sourceip": r.SourceIP, "aws:useragent": r.UserAgent, "aws:requestedregion": r.Region} {
			if value != "" {
				m[name] = []string{value}
			}
		}
		for name, values := range r.Context {
			m[strings.ToLower(name)] = values
		}
		r.values = m
	})
	return r.values
}

var yes, no = []string{"true"}, []string{"false"}

// onward are the condition keys of work without a request, of which a query decides
// much within a second.
var onward atomic.Pointer[struct {
	second int64
	keys   map[string][]string
}]

func onwardKeys() map[string][]string {
	now := time.Now()
	if k := onward.Load(); k != nil && k.second == now.Unix() {
		return k.keys
	}
	m := timeKeys(now, 3)
	m["aws:viaawsservice"] = yes
	onward.Store(&struct {
		second int64
		keys   map[string][]string
	}{now.Unix(), m})
	return m
}

func timeKeys(t time.Time, size int) map[string][]string {
	m := make(map[string][]string, size)
	m["aws:currenttime"] = []string{t.UTC().Format(time.RFC3339)}
	m["aws:epochtime"] = []string{strconv.FormatInt(t.Unix(), 10)}
	return m
}

// HostOf returns the address within a remote address, without its port.
func HostOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
