package console

import (
	"errors"
	"io"
	"net/http"
	"path"
	"time"

	"lethe"
	"lethe/access"
	"lethe/object"
)

type bucketJSON struct {
	Name    string     `json:"name"`
	Created *time.Time `json:"created,omitempty"`
}

type objectJSON struct {
	Key         string            `json:"key"`
	Size        int64             `json:"size"`
	ETag        string            `json:"etag"`
	Modified    time.Time         `json:"modified"`
	Version     string            `json:"version,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

func objectOf(o object.Object) objectJSON {
	return objectJSON{o.Key, o.Size, o.ETag, o.Modified, o.Version, o.ContentType, o.Metadata}
}

func (s *server) listBuckets(c *call) ([]need, func() error, error) {
	return []need{{"s3:ListAllMyBuckets", "*"}}, func() error {
		bs, err := s.Objects.Buckets(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]bucketJSON, len(bs))
		for i, b := range bs {
			out[i] = bucketJSON{b.Name, when(b.Created)}
		}
		return reply(c.w, http.StatusOK, map[string]any{"buckets": out})
	}, nil
}

func (s *server) createBucket(c *call) ([]need, func() error, error) {
	b := c.path("bucket")
	return []need{{"s3:CreateBucket", lethe.BucketARN(b)}}, func() error {
		if err := s.Objects.CreateBucket(c.r.Context(), b); err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, bucketJSON{Name: b})
	}, nil
}

func (s *server) deleteBucket(c *call) ([]need, func() error, error) {
	b := c.path("bucket")
	return []need{{"s3:DeleteBucket", lethe.BucketARN(b)}}, func() error {
		if err := s.Objects.DeleteBucket(c.r.Context(), b); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

func (s *server) listObjects(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 500, 1, 1000)
	if err != nil {
		return nil, nil, err
	}
	b := c.path("bucket")
	return []need{{"s3:ListBucket", lethe.BucketARN(b)}}, func() error {
		if d, ok := s.Access.(access.Listings); ok {
			if err := d.DecideListing(c.r.Context(), c.principal, b, c.query("prefix"), c.query("delimiter")); err != nil {
				return err
			}
		}
		l, err := s.Objects.List(c.r.Context(), b, object.ListOptions{
			Prefix: c.query("prefix"), Delimiter: c.query("delimiter"), After: c.query("after"), Limit: int(limit)})
		if err != nil {
			return err
		}
		out := struct {
			Prefixes []string     `json:"prefixes"`
			Objects  []objectJSON `json:"objects"`
			Next     string       `json:"next,omitempty"`
		}{append([]string{}, l.Prefixes...), make([]objectJSON, len(l.Objects)), l.Next}
		for i, o := range l.Objects {
			out.Objects[i] = objectOf(o)
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

func (s *server) getObject(c *call) ([]need, func() error, error) {
	b, k := c.path("bucket"), c.path("key")
	return []need{{"s3:GetObject", lethe.ObjectARN(b, k)}}, func() error {
		return s.download(c, b, k, path.Base(k))
	}, nil
}

// download streams an object, or the ranges that are asked for, to be saved.
// Whatever it holds, a browser is told that it is bytes: what users store must
// not run as a page of the console.
func (s *server) download(c *call, bucket, key, name string) error {
	o, err := s.Objects.Head(c.r.Context(), bucket, key)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachment(name))
	h.Set("ETag", o.ETag)
	body := &objectReader{call: c, store: s.Objects, o: o}
	defer body.Close()
	http.ServeContent(c.w, c.r, "", o.Modified, body)
	if body.err != nil && c.r.Context().Err() == nil {
		return errors.Join(errAnswered, body.err)
	}
	return nil
}

// objectReader reads one version of an object from wherever it is sought to.
type objectReader struct {
	call  *call
	store object.Store
	o     object.Object
	at    int64
	body  io.ReadCloser
	err   error // of the store
}

func (r *objectReader) Read(p []byte) (int, error) {
	if r.body == nil {
		if r.at >= r.o.Size {
			return 0, io.EOF
		}
		body, o, err := r.store.Open(r.call.r.Context(), r.o.Bucket, r.o.Key, r.at, -1)
		if err != nil {
			r.err = err
			return 0, err
		}
		if o.ETag != r.o.ETag {
			body.Close()
			r.err = lethe.Errorf(lethe.Conflict, "s3://%s/%s was replaced while it was read", o.Bucket, o.Key)
			return 0, r.err
		}
		r.body = body
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

func (r *objectReader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += r.at
	case io.SeekEnd:
		off += r.o.Size
	}
	if off < 0 {
		return 0, errors.New("seek before the object's begin")
	}
	if off != r.at {
		r.Close()
		r.at = off
	}
	return off, nil
}

func (r *objectReader) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// putObject streams an upload into the store. If-None-Match: * keeps what is
// there; If-Match replaces only what the client has seen.
func (s *server) putObject(c *call) ([]need, func() error, error) {
	b, k := c.path("bucket"), c.path("key")
	cond := object.Condition{IfMatch: c.r.Header.Get("If-Match")}
	switch v := c.r.Header.Get("If-None-Match"); v {
	case "":
	case "*":
		cond.IfNoneMatch = true
	default:
		return nil, nil, lethe.Errorf(lethe.Invalid, "If-None-Match is %q; an upload takes only *", v)
	}
	return []need{{"s3:PutObject", lethe.ObjectARN(b, k)}}, func() error {
		body := &patientReader{r: c.r.Body, conn: http.NewResponseController(c.w)}
		o, err := s.Objects.Put(c.r.Context(), b, k, body, object.Header{ContentType: c.r.Header.Get("Content-Type")}, cond)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, objectOf(o))
	}, nil
}

// idle is how long an upload may pause.
const idle = time.Minute

// patientReader lets a body take as long as it needs while it moves, whatever
// the server's deadline for other requests.
type patientReader struct {
	r    io.Reader
	conn *http.ResponseController
}

func (p *patientReader) Read(b []byte) (int, error) {
	// Servers without deadlines, as in tests, do not take this; they wait anyway.
	if err := p.conn.SetReadDeadline(time.Now().Add(idle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.r.Read(b)
}

func (s *server) deleteObject(c *call) ([]need, func() error, error) {
	b, k := c.path("bucket"), c.path("key")
	return []need{{"s3:DeleteObject", lethe.ObjectARN(b, k)}}, func() error {
		if err := s.Objects.Delete(c.r.Context(), b, k, object.Condition{IfMatch: c.r.Header.Get("If-Match")}); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}
