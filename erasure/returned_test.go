package erasure_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"lethe/erasure"
	"lethe/event"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// readOnly is a store in which nothing can be changed while it is.
type readOnly struct {
	object.Store
	is atomic.Bool
}

var errReadOnly = errors.New("the store takes nothing")

func (s *readOnly) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	if s.is.Load() {
		return object.Object{}, errReadOnly
	}
	return s.Store.Put(ctx, bucket, key, r, h, c)
}

func (s *readOnly) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	if s.is.Load() {
		return object.Object{}, errReadOnly
	}
	return s.Store.Splice(ctx, bucket, key, etag, edits)
}

func (s *readOnly) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	if s.is.Load() {
		return errReadOnly
	}
	return s.Store.Delete(ctx, bucket, key, c)
}

// TestWhoComesBackIsErasedLater: where somebody who comes back cannot be erased at once,
// because the store fails, the next listing erases them, though the index has the object
// already.
func TestWhoComesBackIsErasedLater(t *testing.T) {
	store := &readOnly{}
	l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, func(c *erasure.Config) { store.Store, c.Store = c.Store, store })
	l.reviews("")
	l.write("reviews/1.json", hers, somebody)
	q := l.ask(ada...)
	l.approve(q.ID)
	l.until(q.ID, erasure.Done)

	l.write("reviews/2.json", somebody, hers)
	store.is.Store(true)
	if err := l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/2.json"}}); !errors.Is(err, errReadOnly) {
		t.Errorf("with a store that takes nothing: %v", err)
	}
	if _, err := l.Build(t.Context(), nil); err == nil {
		t.Error("a build says nothing of it")
	}
	store.is.Store(false)
	l.build()
	l.wantLines("reviews/2.json", somebody)
	l.want("user_id", "ada")
	if p := l.build(); p.Objects != 0 {
		t.Errorf("read again: %+v", p)
	}
}

// TestWhoComesBackUnderALock: a version that must stay is read once more, and not by each
// listing.
func TestWhoComesBackUnderALock(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	q := l.ask(ada...)
	l.approve(q.ID)
	l.until(q.ID, erasure.Done)

	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "lake", []byte(`{"Enabled":true}`)))
	l.write("reviews/2.json", somebody, hers)
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/2.json") {
		l.must(err)
		l.must(l.store.Gateway().PutObjectLegalHold(t.Context(), "lake", v.Key, v.Version, true))
	}
	l.build()
	l.build()
	if p := l.build(); p.Objects != 0 {
		t.Errorf("read again: %+v", p)
	}
	l.want("user_id", "ada", "reviews/2.json[1]")
}
