package console_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"lethe"
	"lethe/event"
)

// events have one receiver with three dead letters.
type events struct{ letters []event.DeadLetter }

func newEvents() *events {
	e := &events{}
	for id := range int64(3) {
		e.letters = append(e.letters, event.DeadLetter{ID: id + 1, Receiver: "target/audit", Tries: 16, Reason: "the webhook answered 500", Died: time.Unix(1, 0),
			Event: event.Event{Name: "ObjectCreated:Put", Bucket: "lake", Key: "k", Version: "v", Sequencer: "01", Time: time.Unix(0, 0)}})
	}
	return e
}

func (e *events) Status(context.Context) ([]event.Status, error) {
	return []event.Status{{Receiver: "target/audit", Behind: 5, Held: 2, Dead: len(e.letters), Oldest: time.Unix(0, 0), Down: true, Delivered: 7, Failed: 9}, {Receiver: "subscriber/index"}}, nil
}

func (e *events) DeadLetters(_ context.Context, receiver string, after int64, limit int) (out []event.DeadLetter, err error) {
	for _, l := range e.letters {
		if l.ID > after && len(out) < limit && (receiver == "" || l.Receiver == receiver) {
			out = append(out, l)
		}
	}
	return out, nil
}

func (e *events) Redeliver(ctx context.Context, receiver string, ids ...int64) (int, error) {
	if receiver != "target/audit" {
		return 0, lethe.Errorf(lethe.NotFound, "nobody receives events as %s", receiver)
	}
	return e.Discard(ctx, receiver, ids...)
}

func (e *events) Discard(_ context.Context, receiver string, ids ...int64) (int, error) {
	before := len(e.letters)
	e.letters = slices.DeleteFunc(e.letters, func(l event.DeadLetter) bool {
		return l.Receiver == receiver && (len(ids) == 0 || slices.Contains(ids, l.ID))
	})
	return before - len(e.letters), nil
}

func TestDeadLetters(t *testing.T) {
	c := serve(t).as("admin")
	type page struct {
		DeadLetters []struct {
			ID       int64
			Receiver string
			Key      string
			Reason   string
		} `json:"dead_letters"`
		Next string
	}
	first := decode[page](c, c.do("GET", "/api/v1/dead-letters?limit=2", ""))
	if len(first.DeadLetters) != 2 || first.Next != "2" || first.DeadLetters[0].Receiver != "target/audit" || first.DeadLetters[0].Reason == "" {
		t.Errorf("%+v", first)
	}
	if rest := decode[page](c, c.do("GET", "/api/v1/dead-letters?receiver=target/audit&limit=2&after="+first.Next, "")); len(rest.DeadLetters) != 1 || rest.Next != "" {
		t.Errorf("%+v", rest)
	}
	count := func(path string) int {
		a := c.do("POST", "/api/v1/dead-letters/"+path, "")
		c.want(a, http.StatusOK)
		return decode[struct{ Count int }](c, a).Count
	}
	if n := count("redeliver?receiver=target/audit&id=1"); n != 1 {
		t.Error(n)
	}
	if n := count("discard?receiver=target/audit"); n != 2 {
		t.Error(n)
	}
	c.problem(c.do("POST", "/api/v1/dead-letters/discard", ""), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("POST", "/api/v1/dead-letters/discard?receiver=x&id=y", ""), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("POST", "/api/v1/dead-letters/redeliver?receiver=target/gone", ""), http.StatusNotFound, lethe.NotFound)
}
