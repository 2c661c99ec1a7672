package event

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRedactTexts: dead letters about a person's objects go, and what is still to be
// delivered is only counted.
func TestRedactTexts(t *testing.T) {
	o := newOutbox()
	d := open(t, testConfig(t, o, map[string]Target{"all": &consumer{}}))
	held := []struct {
		key, reason string
		dead        bool
	}{
		{"people/u2.csv", "refused", true}, {"people/u1.csv", "refused", true}, {"a.csv", "there is no room for u2", true},
		{"people/u2.csv", "down", false}, {"people/u1.csv", "down", false},
	}
	err := d.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		for i, h := range held {
			doc, err := json.Marshal(Event{Name: "ObjectRemoved:Delete", Bucket: "lake", Key: h.key, Time: time.Now()})
			if err != nil {
				return err
			}
			died := 0
			if h.dead {
				died = 1
			}
			if _, err := tx.Exec(`INSERT INTO event_held (id, receiver, document, rule, tries, reason, died) VALUES ($1, 'target/all', $2, '', 1, $3, $4)`, i+1, string(doc), h.reason, died); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f := func(text string) string { return strings.ReplaceAll(text, "u2", "-") }
	for _, step := range []struct {
		dry           bool
		dead, waiting int64
	}{{true, 2, 1}, {false, 2, 1}, {false, 0, 1}} {
		dead, waiting, err := d.RedactTexts(t.Context(), step.dry, f)
		if err != nil || dead != step.dead || waiting != step.waiting {
			t.Errorf("dry %v: %d dead and %d waiting, %v", step.dry, dead, waiting, err)
		}
	}
	left, err := d.DeadLetters(t.Context(), "", 0, 10)
	if err != nil || len(left) != 1 || left[0].Event.Key != "people/u1.csv" {
		t.Error(fmt.Errorf("left are %+v, %w", left, err))
	}
}
