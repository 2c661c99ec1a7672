package erasure

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"lethe"
	"lethe/object"
	"lethe/workflow"
)

// Report says what a request has found: objects, counts and places, never values.
type Report struct {
	Request     string
	Made        time.Time
	Identifiers []HashedIdentifier
	Objects     []ReportedObject
	// Unread are objects in scope of which it is not known whether they hold the
	// person, and why. They are exceptions of every request until they can be read.
	Unread []ReportedUnread
}

// ReportedObject is an object version that holds the person.
type ReportedObject struct {
	ObjectVersion
	Size int64
	Rows []int64
}

// ReportedUnread is an object version that could not be read.
type ReportedUnread struct {
	ObjectVersion
	Reason string
}

// masked writes a key without what names the person in it: a hash stands for it.
func (s *Service) masked(sub subject, key string) string {
	raw := []byte(key)
	for _, t := range slices.Backward(sub.traces) { // the longest of those that begin alike first
		if t != "" && bytes.Contains(raw, []byte(t)) {
			raw = bytes.ReplaceAll(raw, []byte(t), []byte("["+s.Key.Hash("trace", t).String()[:16]+"]"))
		}
	}
	return string(raw)
}

// report writes the report under a key of its own, and has the request wait for
// decisions on it.
func (s *Service) report(ctx context.Context, id string) (none workflow.None, err error) {
	q, err := s.Request(ctx, id)
	if err != nil || q.State != Located {
		return none, err // it was done before
	}
	sub, err := s.subjectOf(ctx, id)
	if err != nil {
		return none, err
	}
	hs, err := s.hashes(ctx, id)
	if err != nil {
		return none, err
	}
	places := map[ObjectVersion]*ReportedObject{}
	for _, h := range hs {
		for p, err := range s.Index.Find(ctx, h) {
			if err != nil {
				return none, err
			}
			o := places[p.ObjectVersion]
			if o == nil {
				o = &ReportedObject{ObjectVersion: p.ObjectVersion, Size: p.Size}
				places[p.ObjectVersion] = o
			}
			o.Rows = append(o.Rows, p.Rows...)
		}
	}
	r := Report{Request: id, Made: time.Now().UTC(), Identifiers: q.Identifiers}
	for _, o := range places {
		slices.Sort(o.Rows)
		o.Rows, o.Key = slices.Compact(o.Rows), s.masked(sub, o.Key)
		r.Objects = append(r.Objects, *o)
	}
	slices.SortFunc(r.Objects, func(a, b ReportedObject) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	if r.Unread, err = s.reportUnread(ctx, sub); err != nil {
		return none, err
	}
	at, digest, err := s.save(ctx, "reports/"+id+".json", r)
	if err != nil {
		return none, err
	}
	return none, s.revise(ctx, id, func(_ *sql.Tx, q *Request) error {
		q.State, q.Report, q.Digest = Reported, at, digest
		return nil
	})
}

func (s *Service) reportUnread(ctx context.Context, sub subject) (rs []ReportedUnread, err error) {
	us, err := s.Unread(ctx, 1<<20)
	for _, u := range us {
		u.Key = s.masked(sub, u.Key)
		rs = append(rs, ReportedUnread{u.ObjectVersion, u.Reason})
	}
	return rs, err
}

// save writes a document into the report bucket and returns where it is, and its
// SHA-256.
func (s *Service) save(ctx context.Context, key string, v any) (lethe.Location, string, error) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return lethe.Location{}, "", err
	}
	at := lethe.Location{Bucket: s.Reports, Key: key}
	if err := s.Store.CreateBucket(ctx, at.Bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return at, "", err
	}
	if _, err := s.Store.Put(ctx, at.Bucket, at.Key, bytes.NewReader(raw), object.Header{ContentType: "application/json"}, object.Condition{}); err != nil {
		return at, "", err
	}
	sum := sha256.Sum256(raw)
	return at, hex.EncodeToString(sum[:]), nil
}

// Certificate says what was done for a request, and is signed.
type Certificate struct {
	Request     string
	Identifiers []HashedIdentifier
	Made, Done  time.Time
	Report      string // digest of the report
	Decisions   []Decision
	Objects     []Outcome
	// Exceptions are versions that still hold the person; Unread are those of which
	// it is not known.
	Exceptions []Exception
	Unread     []ReportedUnread
	// Versions counts the object versions in scope that were read and do not hold
	// the person, in the listing after the last change; Listing is a SHA-256 over
	// their buckets, keys, versions and ETags.
	Versions int64
	Listing  string
}

// SignedCertificate is a certificate as it is kept: the bytes that were signed, and
// an Ed25519 signature (RFC 8032) of them.
type SignedCertificate struct {
	Certificate []byte
	PublicKey   []byte
	Signature   []byte
}

// certify writes the certificate.
func (s *Service) certify(ctx context.Context, id string) (none workflow.None, err error) {
	q, err := s.Request(ctx, id)
	if err != nil {
		return none, err
	}
	sub, err := s.subjectOf(ctx, id)
	if err != nil {
		return none, err
	}
	c := Certificate{Request: id, Identifiers: q.Identifiers, Made: q.Made, Done: time.Now().UTC(), Report: q.Digest, Decisions: q.Decisions}
	if c.Objects, err = s.outcomes(ctx, id); err != nil {
		return none, err
	}
	q.Records, q.Exceptions = 0, 0
	for i := range c.Objects {
		o := &c.Objects[i]
		o.Key = s.masked(sub, o.Key)
		q.Records += o.Records
		for _, e := range o.Exceptions {
			e.Key = o.Key
			c.Exceptions = append(c.Exceptions, e)
		}
		o.Exceptions = nil
	}
	if c.Unread, err = s.reportUnread(ctx, sub); err != nil {
		return none, err
	}
	if c.Versions, c.Listing, err = s.listingDigest(ctx); err != nil {
		return none, err
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return none, err
	}
	at, _, err := s.save(ctx, "certificates/"+id+".json", SignedCertificate{raw, s.Sign.Public().(ed25519.PublicKey), ed25519.Sign(s.Sign, raw)})
	if err != nil {
		return none, err
	}
	return none, s.revise(ctx, id, func(_ *sql.Tx, r *Request) error {
		r.Records, r.Exceptions, r.Certificate = q.Records, int64(len(c.Exceptions)+len(c.Unread)), at
		return nil
	})
}

// listingDigest counts and hashes what the index has of the scope, which a Build
// has just brought to what the store has.
func (s *Service) listingDigest(ctx context.Context) (n int64, digest string, err error) {
	c, err := s.scope(ctx)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	for _, root := range c.roots() {
		for e, err := range s.Index.Entries(ctx, root.Bucket, root.Key) {
			if err != nil {
				return 0, "", err
			}
			fmt.Fprintf(h, "%q %q %q %q\n", e.Bucket, e.Key, e.Version, e.ETag)
			n++
		}
	}
	return n, hex.EncodeToString(h.Sum(nil)), nil
}

// Check verifies a certificate's signature by the key it was made with, and returns
// it. Its error is of kind Invalid.
func Check(signed SignedCertificate, by ed25519.PublicKey) (c Certificate, err error) {
	if !bytes.Equal(signed.PublicKey, by) || !ed25519.Verify(by, signed.Certificate, signed.Signature) {
		return c, lethe.Errorf(lethe.Invalid, "the certificate was not signed by this lake, or was changed")
	}
	return c, json.Unmarshal(signed.Certificate, &c)
}

// CertificateOf returns the certificate of a request; an error of kind NotFound if
// it has none.
func (s *Service) CertificateOf(ctx context.Context, id string) (c SignedCertificate, err error) {
	q, err := s.Request(ctx, id)
	if err != nil {
		return c, err
	}
	if q.Certificate.Key == "" {
		return c, lethe.Errorf(lethe.NotFound, "request %s is %s, and has no certificate", id, q.State)
	}
	r, _, err := s.Store.Open(ctx, q.Certificate.Bucket, q.Certificate.Key, 0, -1)
	if err != nil {
		return c, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c)
}

// close ends a request: its identifiers are destroyed, and the person's postings.
func (s *Service) close(ctx context.Context, id string) (none workflow.None, err error) {
	q, err := s.Request(ctx, id)
	if err != nil {
		return none, err
	}
	if q.Closed.IsZero() {
		if q.State == Erasing {
			hs, err := s.hashes(ctx, id)
			if err != nil {
				return none, err
			}
			if err := s.Index.Erase(ctx, hs); err != nil {
				return none, err
			}
		}
		err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
			if r.State == Erasing {
				r.State = Done
			} else {
				r.State = Rejected
			}
			r.Closed = time.Now().UTC().Truncate(time.Microsecond)
			if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_objects WHERE request = $1`, id); err != nil {
				return err // whose keys may name the person; the certificate has them masked
			}
			_, err := tx.ExecContext(ctx, `UPDATE erasure_requests SET identifiers = '' WHERE id = $1`, id)
			return err
		})
		if err != nil {
			return none, err
		}
	}
	return none, s.DB.Truncate(ctx)
}
