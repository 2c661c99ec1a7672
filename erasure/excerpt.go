package erasure

import (
	"context"
	"crypto/sha256"
	"io"

	"lethe"
	"lethe/object"
)

// Surveyor is a SecondReader that reads objects' tables of contents.
type Surveyor interface {
	// Survey reads an object's table of contents. An error of kind Unsupported says that
	// it reads none of such objects; others are as SecondReader's.
	Survey(ctx context.Context, s Stored, src object.Content) (Survey, error)
}

// Survey is an object's table of contents.
type Survey interface {
	Records() int64
	// Follows says what is wrong with it, if the object came of another by edits: what no
	// edit touched must be where it was, as far as edits have not moved it, and told of
	// as it was.
	Follows(before Survey, edits []object.Edit) error
}

// expected is what a cut must leave, as far as it is known before it is made.
type expected struct {
	size int64
	// contents is the table of contents as it was; nil in formats that have none.
	contents Survey
	// sum is of the excerpt, in formats without a table of contents, where it is small.
	sum [sha256.Size]byte
}

// expect returns what a plan will leave of an object; nil where it takes reading all of
// that to tell.
func (s *Service) expect(ctx context.Context, k look, p *Plan, before object.Object) (*expected, error) {
	if p.Excerpt == nil {
		return nil, nil
	}
	was := content{ctx, s.Store, before}
	made, err := newView(was, p.Edits)
	if err != nil {
		return nil, err
	}
	e := &expected{size: made.Size()}
	if p.Contents {
		surveyor, ok := s.SecondReader.(Surveyor)
		if !ok {
			return nil, nil
		}
		e.contents, err = surveyor.Survey(ctx, Stored{k.table, k.storage, k.Mapping.Format, before.Key}, was)
		if lethe.Is(err, lethe.Unsupported) {
			return nil, nil
		}
	} else {
		e.sum, err = sumOf(made, p.Excerpt)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// sumOf is a SHA-256 of an excerpt.
func sumOf(made object.Content, excerpt []object.Edit) (sum [sha256.Size]byte, err error) {
	v, err := newView(made, excerpt)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, io.NewSectionReader(v, 0, v.Size()), make([]byte, min(v.Size()+1, 1<<20))); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// verifyExcerpt reads what a cut made as far as it is new, by both readers. The rest is
// what it was, as Splice leaves it: so the object's size must be what the edits make,
// what was read of it must be what the plan leaves there, and what a table of contents
// says of the rest must follow from what the one before said, by the edits.
func (s *Service) verifyExcerpt(ctx context.Context, sub subject, k look, was *expected, p *Plan, after object.Object) error {
	if after.Size != was.size {
		return lethe.Errorf(lethe.BadData, "it has %d bytes after it was cut, and not %d", after.Size, was.size)
	}
	made := content{ctx, s.Store, after}
	if was.contents != nil {
		if err := s.verifyContents(ctx, k, was, p, after); err != nil {
			return err
		}
	} else if sum, err := sumOf(made, p.Excerpt); err != nil {
		return err
	} else if sum != was.sum {
		return lethe.Errorf(lethe.BadData, "where it was cut it is not what the cut leaves")
	}
	excerpt, err := newView(made, p.Excerpt)
	if err != nil {
		return err
	}
	holds := k.holds(sub)
	rows, err := s.readOnce(ctx, k, after.Key, excerpt, holds)
	if err != nil {
		return err
	}
	if rows != p.ExcerptRows {
		return lethe.Errorf(lethe.BadData, "where it was cut it has %d records, and not %d", rows, p.ExcerptRows)
	}
	return s.readAgain(ctx, k, after.Key, excerpt, rows, holds)
}

// verifyContents verifies the table of contents of what a cut made.
func (s *Service) verifyContents(ctx context.Context, k look, was *expected, p *Plan, after object.Object) error {
	now, err := s.SecondReader.(Surveyor).Survey(ctx, Stored{k.table, k.storage, k.Mapping.Format, after.Key}, content{ctx, s.Store, after})
	switch {
	case err != nil && !stays(err):
		return err
	case err != nil:
		return lethe.Errorf(lethe.BadData, "another reader cannot read the table of contents of what was left of it: %w", err)
	}
	want := p.Rows
	if modes[k.Mode] == Delete {
		want -= p.Cut
	}
	if now.Records() != want {
		return lethe.Errorf(lethe.BadData, "its table of contents has %d records after %d of %d were cut out", now.Records(), p.Cut, p.Rows)
	}
	if err := now.Follows(was.contents, p.Edits); err != nil {
		return lethe.Errorf(lethe.BadData, "its table of contents is not what the cut leaves: %w", err)
	}
	return nil
}
