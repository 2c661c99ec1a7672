package journal

import (
	"context"
	"database/sql"
	"encoding/json"

	"lethe/workflow"
)

// redacted are the columns of the journal that may quote data: each with the table,
// the columns that name a row, whether it is JSON, and whether a run that is under
// way still needs it as it is.
var redacted = []struct {
	table, run, key, column string
	json, needed            bool
}{
	{"workflow_run", "id", "''", "input", true, true},
	{"workflow_run", "id", "''", "result", true, true},
	{"workflow_run", "id", "''", "error", false, false},
	{"workflow_step", "run", "CAST(seq AS text)", "result", true, true},
	{"workflow_step", "run", "CAST(seq AS text)", "error", false, false},
	{"workflow_signal", "run", "name || '/' || key", "payload", true, true},
}

// RedactTexts passes what the journal has of texts through f: errors, and the texts
// in inputs, results and signals of runs that have ended. It returns how many rows f
// changed; with dry they stay as they are.
func (e *Engine) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (changed int64, err error) {
	work := func(tx *sql.Tx) error {
		changed = 0
		for _, c := range redacted {
			rows, err := tx.QueryContext(ctx, `SELECT `+c.run+`, `+c.key+`, `+c.column+`,
				CASE WHEN `+c.run+` IN (SELECT id FROM workflow_run WHERE state IN ('`+string(workflow.Active)+`', 'stopped')) THEN 1 ELSE 0 END
				FROM `+c.table+` WHERE `+c.column+` <> ''`)
			if err != nil {
				return err
			}
			type row struct{ run, key, text string }
			var change []row
			for rows.Next() {
				var r row
				var active int
				if err := rows.Scan(&r.run, &r.key, &r.text, &active); err != nil {
					rows.Close()
					return err
				}
				if c.needed && active == 1 {
					continue
				}
				was := r.text
				if r.text = f(was); c.json {
					r.text = redactJSON(was, f)
				}
				if r.text != was {
					change = append(change, r)
				}
			}
			rows.Close()
			if err := rows.Err(); err != nil {
				return err
			}
			changed += int64(len(change))
			for _, r := range change {
				if dry {
					break
				}
				if _, err := tx.ExecContext(ctx, `UPDATE `+c.table+` SET `+c.column+` = $1 WHERE `+c.run+` = $2 AND `+c.key+` = $3`, r.text, r.run, r.key); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if dry {
		err = e.db.View(ctx, work)
	} else {
		err = e.db.Tx(ctx, work)
	}
	return changed, err
}

// redactJSON passes the strings of a JSON text through f, and leaves the rest as it
// stands.
func redactJSON(text string, f func(string) string) string {
	var out []byte
	for i := 0; i < len(text); {
		if text[i] != '"' {
			out = append(out, text[i])
			i++
			continue
		}
		end := i + 1
		for end < len(text) && text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(text))
		literal := text[i:end]
		i = end
		var s string
		if json.Unmarshal([]byte(literal), &s) != nil {
			out = append(out, f(literal)...) // no JSON, so nobody reads it as such
			continue
		}
		if v := f(s); v != s {
			raw, _ := json.Marshal(v) // strings always marshal
			literal = string(raw)
		}
		out = append(out, literal...)
	}
	return string(out)
}
