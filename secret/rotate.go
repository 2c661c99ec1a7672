package secret

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
)

// Rotator changes what a secret is the key to.
type Rotator interface {
	// Target names what a value is the key to, such as a user. It is fixed when
	// rotation is configured, so that a secret's value cannot make rotation change
	// something else.
	Target(v Value) (string, error)
	// Authorize decides whether somebody may have the target's key changed, and kept
	// where whoever reads the secret finds it.
	Authorize(ctx context.Context, p lethe.Principal, target string) error
	// Next returns the value that is to follow the current one. It changes nothing.
	Next(ctx context.Context, current Value) (Value, error)
	// Set makes next count. What counted before may count on until the rotation after.
	// Set may be called again with the same values.
	Set(ctx context.Context, next, current Value) error
}

// Rotation says how a secret is rotated.
type Rotation struct {
	Function   string // the Rotator's; "" if it never was rotated
	Enabled    bool   // by itself
	Days       int64  // between rotations; 0 if none are scheduled
	Expression string // the schedule as given, if it was not given in days
	Last, Next time.Time

	target string
}

// Rotate says how a secret is to be rotated from now on.
type Rotate struct {
	Token      string
	Function   string // ARN; "" means as before
	Days       int64  // 0 means as before, unless Expression
	Expression string // rate(N days)
	Later      bool   // not now, but when it is due
}

var rate = regexp.MustCompile(`^rate\(([0-9]{1,4}) days?\)$`)

// Rotate configures the rotation of a secret, on behalf of p, and rotates it at once
// unless it is to be later.
func (s *Service) Rotate(ctx context.Context, p lethe.Principal, id string, r Rotate) (x Secret, version string, err error) {
	if r.Expression != "" {
		m := rate.FindStringSubmatch(r.Expression)
		if m == nil || r.Days != 0 {
			return x, "", refuse(InvalidParameter, "The schedule %s is not supported: give AutomaticallyAfterDays, or rate(N days).", r.Expression)
		}
		r.Days, _ = strconv.ParseInt(m[1], 10, 64) // four digits
	}
	if r.Days < 0 || r.Days > 1000 {
		return x, "", refuse(InvalidParameter, "RotationRules.AutomaticallyAfterDays must be within 1-1000.")
	}
	s.rotation.Lock()
	defer s.rotation.Unlock()
	x, _, current, err := s.Get(ctx, id, "", "")
	if err != nil {
		return x, "", err
	}
	name, rotator, err := s.rotator(r.Function, x)
	if err != nil {
		return x, "", err
	}
	target, err := rotator.Target(current)
	if err != nil {
		return x, "", err
	}
	if err := rotator.Authorize(ctx, p, target); err != nil {
		return x, "", err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, x.ARN); err != nil {
			return err
		}
		o := &x.Rotation
		o.Function, o.target, o.Enabled = name, target, true
		if r.Days != 0 {
			o.Days, o.Expression = r.Days, r.Expression
		}
		return s.schedule(ctx, tx, &x)
	})
	if err != nil || r.Later {
		return x, "", err
	}
	return s.rotate(ctx, x.ARN, r.Token)
}

// rotator finds what rotates by the ARN of a function.
func (s *Service) rotator(arn string, x Secret) (name string, r Rotator, err error) {
	name = x.Rotation.Function
	if arn != "" {
		name = strings.TrimPrefix(arn, lethe.FunctionARN(s.Region, ""))
	}
	if name == "" {
		return "", nil, refuse(InvalidRequest, "No Lambda rotation function ARN is associated with this secret.")
	}
	if r = s.Rotators[name]; r == nil {
		var ours []string
		for _, name := range slices.Sorted(maps.Keys(s.Rotators)) {
			ours = append(ours, lethe.FunctionARN(s.Region, name))
		}
		return "", nil, refuse(NotFound, "Rotation by the Lambda function %s is not supported: lethe runs no Lambda functions. It rotates by %s.", arn, strings.Join(ours, " and "))
	}
	return name, r, nil
}

// schedule stores how a secret is rotated, and says when next.
func (s *Service) schedule(ctx context.Context, tx *sql.Tx, x *Secret) error {
	o := &x.Rotation
	o.Next = time.Time{}
	if o.Enabled && o.Days > 0 {
		from := o.Last
		if from.IsZero() {
			from = s.now().UTC().Truncate(time.Microsecond)
		}
		o.Next = from.Add(time.Duration(o.Days) * 24 * time.Hour)
	}
	enabled := int64(0)
	if o.Enabled {
		enabled = 1
	}
	_, err := tx.ExecContext(ctx, `UPDATE secret_secrets SET function = $1, target = $2, rotating = $3, days = $4, expression = $5, rotated = $6, rotate_next = $7 WHERE id = $8`,
		o.Function, o.target, enabled, o.Days, o.Expression, micros(o.Last), micros(o.Next), x.ID)
	return err
}

// rotate gives a secret its next value. A rotation that a crash ended goes on with the
// value that it made.
func (s *Service) rotate(ctx context.Context, arn, token string) (x Secret, version string, err error) {
	x, v, current, err := s.Get(ctx, arn, "", "")
	if err != nil {
		return x, "", err
	}
	if token != "" && token == v.ID {
		return x, v.ID, nil // the same request again
	}
	_, r, err := s.rotator("", x)
	if err != nil {
		return x, "", err
	}
	next, version, err := s.pending(ctx, x, r, current, v.ID, token)
	if err != nil {
		return x, "", err
	}
	for _, value := range []Value{current, next} {
		if target, err := r.Target(value); err != nil {
			return x, "", err
		} else if target != x.Rotation.target {
			return x, "", refuse(InvalidRequest, "The secret is now of %s, and its rotation was configured for %s: configure it anew.", target, x.Rotation.target)
		}
	}
	if err := r.Set(ctx, next, current); err != nil {
		return x, "", fmt.Errorf("rotating %s: %w", x.ARN, err)
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, arn); err != nil {
			return err
		}
		if err := s.move(ctx, tx, &x, Current, version); err != nil {
			return err
		}
		x.Rotation.Last = s.now().UTC().Truncate(time.Microsecond)
		if err := s.schedule(ctx, tx, &x); err != nil {
			return err
		}
		return s.changed(ctx, tx, &x)
	})
	return x, version, err
}

// pending returns the value that a rotation goes on with: that of a rotation which did
// not end, or a new one. What others labelled AWSPENDING is not taken: they might know
// the key to what they may not open.
func (s *Service) pending(ctx context.Context, x Secret, r Rotator, current Value, version, token string) (next Value, id string, err error) {
	if id = x.Stages[Pending]; id != "" && id != version {
		var ours bool
		err = s.DB.View(ctx, func(tx *sql.Tx) error {
			var v Version
			v, next, ours, err = s.value(ctx, tx, x, id)
			ours = ours && v.Created.After(x.Rotation.Last)
			return err
		})
		if err != nil || ours {
			return next, id, err
		}
	}
	if next, err = r.Next(ctx, current); err != nil {
		return next, "", err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, x.ARN); err != nil {
			return err
		}
		id, err = s.put(ctx, tx, &x, Put{Value: next, Token: token, Stages: []string{Pending}}, true)
		return err
	})
	return next, id, err
}

// CancelRotation ends the rotation of a secret by itself.
func (s *Service) CancelRotation(ctx context.Context, id string) (x Secret, err error) {
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		x.Rotation.Enabled = false
		return s.schedule(ctx, tx, &x)
	})
	return x, err
}

// RotateDue rotates what is due. It is called from time to time; what fails is tried again
// at the next.
func (s *Service) RotateDue(ctx context.Context) error {
	var due []Secret
	err := s.DB.View(ctx, func(tx *sql.Tx) (err error) {
		due, err = s.load(ctx, tx, "rotating = 1 AND deleted = 0 AND rotate_next > 0 AND rotate_next <= $1", s.now().UnixMicro())
		return err
	})
	if err != nil {
		return err
	}
	s.rotation.Lock()
	defer s.rotation.Unlock()
	for _, x := range due {
		if _, _, e := s.rotate(ctx, x.ARN, ""); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}
