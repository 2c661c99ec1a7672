package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"lethe"
	"lethe/event"
)

// Events tell how far the receivers of events are, and keep what they did not
// take. See event.Dispatcher for what each method promises.
type Events interface {
	Status(ctx context.Context) ([]event.Status, error)
	DeadLetters(ctx context.Context, receiver string, after int64, limit int) ([]event.DeadLetter, error)
	Redeliver(ctx context.Context, receiver string, ids ...int64) (int, error)
	Discard(ctx context.Context, receiver string, ids ...int64) (int, error)
}

// Receivers of events are lethe's own, so their actions and resources are not AWS's.
const eventResource = "arn:lethe:event:::*"

func (s *server) listReceivers(c *call) ([]need, func() error, error) {
	return []need{{"lethe:ListEventReceivers", eventResource}}, func() error {
		all, err := s.Events.Status(c.r.Context())
		if err != nil {
			return err
		}
		if all == nil {
			all = []event.Status{}
		}
		return reply(c.w, http.StatusOK, struct {
			Receivers []event.Status `json:"receivers"`
		}{all})
	}, nil
}

type deadLetter struct {
	ID        int64     `json:"id"`
	Receiver  string    `json:"receiver"`
	Event     string    `json:"event"`
	Bucket    string    `json:"bucket"`
	Key       string    `json:"key"`
	Version   string    `json:"version,omitempty"`
	Sequencer string    `json:"sequencer"`
	Time      time.Time `json:"time"`
	Tries     int       `json:"tries"`
	Reason    string    `json:"reason"`
	Died      time.Time `json:"died"`
}

func (s *server) listDeadLetters(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 50, 1, 1000)
	if err != nil {
		return nil, nil, err
	}
	after, err := c.number("after", 0, 0, 1<<62)
	if err != nil {
		return nil, nil, err
	}
	return []need{{"lethe:ListDeadLetters", eventResource}}, func() error {
		letters, err := s.Events.DeadLetters(c.r.Context(), c.query("receiver"), after, int(limit)+1)
		if err != nil {
			return err
		}
		var out struct {
			DeadLetters []deadLetter `json:"dead_letters"`
			Next        string       `json:"next,omitempty"`
		}
		if len(letters) > int(limit) {
			letters = letters[:limit]
			out.Next = strconv.FormatInt(letters[limit-1].ID, 10)
		}
		out.DeadLetters = make([]deadLetter, len(letters))
		for i, l := range letters {
			e := l.Event
			out.DeadLetters[i] = deadLetter{ID: l.ID, Receiver: l.Receiver, Event: e.Name, Bucket: e.Bucket, Key: e.Key, Version: e.Version,
				Sequencer: e.Sequencer, Time: e.Time, Tries: l.Tries, Reason: l.Reason, Died: l.Died}
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

func (s *server) redeliver(c *call) ([]need, func() error, error) {
	return []need{{"lethe:RedeliverEvents", eventResource}}, func() error { return s.settle(c, s.Events.Redeliver) }, nil
}

func (s *server) discard(c *call) ([]need, func() error, error) {
	return []need{{"lethe:DiscardEvents", eventResource}}, func() error { return s.settle(c, s.Events.Discard) }, nil
}

// settle does something with the dead letters that a request names: those of a
// receiver with the given ids, or all of them.
func (s *server) settle(c *call, do func(ctx context.Context, receiver string, ids ...int64) (int, error)) error {
	name := c.query("receiver")
	if name == "" {
		return lethe.Errorf(lethe.Invalid, "whose dead letters? receiver is missing").WithHint("GET /event-receivers lists the receivers")
	}
	var ids []int64
	for _, text := range c.r.URL.Query()["id"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return lethe.Errorf(lethe.Invalid, "id=%q is not a dead letter's id", text)
		}
		ids = append(ids, id)
	}
	n, err := do(c.r.Context(), name, ids...)
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, struct {
		Count int `json:"count"`
	}{n})
}
