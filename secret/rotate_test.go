package secret_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/secret"
)

// door is what a secret is the key to: values are TARGET:NUMBER.
type door struct {
	opens  []string // what does, the latest last
	fails  error
	denied bool
}

func (*door) Target(v secret.Value) (string, error) {
	target, _, ok := strings.Cut(v.Text, ":")
	if !ok {
		return "", lethe.Errorf(lethe.Invalid, "not a key")
	}
	return target, nil
}

func (d *door) Authorize(context.Context, lethe.Principal, string) error {
	if d.denied {
		return lethe.Errorf(lethe.Denied, "you may not")
	}
	return nil
}

func (d *door) Next(_ context.Context, v secret.Value) (secret.Value, error) {
	return secret.Value{Text: v.Text + "+"}, nil
}

func (d *door) Set(_ context.Context, next, _ secret.Value) error {
	if d.fails != nil {
		return d.fails
	}
	d.opens = append(d.opens, next.Text)
	return nil
}

const ourDoor = "arn:aws:lambda:eu-central-1:000000000000:function:door"

func TestRotate(t *testing.T) {
	d := &door{}
	l := open(t, map[string]secret.Rotator{"door": d})
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { now = now.Add(time.Microsecond); return now })
	l.create("s", "house:1")
	rotate := func(r secret.Rotate) (secret.Secret, error) {
		x, _, err := l.Rotate(t.Context(), lethe.System, "s", r)
		return x, err
	}
	_, err := rotate(secret.Rotate{})
	refused(t, err, secret.InvalidRequest, "No Lambda rotation function")
	_, err = rotate(secret.Rotate{Function: "arn:aws:lambda:eu-central-1:000000000000:function:mine"})
	refused(t, err, secret.NotFound, "runs no Lambda functions. It rotates by "+ourDoor)
	_, err = rotate(secret.Rotate{Function: ourDoor, Expression: "cron(0 8 1 * ? *)"})
	refused(t, err, secret.InvalidParameter, "rate(N days)")
	_, err = rotate(secret.Rotate{Function: ourDoor, Days: 1001})
	refused(t, err, secret.InvalidParameter, "1-1000")
	d.denied = true
	if _, err = rotate(secret.Rotate{Function: ourDoor}); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	d.denied = false
	if x, err := l.Describe(t.Context(), "s"); err != nil || x.Rotation.Function != "" {
		t.Error("a refused request left", x.Rotation, err)
	}

	x, err := rotate(secret.Rotate{Function: ourDoor, Days: 30})
	if err != nil || !x.Rotation.Enabled || x.Rotation.Next.Sub(x.Rotation.Last) != 30*24*time.Hour {
		t.Fatal(x.Rotation, err)
	}
	l.has("s", "", "", "house:1+")
	l.has("s", "", secret.Previous, "house:1")
	if len(d.opens) != 1 || d.opens[0] != "house:1+" {
		t.Error(d.opens)
	}

	// The same request again rotates once.
	for range 2 {
		_, version, err := l.Rotate(t.Context(), lethe.System, "s", secret.Rotate{Token: token(1)})
		if err != nil || version != token(1) {
			t.Error(version, err)
		}
	}
	l.has("s", "", "", "house:1++")

	// What fails is tried again with the same value.
	d.fails = errors.New("jammed")
	if _, err := rotate(secret.Rotate{}); !errors.Is(err, d.fails) {
		t.Error(err)
	}
	l.has("s", "", "", "house:1++")
	l.has("s", "", secret.Pending, "house:1+++")
	d.fails = nil
	now = now.Add(31 * 24 * time.Hour)
	must(t, l.RotateDue(t.Context()))
	l.has("s", "", "", "house:1+++")
	must(t, l.RotateDue(t.Context())) // nothing is due
	l.has("s", "", "", "house:1+++")

	_, err = l.CancelRotation(t.Context(), "s")
	must(t, err)
	now = now.Add(31 * 24 * time.Hour)
	must(t, l.RotateDue(t.Context()))
	l.has("s", "", "", "house:1+++")
}

// Whoever may write a secret's value, and no more, cannot have another's key changed, nor
// choose what a key becomes.
func TestRotationIsNotRedirected(t *testing.T) {
	d := &door{}
	l := open(t, map[string]secret.Rotator{"door": d})
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { now = now.Add(time.Microsecond); return now })
	l.create("s", "shed:1")
	_, _, err := l.Rotate(t.Context(), lethe.System, "s", secret.Rotate{Function: ourDoor, Days: 1})
	must(t, err)
	l.put("s", "shed:known", secret.Pending)
	now = now.Add(25 * time.Hour)
	must(t, l.RotateDue(t.Context()))
	l.has("s", "", "", "shed:1++")

	l.put("s", "palace:1")
	now = now.Add(25 * time.Hour)
	refused(t, l.RotateDue(t.Context()), secret.InvalidRequest, "is now of palace")
	for _, key := range d.opens {
		if strings.Contains(key, "known") || strings.Contains(key, "palace") {
			t.Error(d.opens)
		}
	}
}
