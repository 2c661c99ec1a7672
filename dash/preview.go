package dash

import (
	"context"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

// Preview is how a draft of a data set looks.
type Preview struct {
	// Columns are those of the source, as fields name them.
	Columns []Column `json:"columns"`
	// Fields are the draft's with what is told of them; without any, one is proposed for
	// each column.
	Fields []Field `json:"fields"`
	// Answer has the first rows, with a column for each field that aggregates nothing.
	Answer   Answer    `json:"answer"`
	Failures []Failure `json:"failures"`
}

// Failure tells of values that do not convert to a field's type, which are null.
type Failure struct {
	Field string `json:"field"`
	// Rows do not convert, of so many that were looked at and have a value.
	Rows int64 `json:"rows"`
	Of   int64 `json:"of"`
	// Examples are some of the values.
	Examples []string `json:"examples"`
}

const (
	// previewRows is how many rows a preview has that says nothing else.
	previewRows = 100
	// sampleRows are looked at to propose fields.
	sampleRows = 200
	// countedRows are looked at for what does not convert.
	countedRows = 1_000_000
	// failureExamples are shown of each field.
	failureExamples = 5
)

// Preview returns the first rows of a draft, at most limit (a hundred if 0), and what of
// it does not convert. It is asked live and with the principal's own permissions; row
// rules of the draft do not apply to who writes them.
func (s *Service) Preview(ctx context.Context, draft DataSet, limit int) (Preview, error) {
	began := time.Now()
	if limit == 0 {
		limit = previewRows
	}
	if limit < 0 || limit > DefaultLimit {
		return Preview{}, lethe.Errorf(lethe.Invalid, "a limit of %d rows is not between 1 and %d", limit, DefaultLimit)
	}
	c := &check{}
	c.source(&draft.Source)
	c.parameters(&draft)
	if len(draft.Fields) > 0 {
		c.fields(&draft)
	}
	if err := c.err(); err != nil {
		return Preview{}, err
	}
	draft.Rules, draft.Fields = nil, slices.Clone(draft.Fields)
	at := Statement{Catalog: draft.Source.Catalog, Database: draft.Source.Database}
	columns, _, err := s.describe(ctx, &draft, at)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Columns: columns, Failures: []Failure{}}
	if len(draft.Fields) == 0 {
		if draft.Fields, err = s.proposed(ctx, draft, columns, at); err != nil {
			return p, err
		}
	}
	draft.fill(columns)
	a, err := newAsking(draft, fromSource, nil, nil, who{exempt: true}, s.now())
	if err != nil {
		return p, err
	}
	if err := a.told(&draft); err != nil {
		return p, err
	}
	p.Fields = draft.Fields
	q := Query{Rows: true, Limit: limit}
	for _, f := range draft.Fields {
		if !f.Aggregate {
			q.Dimensions = append(q.Dimensions, By{Field: f.Name})
		}
	}
	where := place{from: fromSource, set: &draft}
	if len(q.Dimensions) > 0 {
		if p.Answer, err = s.once(ctx, a, where, func(*asking) (Query, error) { return q, nil }); err != nil {
			return p, err
		}
	} else {
		p.Answer = Answer{Columns: []AnswerColumn{}, From: Live, AsOf: s.now()}
	}
	if p.Failures, err = s.failures(ctx, a, at); err != nil {
		return p, err
	}
	p.Answer.Took = float64(time.Since(began).Microseconds()) / 1000
	return p, nil
}

// proposed makes fields for a draft that has none.
func (s *Service) proposed(ctx context.Context, draft DataSet, columns []Column, st Statement) ([]Field, error) {
	if len(columns) > maxFields {
		return nil, lethe.Errorf(lethe.Invalid, "the source has %d columns; %d are allowed", len(columns), maxFields)
	}
	seen := map[string]bool{}
	columns = slices.DeleteFunc(slices.Clone(columns), func(c Column) bool {
		name := strings.ToLower(c.Name)
		twice := seen[name]
		seen[name] = true
		return twice
	})
	a, err := newAsking(draft, fromSource, nil, nil, who{exempt: true}, s.now())
	if err != nil {
		return nil, err
	}
	if st.SQL, err = a.sampleSQL(columns, sampleRows); err != nil {
		return nil, err
	}
	st.Limit = sampleRows
	rows, err := s.Asker.Ask(ctx, st)
	if err != nil {
		return nil, err
	}
	sample := map[string][]any{}
	for i, c := range columns {
		if i < len(rows.Columns) {
			sample[c.Name] = rows.Columns[i].Values
		}
	}
	return propose(columns, len(draft.Source.Tables) > 0, sample), nil
}

// failures counts what does not convert: in one question, and one more for each field of
// which something does not.
func (s *Service) failures(ctx context.Context, a *asking, st Statement) ([]Failure, error) {
	var partial []*knownField
	for _, name := range a.listed {
		if k, ok := a.known[name]; ok && k.partial && k.raw != "" {
			partial = append(partial, k)
		}
	}
	out := []Failure{}
	if len(partial) == 0 {
		return out, nil
	}
	source, err := a.sourceSQL()
	if err != nil {
		return nil, err
	}
	var inner, outer []string
	for i, k := range partial {
		v, f := "v"+itoa(i), "f"+itoa(i)
		inner = append(inner, "("+k.present()+") AS "+v, "("+k.present()+" AND "+k.sql+" IS NULL) AS "+f)
		outer = append(outer, "count_if("+v+")", "count_if("+f+")")
	}
	st.SQL = "SELECT " + strings.Join(outer, ", ") + "\nFROM (\nSELECT\n  " + strings.Join(inner, ",\n  ") + "\nFROM " + source + "\nLIMIT " + itoa(countedRows) + "\n) AS looked"
	st.Limit = 1
	counts, err := s.Asker.Ask(ctx, st)
	if err != nil {
		return nil, err
	}
	if counts.N != 1 || len(counts.Columns) != 2*len(partial) {
		return out, nil
	}
	for i, k := range partial {
		of, n := int64(float(counts.Columns[2*i].Values[0])), int64(float(counts.Columns[2*i+1].Values[0]))
		if n == 0 {
			continue
		}
		f := Failure{Field: k.Name, Rows: n, Of: of, Examples: []string{}}
		t, err := trinosql.ParseType(k.SourceType)
		if err != nil {
			return nil, err
		}
		text, _ := asText(k.raw, t)
		st.SQL = "SELECT DISTINCT " + text + "\nFROM " + source + "\nWHERE " + k.present() + " AND " + k.sql + " IS NULL\nORDER BY 1\nLIMIT " + itoa(failureExamples)
		st.Limit = failureExamples
		examples, err := s.Asker.Ask(ctx, st)
		if err != nil {
			return nil, err
		}
		for _, c := range examples.Columns[:min(1, len(examples.Columns))] {
			for _, v := range c.Values {
				if v, ok := v.(string); ok {
					f.Examples = append(f.Examples, short(v))
				}
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// present is the condition that a column has a value: text that is blank has none.
func (k *knownField) present() string {
	if TypeOf(k.SourceType) == Text {
		if t, err := trinosql.ParseType(k.SourceType); err == nil && t.IsString() {
			text, _ := asText(k.raw, t)
			return k.raw + " IS NOT NULL AND trim(" + text + ") <> ''"
		}
	}
	return k.raw + " IS NOT NULL"
}
