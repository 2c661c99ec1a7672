package erasure

import (
	"context"

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

// survey reads the table of contents of an object for the verification of a plan; nil
// if there is none to read, or nobody who does.
func (s *Service) survey(ctx context.Context, k look, p *Plan, o object.Object) (Survey, error) {
	surveyor, ok := s.SecondReader.(Surveyor)
	if !ok || p.Excerpt == nil || !p.Contents {
		return nil, nil
	}
	made, err := surveyor.Survey(ctx, Stored{k.table, k.storage, k.Mapping.Format, o.Key}, content{ctx, s.Store, o})
	if lethe.Is(err, lethe.Unsupported) {
		return nil, nil
	}
	return made, err
}

// verifyExcerpt reads what a cut made as far as it is new, by both readers. The rest is
// what it was, as Splice leaves it: so the object's size must be what the edits make,
// and what a table of contents says of the rest must follow from what the one before
// said, by the edits that were made.
func (s *Service) verifyExcerpt(ctx context.Context, sub subject, k look, before object.Object, survey Survey, p *Plan, after object.Object) error {
	_, size, err := object.Edits(before.Size, p.Edits)
	if err != nil {
		return err
	}
	if after.Size != size {
		return lethe.Errorf(lethe.BadData, "it has %d bytes after it was cut, and not %d", after.Size, size)
	}
	if survey != nil {
		now, err := s.survey(ctx, k, p, after)
		switch {
		case err != nil && !stays(err):
			return err
		case err != nil || now == nil:
			return lethe.Errorf(lethe.BadData, "another reader cannot read the table of contents of what was left of it: %w", err)
		}
		want := p.Rows
		if modes[k.Mode] == Delete {
			want -= p.Cut
		}
		if now.Records() != want {
			return lethe.Errorf(lethe.BadData, "its table of contents has %d records after %d of %d were cut out", now.Records(), p.Cut, p.Rows)
		}
		if err := now.Follows(survey, p.Edits); err != nil {
			return lethe.Errorf(lethe.BadData, "its table of contents is not what the cut leaves: %w", err)
		}
	}
	excerpt, err := newView(content{ctx, s.Store, after}, p.Excerpt)
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
