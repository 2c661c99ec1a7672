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
	"net/url"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/object"
	"lethe/workflow"
)

// Report says what a request has found: objects, counts and places, never values.
type Report struct {
	Request     string             `json:"request"`
	Made        time.Time          `json:"made,omitzero"`
	Identifiers []HashedIdentifier `json:"identifiers,omitzero"`
	Objects     []ReportedObject   `json:"objects,omitzero"`
	// Unread are objects in scope of which it is not known whether they hold the
	// person, and why. They are exceptions of every request until they can be read.
	Unread []ReportedUnread `json:"unread,omitzero"`
	// Holdings are the places of Holders at which the person is.
	Holdings []Holding `json:"holdings,omitzero"`
	// Holds are those because of which the request waits, or leaves something.
	Holds []Hold `json:"holds,omitzero"`
}

// ReportedObject is an object version that holds the person.
type ReportedObject struct {
	ObjectVersion
	Size int64   `json:"size"`
	Rows []int64 `json:"rows,omitzero"`
	// Whole says that all of it is the person's, as by its key.
	Whole bool `json:"whole,omitempty"`
	// Partition names the table that has the person as a partition, whose folder
	// the object is then.
	Partition string `json:"partition,omitempty"`
	// Hold is the id of the hold that keeps it, "" if none does.
	Hold string `json:"hold,omitempty"`
}

// ReportedUnread is an object version that could not be read.
type ReportedUnread struct {
	ObjectVersion
	Reason string `json:"reason"`
}

// masked writes a text, as a key, without what names the person in it: a hash stands
// for it, also where it is written as in a URL or in a partition's folder.
func (s *Service) masked(sub subject, text string) string {
	for _, t := range slices.Backward(sub.traces) { // the longest of those that begin alike first
		if t == "" {
			continue
		}
		for _, spelled := range []string{t, url.PathEscape(t), url.QueryEscape(t), catalog.EscapePath(t)} {
			if strings.Contains(text, spelled) {
				text = strings.ReplaceAll(text, spelled, s.token(t))
			}
		}
	}
	return text
}

// report writes the report under a key of its own, and has the request wait for
// decisions on it.
func (s *Service) report(ctx context.Context, id string) (none workflow.None, err error) {
	q, err := s.Request(ctx, id)
	if err != nil || q.State != Located {
		return none, err // it was done before
	}
	person, err := s.personOf(ctx, id)
	if err != nil {
		return none, err
	}
	sub := person.sub
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
	c, err := s.scope(ctx, false)
	if err != nil {
		return none, err
	}
	r := Report{Request: id, Made: time.Now().UTC(), Identifiers: q.Identifiers}
	if r.Holds, err = s.holdsOf(ctx, id); err != nil {
		return none, err
	}
	for _, o := range places {
		for _, cov := range c.covers(o.Bucket, o.Key) {
			if h, ok := sub.keeps(cov.Name); ok {
				o.Hold = h.ID
			}
		}
		slices.Sort(o.Rows)
		o.Rows, o.Key = slices.Compact(o.Rows), s.hidden(c, sub, o.Bucket, o.Key)
		if n := len(o.Rows); n > 0 && o.Rows[n-1] == Whole {
			o.Rows, o.Whole = o.Rows[:n-1], true
		}
		r.Objects = append(r.Objects, *o)
	}
	for _, p := range c.partitionsOf(sub) {
		kept, _ := sub.keeps(p.Name)
		r.Objects = append(r.Objects, ReportedObject{ObjectVersion: ObjectVersion{Bucket: p.Bucket, Key: s.hidden(c, sub, p.Bucket, p.Key)}, Whole: true, Partition: p.Database + "." + p.Table, Hold: kept.ID})
	}
	slices.SortFunc(r.Objects, func(a, b ReportedObject) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	if r.Unread, err = s.reportUnread(ctx, sub); err != nil {
		return none, err
	}
	if r.Holdings, err = s.foundHoldings(ctx, id, person); err != nil {
		return none, err
	}
	at, digest, err := s.save(ctx, "reports/"+q.run()+".json", r)
	if err != nil {
		return none, err
	}
	defer s.wake()
	if err := s.audit(ctx, id, "reported", "", "report "+digest); err != nil {
		return none, err
	}
	return none, s.revise(ctx, id, func(tx *sql.Tx, q *Request) error {
		if err := dropFound(ctx, tx, id); err != nil {
			return err
		}
		q.State, q.Report, q.Digest = Reported, at.String(), digest
		q.Waiting = stopped()
		q.Stops.Reported = q.Waiting
		return s.tell(ctx, tx, q, tellApprove, "", s.approvers(q)...)
	})
}

// holdsOf are the holds that are of a request now.
func (s *Service) holdsOf(ctx context.Context, id string) ([]Hold, error) {
	hs, err := s.Holds(ctx)
	return slices.DeleteFunc(hs, func(h Hold) bool { return h.Request != "" && h.Request != id }), err
}

func (s *Service) reportUnread(ctx context.Context, sub subject) (rs []ReportedUnread, err error) {
	us, err := s.Unread(ctx, 1<<20)
	for _, u := range us {
		key := u.Key
		u.Key = s.masked(sub, key)
		rs = append(rs, ReportedUnread{u.ObjectVersion, strings.ReplaceAll(u.Reason, key, u.Key)})
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
	Request     string             `json:"request"`
	Identifiers []HashedIdentifier `json:"identifiers,omitzero"`
	Made        time.Time          `json:"made,omitzero"`
	Done        time.Time          `json:"done,omitzero"`
	Report      string             `json:"report"` // digest of the report
	Decisions   []Decision         `json:"decisions,omitzero"`
	Objects     []Outcome          `json:"objects,omitzero"`
	// Exceptions are versions that still hold the person; Unread are those of which
	// it is not known.
	Exceptions []Exception      `json:"exceptions,omitzero"`
	Unread     []ReportedUnread `json:"unread,omitzero"`
	// Holdings are what was erased at Holders, and with a reason what stays there.
	Holdings []Holding `json:"holdings,omitzero"`
	// Holds are those that keep exceptions.
	Holds []Hold `json:"holds,omitzero"`
	// Versions counts the object versions in scope that were read and do not hold
	// the person, in the listing after the last change; Listing is a SHA-256 over
	// their buckets, keys, versions and ETags.
	Versions int64  `json:"versions"`
	Listing  string `json:"listing"`
}

// SignedCertificate is a certificate as it is kept: the bytes that were signed, and
// an Ed25519 signature (RFC 8032) of them.
type SignedCertificate struct {
	Certificate []byte `json:"certificate,omitzero"`
	PublicKey   []byte `json:"public_key,omitzero"`
	Signature   []byte `json:"signature,omitzero"`
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
	scope, err := s.scope(ctx, false)
	if err != nil {
		return none, err
	}
	q.Records, q.Exceptions = 0, 0
	for i := range c.Objects {
		o := &c.Objects[i]
		key := o.Key
		o.Key = s.hidden(scope, sub, o.Bucket, key)
		q.Records += o.Records
		for _, e := range o.Exceptions {
			e.Key, e.Reason = o.Key, strings.ReplaceAll(e.Reason, key, o.Key)
			c.Exceptions = append(c.Exceptions, e)
		}
		o.Exceptions = nil
	}
	if c.Unread, err = s.reportUnread(ctx, sub); err != nil {
		return none, err
	}
	if c.Holdings, err = s.erasedHoldings(ctx, id); err != nil {
		return none, err
	}
	stay := int64(0)
	for _, h := range c.Holdings {
		if h.Reason == "" {
			q.Records += h.Records
		} else {
			stay++
		}
	}
	if c.Versions, c.Listing, err = s.listingDigest(ctx); err != nil {
		return none, err
	}
	if c.Holds, err = s.holdsOf(ctx, id); err != nil {
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
		r.Stops.Verified = stopped()
		r.Records, r.Exceptions, r.Certificate = q.Records, int64(len(c.Exceptions)+len(c.Unread))+stay, at.String()
		return nil
	})
}

// remaining are the ids of the holds that have kept something from a request.
func (s *Service) remaining(ctx context.Context, id string) (holds []string, err error) {
	outs, err := s.outcomes(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		for _, e := range o.Exceptions {
			holds = append(holds, e.Hold)
		}
	}
	hs, err := s.erasedHoldings(ctx, id)
	for _, h := range hs {
		holds = append(holds, h.Hold)
	}
	slices.Sort(holds)
	return slices.DeleteFunc(slices.Compact(holds), func(id string) bool { return id == "" }), err
}

// listingDigest counts and hashes what the index has of the scope, which a Build
// has just brought to what the store has.
func (s *Service) listingDigest(ctx context.Context) (n int64, digest string, err error) {
	c, err := s.scope(ctx, false)
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

// Verify verifies a certificate's signature by the key it was made with, and
// returns it. Its error is of kind Invalid.
func Verify(signed SignedCertificate, by ed25519.PublicKey) (c Certificate, err error) {
	if !bytes.Equal(signed.PublicKey, by) || !ed25519.Verify(by, signed.Certificate, signed.Signature) {
		return c, lethe.Errorf(lethe.Invalid, "the certificate was not signed by this lake, or was changed")
	}
	return c, json.Unmarshal(signed.Certificate, &c)
}

// Check is what looking at a certificate and the lake again has shown.
type Check struct {
	Request string `json:"request"`
	// Versions counts the object versions in scope that have been read, Found those
	// that hold the person, without the certificate's exceptions.
	Versions int64 `json:"versions"`
	Found    int64 `json:"found"`
	// Exceptions counts the certificate's exceptions that are there still.
	Exceptions int64 `json:"exceptions"`
	Unread     int64 `json:"unread"` // versions of which it is not known
	// Overdue are the certificate's places that should have ended by now and have not, as
	// backups that expired.
	Overdue []Holding `json:"overdue,omitzero"`
	// Asked counts the holders that were asked, Places are where they have the person
	// and no reason for it. Of an Expiring one the certificate's places were looked for.
	Asked  int64     `json:"asked"`
	Places []Holding `json:"places,omitzero"`
	// NotAsked are holders that could not be asked, as they know persons by their
	// identifiers and not by hashes, and nobody gave these.
	NotAsked []string `json:"not_asked,omitzero"`
}

// VerifyCertificate verifies a certificate, and looks for its person in all that is
// in scope now, by the hashes it has. Holders that need no person for it are asked too,
// and the others where the person's identifiers are given, which are kept nowhere after a
// request, or where the request still has them. An error of kind Invalid says that they
// are not the certificate's.
func (s *Service) VerifyCertificate(ctx context.Context, signed SignedCertificate, given ...Named) (k Check, err error) {
	c, err := Verify(signed, s.Sign.Public().(ed25519.PublicKey))
	if err != nil {
		return k, err
	}
	k.Request = c.Request
	if _, err := s.Build(ctx, nil); err != nil {
		return k, err
	}
	excepted := map[string]bool{} // by version and ETag: the certificate masks keys
	for _, e := range c.Exceptions {
		excepted[e.Bucket+"/"+e.Version+"/"+e.ETag] = true
	}
	seen := map[ObjectVersion]bool{}
	for _, id := range c.Identifiers {
		raw, err := hex.DecodeString(id.Hash)
		if err != nil || len(raw) != len(Hash{}) {
			return k, lethe.Errorf(lethe.Invalid, "the certificate has a hash of %d bytes", len(raw))
		}
		for p, err := range s.Index.Find(ctx, Hash(raw)) {
			if err != nil {
				return k, err
			}
			if seen[p.ObjectVersion] {
				continue
			}
			seen[p.ObjectVersion] = true
			if excepted[p.Bucket+"/"+p.Version+"/"+p.ETag] {
				k.Exceptions++
			} else {
				k.Found++
			}
		}
	}
	us, err := s.Unread(ctx, 1<<20)
	if err != nil {
		return k, err
	}
	k.Unread = int64(len(us))
	if k.Overdue, err = s.overdue(ctx, c, time.Now()); err != nil {
		return k, err
	}
	if err := s.checkHolders(ctx, c, given, &k); err != nil {
		return k, err
	}
	k.Versions, _, err = s.listingDigest(ctx)
	return k, err
}

// CertificateOf returns the certificate of a request; an error of kind NotFound if
// it has none.
func (s *Service) CertificateOf(ctx context.Context, id string) (c SignedCertificate, err error) {
	q, err := s.Request(ctx, id)
	if err != nil {
		return c, err
	}
	if q.Certificate == "" {
		return c, lethe.Errorf(lethe.NotFound, "request %s is %s, and has no certificate", id, q.State)
	}
	raw, err := s.document(ctx, q.Certificate)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c)
}

// ReportOf returns the report of a request, as it was saved; an error of kind
// NotFound if it has none yet, and of kind BadData if it is not what was saved.
func (s *Service) ReportOf(ctx context.Context, id string) ([]byte, error) {
	q, err := s.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	if q.Report == "" {
		return nil, lethe.Errorf(lethe.NotFound, "request %s is %s, and has no report yet", id, q.State)
	}
	raw, err := s.document(ctx, q.Report)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != q.Digest {
		return nil, lethe.Errorf(lethe.BadData, "%s is not the report that was saved: somebody changed it", q.Report)
	}
	return raw, nil
}

// maxDocument bounds what is read of a report or certificate, in bytes.
const maxDocument = 256 << 20

func (s *Service) document(ctx context.Context, at string) ([]byte, error) {
	l, err := lethe.ParseLocation(at)
	if err != nil {
		return nil, err
	}
	r, _, err := s.Store.Open(ctx, l.Bucket, l.Key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxDocument))
}

// readExcepted has the index read the versions again that stay though they hold the
// person: without their postings it would say that they do not.
func (s *Service) readExcepted(ctx context.Context, id string) error {
	es, err := s.excepted(ctx, id)
	if err != nil {
		return err
	}
	for o := range es {
		if err := s.forget(ctx, o); err != nil {
			return err
		}
		if err := s.Refresh(ctx, o.Bucket, o.Key); err != nil {
			return err
		}
	}
	return nil
}

// close ends a request: its identifiers are destroyed, and the person's postings. Where
// holds have kept something, the identifiers stay sealed until that is asked for anew.
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
			if err := s.forgetting(ctx, hs); err != nil {
				return none, err
			}
			if err := s.Index.Erase(ctx, hs); err != nil {
				return none, err
			}
			if err := s.readExcepted(ctx, id); err != nil {
				return none, err
			}
		}
		holds, err := s.remaining(ctx, id)
		if err != nil {
			return none, err
		}
		to := Done
		if q.State != Erasing {
			to, holds = Rejected, nil
		}
		if err := s.audit(ctx, id, "closed", "", fmt.Sprintf("%s, certificate %s", to, q.Certificate)); err != nil {
			return none, err
		}
		defer s.wake()
		err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
			r.State, r.Warning, r.Remains = to, "", holds
			r.Closed = time.Now().UTC().Truncate(time.Microsecond)
			what := tellDone
			if to == Rejected {
				what = tellRefused
			}
			if err := s.tell(ctx, tx, r, what, "", toPerson, toRequester, toHook); err != nil {
				return err
			}
			for _, h := range holds {
				if _, err := tx.ExecContext(ctx, `INSERT INTO erasure_remainders (request, hold) VALUES ($1, $2)`, id, h); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_links WHERE request = $1`, id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_objects WHERE request = $1`, id); err != nil {
				return err // whose keys may name the person; the certificate has them masked
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_holders WHERE request = $1`, id); err != nil {
				return err
			}
			if len(holds) > 0 {
				return nil // they are needed once more, when the holds end
			}
			_, err := tx.ExecContext(ctx, `UPDATE erasure_requests SET identifiers = '' WHERE id = $1`, id)
			return err
		})
		if err != nil {
			return none, err
		}
	}
	s.exactness.drop(id)
	return none, s.DB.Truncate(ctx)
}
