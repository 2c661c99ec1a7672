package console

import (
	"fmt"
	"testing"
	"time"

	"lethe"
)

func TestAttempts(t *testing.T) {
	now := time.Unix(0, 0)
	a := newAttempts()
	a.now = func() time.Time { return now }
	wrong := func(client, name string) error {
		done, err := a.begin(client, name)
		if err == nil {
			done(true)
		}
		return err
	}

	for range wrongPerClient {
		if err := wrong("1.1.1.1", "admin"); err != nil {
			t.Fatal(err)
		}
	}
	if err := wrong("1.1.1.1", "other"); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("a client over its bound: %v", err)
	}
	if err := wrong("2.2.2.2", "admin"); err != nil {
		t.Errorf("another client is locked out: %v", err)
	}

	now = now.Add(wrongWindow)
	if err := wrong("1.1.1.1", "admin"); err != nil {
		t.Errorf("after the window: %v", err)
	}

	// Many addresses guessing one name are bounded by the name.
	now = now.Add(wrongWindow)
	for i := range wrongPerName {
		if err := wrong(fmt.Sprint("10.0.0.", i), "admin"); err != nil {
			t.Fatal(err)
		}
	}
	if err := wrong("10.0.1.1", "admin"); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("a name over its bound: %v", err)
	}
}

func TestAttemptsAtOnceAllCount(t *testing.T) {
	a := newAttempts()
	var open []func(bool)
	for range wrongPerClient {
		done, err := a.begin("1.1.1.1", "admin")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, done)
	}
	if _, err := a.begin("1.1.1.1", "admin"); err == nil {
		t.Error("more attempts at once than may be wrong")
	}
	for _, done := range open {
		done(false)
	}
	if _, err := a.begin("1.1.1.1", "admin"); err != nil {
		t.Errorf("right logins were counted: %v", err)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	a := newAttempts()
	a.now = func() time.Time { return now }
	for i := range 2 * maxTracked {
		if done, err := a.begin(fmt.Sprint(i), fmt.Sprint(i)); err == nil {
			done(true)
		}
	}
	if len(a.counts) > maxTracked {
		t.Errorf("%d counts are kept", len(a.counts))
	}
	now = now.Add(wrongWindow)
	if _, err := a.begin("new", "new"); err != nil {
		t.Errorf("old counts are not swept: %v", err)
	}
}
