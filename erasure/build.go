package erasure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/object"

	"golang.org/x/sync/errgroup"
)

// Progress tells how far a Build is.
type Progress struct {
	Listed      bool      `json:"listed"` // all objects have been found: Objects and Bytes are final
	Objects     int64     `json:"objects"`
	Bytes       int64     `json:"bytes"` // to be read
	ObjectsRead int64     `json:"objects_read"`
	BytesRead   int64     `json:"bytes_read"`
	Rows        int64     `json:"rows"`
	Postings    int64     `json:"postings"`  // of those
	Known       int64     `json:"known"`     // objects that were in the index as they are
	Unread      int64     `json:"unread"`    // that could not be read
	Forgotten   int64     `json:"forgotten"` // that are no more
	Began       time.Time `json:"began,omitzero"`
}

// Left estimates how long a Build takes yet; 0 while that cannot be told.
func (p Progress) Left(now time.Time) time.Duration {
	if !p.Listed || p.BytesRead == 0 {
		return 0
	}
	return time.Duration(float64(now.Sub(p.Began)) * float64(p.Bytes-p.BytesRead) / float64(p.BytesRead))
}

// build is a Build under way.
type build struct {
	s     *Service
	scope *scope
	work  chan task

	objects, bytes, objectsRead, bytesRead, rows, postings, known, unread, forgotten atomic.Int64
	listed                                                                           atomic.Bool
	began                                                                            time.Time

	// unreadBefore are the versions that could not be read before, without those that
	// the listing has come to and that still are not in the index.
	unreadBefore map[ObjectVersion]bool
}

func (b *build) progress() Progress {
	return Progress{
		Listed: b.listed.Load(), Objects: b.objects.Load(), Bytes: b.bytes.Load(), ObjectsRead: b.objectsRead.Load(), BytesRead: b.bytesRead.Load(),
		Rows: b.rows.Load(), Postings: b.postings.Load(), Known: b.known.Load(), Unread: b.unread.Load(), Forgotten: b.forgotten.Load(), Began: b.began,
	}
}

// every is how often a Build tells its progress.
const every = time.Second

// Build brings the index to what the store has: it reads every version of every
// object of the mapped tables that is not in the index as it is, and forgets those
// that are no more. It may be stopped, or killed, at any moment: the next one goes
// on with what is left. report, if not nil, is told the progress now and then.
//
// Objects that cannot be read do not stop it. They are kept as Unread with the
// reason, and are tried again by the next Build if trying may help.
func (s *Service) Build(ctx context.Context, report func(Progress)) (Progress, error) {
	c, err := s.scope(ctx, false)
	if err != nil {
		return Progress{}, err
	}
	b := &build{s: s, scope: c, work: make(chan task, 4*s.AtOnce), began: time.Now(), unreadBefore: map[ObjectVersion]bool{}}
	us, err := s.allUnread(ctx)
	if err != nil {
		return Progress{}, err
	}
	for _, u := range us {
		b.unreadBefore[u.ObjectVersion] = true
	}
	wctx := ctx // the group's is canceled when it has ended
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(b.work)
		if err := b.leave(ctx); err != nil {
			return err
		}
		for _, root := range c.roots() {
			if err := b.list(ctx, root); err != nil {
				return err
			}
		}
		b.listed.Store(true)
		return nil
	})
	for range s.AtOnce {
		g.Go(func() error { return b.reader(ctx) })
	}
	done := make(chan struct{})
	var reporter sync.WaitGroup
	if report != nil {
		reporter.Go(func() {
			t := time.NewTicker(every)
			defer t.Stop()
			for {
				select {
				case <-done:
					return
				case <-t.C:
					report(b.progress())
				}
			}
		})
	}
	if err = g.Wait(); err == nil {
		err = b.dropUnread(wctx)
	}
	close(done)
	reporter.Wait()
	if err == nil && report != nil {
		report(b.progress())
	}
	return b.progress(), err
}

// reader gives the index what it reads, many objects by one Put.
func (b *build) reader(ctx context.Context) error {
	for {
		t, ok := <-b.work
		if !ok {
			return ctx.Err()
		}
		if err := b.s.index(ctx, func(yield func(task) bool) {
			for n := 0; ok; n++ {
				if !yield(t) || n == putAtMost {
					return
				}
				select { // what waits goes along; nothing is waited for
				case t, ok = <-b.work:
				default:
					return
				}
			}
		}, b.read); err != nil {
			return err
		}
	}
}

// putAtMost is how many objects go to the index before they count.
const putAtMost = 1000

func (b *build) read(r *reading) {
	if r.err != nil {
		b.unread.Add(1)
	} else {
		b.rows.Add(r.indexed.Rows)
		b.postings.Add(r.postings)
	}
	b.objectsRead.Add(1)
	b.bytesRead.Add(r.Size)
}

// index reads object versions into the index. Those that cannot be read are kept
// as such. read is told of each.
func (s *Service) index(ctx context.Context, tasks iter.Seq[task], read func(*reading)) error {
	var all []*reading
	err := s.Index.Put(ctx, func(yield func(*Indexed, error) bool) {
		for t := range tasks {
			r := s.read(ctx, t)
			if !yield(&r.indexed, ctx.Err()) {
				return
			}
			all = append(all, r)
		}
	})
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := ctx.Err(); err != nil {
			return err // and not a reason why it could not be read
		}
		r.indexed.Mapping = r.print
		if lethe.Is(r.err, lethe.NotFound) || lethe.Is(r.err, lethe.Conflict) {
			r.err = nil // it is gone, or replaced: an event tells of that, and the next listing
		} else if err := s.settle(ctx, r); err != nil {
			return err
		}
		if r.err != nil && stays(r.err) {
			if err := s.forgetReplaced(ctx, r.version()); err != nil {
				return err
			}
		}
		read(r)
		if r.back && ctx.Value(erasingAgain{}) == nil {
			stays, err := s.eraseAgain(context.WithValue(ctx, erasingAgain{}, true), r.version())
			if err == nil && stays && r.err == nil {
				r.kept = true
				err = s.Index.Put(ctx, func(yield func(*Indexed, error) bool) { yield(&r.indexed, nil) })
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetReplaced forgets what the index has of other bytes of a version, which is not
// in it now.
func (s *Service) forgetReplaced(ctx context.Context, o ObjectVersion) error {
	var old []ObjectVersion
	for e, err := range s.Index.Entries(ctx, o.Bucket, o.Key) {
		if err != nil {
			return err
		}
		if e.Key != o.Key {
			break
		}
		if e.Version == o.Version && e.ETag != o.ETag {
			old = append(old, e.ObjectVersion)
		}
	}
	for _, e := range old {
		if err := s.forget(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// erasingAgain is in the context of eraseAgain: what that leaves, and looks at once more at
// its end, is not erased again by itself.
type erasingAgain struct{}

// eraseAgain erases those who were erased before from an object that has come with
// them, as from an old copy. What cannot be erased, as under a lock, stays in the
// index, where the next request finds it; stays says that the version does.
func (s *Service) eraseAgain(ctx context.Context, o ObjectVersion) (stays bool, err error) {
	kept, err := s.keeping(ctx, "")
	if err != nil {
		return false, err
	}
	// As they are now: who joins them while this erases would be looked for in what
	// was cut, and not have been cut.
	back := s.suppressed.all()
	out, err := s.erase(ctx, subject{kept: kept, hashed: func(typ, v string) bool { return back[s.Key.Hash(typ, v)] }}, o.Bucket, o.Key)
	if len(out.Changes) > 0 {
		if c, e := s.recent(ctx); e != nil {
			err = errors.Join(err, e)
		} else {
			for _, v := range c.covers(o.Bucket, o.Key) {
				_, e := s.forgetStatistics(ctx, v)
				err = errors.Join(err, e)
			}
		}
	}
	if len(out.Changes)+len(out.Exceptions) > 0 {
		s.Log.Info("Somebody who was erased came back, and was erased again", "bucket", o.Bucket, "changes", len(out.Changes), "exceptions", len(out.Exceptions))
	}
	stays = slices.ContainsFunc(out.Exceptions, func(e Exception) bool { return e.ObjectVersion == o })
	return stays, passing(err)
}

// passing takes an error of kind Conflict, that others write a key all the time,
// for one that passes, as they will not for ever.
func passing(err error) error {
	if lethe.Is(err, lethe.Conflict) {
		return fmt.Errorf("%v", err)
	}
	return err
}

// A Build looks at so many keys together, and at so many of them at the same time:
// what stands in tags and metadata files is asked for one by one.
const (
	lookTogether = 256
	lookAtOnce   = 16
)

// list compares what the store has below a root with what the index has, key by
// key, and hands on what is to be read.
func (b *build) list(ctx context.Context, root lethe.Location) error {
	entry, stop := iter.Pull2(b.s.Index.Entries(ctx, root.Bucket, root.Key))
	defer stop()
	e, err, more := entry()
	next := func() { e, err, more = entry() }

	key := func(versions []task) error {
		k := versions[0].Key
		var have []Entry
		for ; more && err == nil && e.Key <= k; next() {
			if e.Key == k {
				have = append(have, e)
			} else if err := b.forget(ctx, e); err != nil { // a key that is no more
				return err
			}
		}
		if err != nil {
			return err
		}
		d, err := b.s.compare(ctx, versions, have)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if !v.Marker || len(v.looks) > 0 {
				b.known.Add(1)
			}
			// One that was read after all, as for an event, is unread no more.
			if len(b.unreadBefore) > 0 && (len(v.looks) > 0 || v.gone) && !slices.Contains(d.known, v.version()) {
				delete(b.unreadBefore, v.version())
			}
		}
		b.known.Add(-int64(len(d.read)))
		for _, e := range d.gone {
			if err := b.forget(ctx, e); err != nil {
				return err
			}
		}
		for _, t := range d.read {
			b.objects.Add(1)
			b.bytes.Add(t.Size)
			select {
			case b.work <- t:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	}
	var keys [][]object.Version
	flush := func() error {
		l := b.s.looker(b.scope)
		looked := make([][]task, len(keys))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(lookAtOnce)
		for i, vs := range keys {
			g.Go(func() (err error) {
				looked[i], err = l.versions(gctx, vs)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		keys = nil
		for _, vs := range looked {
			if err := key(vs); err != nil {
				return err
			}
		}
		return nil
	}
	for v, err := range object.AllVersions(ctx, b.s.Store, root.Bucket, root.Key) {
		if err != nil {
			return err
		}
		if n := len(keys); n > 0 && keys[n-1][0].Key == v.Key {
			keys[n-1] = append(keys[n-1], v)
			continue
		}
		if len(keys) == lookTogether {
			if err := flush(); err != nil {
				return err
			}
		}
		keys = append(keys, []object.Version{v})
	}
	if err := flush(); err != nil {
		return err
	}
	for ; more && err == nil; next() {
		if err := b.forget(ctx, e); err != nil {
			return err
		}
	}
	return err
}

// leave forgets what the index has below roots of earlier builds that are none any
// more, and remembers those of now.
func (b *build) leave(ctx context.Context) error {
	now := b.scope.roots()
	var old []lethe.Location
	err := b.s.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT bucket, prefix FROM erasure_roots`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l lethe.Location
			if err := rows.Scan(&l.Bucket, &l.Key); err != nil {
				return err
			}
			if !slices.Contains(now, l) {
				old = append(old, l)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, l := range now {
			if _, err := tx.ExecContext(ctx, `INSERT INTO erasure_roots (bucket, prefix) VALUES ($1, $2) ON CONFLICT DO NOTHING`, l.Bucket, l.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range old {
		for e, err := range b.s.Index.Entries(ctx, l.Bucket, l.Key) {
			if err != nil {
				return err
			}
			if len(b.scope.covers(e.Bucket, e.Key)) == 0 {
				if err := b.forget(ctx, e); err != nil {
					return err
				}
			}
		}
		err := b.s.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM erasure_roots WHERE bucket = $1 AND prefix = $2`, l.Bucket, l.Key)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *build) forget(ctx context.Context, e Entry) error {
	b.forgotten.Add(1)
	return b.s.forget(ctx, e.ObjectVersion)
}

// difference is what the index lacks of a key.
type difference struct {
	read  []task          // versions that are to be read
	known []ObjectVersion // versions that it has as they are now
	gone  []Entry         // of versions that are no more
}

// compare says what the index lacks of a key.
func (s *Service) compare(ctx context.Context, versions []task, have []Entry) (d difference, err error) {
	entries := map[ObjectVersion]Entry{}
	for _, e := range have {
		entries[e.ObjectVersion] = e
	}
	replaced := map[string]bool{} // by version: a new ETag takes the old one's place
	for _, t := range versions {
		e, known := entries[t.version()]
		delete(entries, t.version())
		if t.gone {
			continue // an event tells of that, and the next listing
		}
		if len(t.looks) == 0 {
			if known {
				d.gone = append(d.gone, e)
			}
			continue
		}
		print := s.fingerprint(t.looks)
		if known && e.Mapping == print {
			d.known = append(d.known, t.version())
			continue
		}
		u, err := s.unread(ctx, t.version())
		if err != nil {
			return d, err
		}
		if u != nil && u.Mapping == print && u.stays() {
			if known { // as it was once, and is not known to be now
				d.gone = append(d.gone, e)
			}
			continue
		}
		replaced[t.Version.Version] = true
		d.read = append(d.read, t)
	}
	for _, e := range entries {
		if !replaced[e.Version] {
			d.gone = append(d.gone, e)
		}
	}
	return d, nil
}

// Refresh brings the index to what the store has of one key.
func (s *Service) Refresh(ctx context.Context, bucket, key string) error {
	c, err := s.recent(ctx)
	if err != nil {
		return err
	}
	return s.refresh(ctx, s.looker(c), bucket, key)
}

func (s *Service) refresh(ctx context.Context, l *looker, bucket, key string) error {
	vs, err := s.versions(ctx, bucket, key)
	if err != nil {
		return err
	}
	versions, err := l.versions(ctx, vs)
	if err != nil {
		return s.hide(l.c.covers(bucket, key), key, err)
	}
	var have []Entry
	for e, err := range s.Index.Entries(ctx, bucket, key) {
		if err != nil {
			return err
		}
		if e.Key != key {
			break
		}
		have = append(have, e)
	}
	d, err := s.compare(ctx, versions, have)
	if err != nil {
		return err
	}
	for _, e := range d.gone {
		if err := s.forget(ctx, e.ObjectVersion); err != nil {
			return err
		}
	}
	var failed error
	err = s.index(ctx, func(yield func(task) bool) {
		for _, t := range d.read {
			if !yield(t) {
				return
			}
		}
	}, func(r *reading) {
		if r.err != nil && !stays(r.err) {
			failed = errors.Join(failed, r.err)
		}
	})
	return errors.Join(err, s.hide(l.c.covers(bucket, key), key, failed))
}
