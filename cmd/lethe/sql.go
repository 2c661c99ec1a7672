package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"lethe"
	"lethe/lib/trinosql"
)

type sqlFlags struct {
	data              *string
	file              string
	format            string
	catalog, database string
}

func newSQL() *cobra.Command {
	var f sqlFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sql [STATEMENT]",
		Short: "Run SQL on a running lake",
		Long: `Run a statement, the statements of a file (-f), or those typed at a prompt.
Statements end with a semicolon. The result is a table, CSV or JSON lines.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				f.format = "json"
			}
			return f.run(cmd, args)
		},
	}
	f.data = lakeFlag(cmd)
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "read statements from a file; - is standard input")
	cmd.Flags().StringVar(&f.format, "format", "table", "table, csv or json")
	cmd.Flags().BoolVar(&asJSON, "json", false, "same as --format json")
	cmd.Flags().StringVar(&f.catalog, "catalog", "", "catalog of names without one")
	cmd.Flags().StringVar(&f.database, "database", "", "database of names without one")
	return cmd
}

func (f *sqlFlags) run(cmd *cobra.Command, args []string) error {
	out, err := newResultWriter(f.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	l, err := findLake(*f.data)
	if err != nil {
		return err
	}
	cfg, err := l.aws(cmd.Context())
	if err != nil {
		return err
	}
	s := &session{client: athena.NewFromConfig(cfg), flags: f, out: out, progress: cmd.ErrOrStderr()}
	switch {
	case len(args) == 1 && f.file != "":
		return lethe.Errorf(lethe.Invalid, "give a statement or a file, not both")
	case len(args) == 1:
		return s.script(cmd.Context(), args[0])
	case f.file == "-":
		text, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return err
		}
		return s.script(cmd.Context(), string(text))
	case f.file != "":
		text, err := os.ReadFile(f.file)
		if err != nil {
			return err
		}
		return s.script(cmd.Context(), string(text))
	}
	return s.prompt(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
}

// session runs statements one after the other.
type session struct {
	client   *athena.Client
	flags    *sqlFlags
	out      resultWriter
	progress io.Writer
}

func (s *session) script(ctx context.Context, text string) error {
	statements := trinosql.Split(text)
	if len(statements) == 0 {
		return lethe.Errorf(lethe.Invalid, "there is no statement to run")
	}
	for _, st := range statements {
		if err := s.statement(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// prompt reads statements until the input ends. An error ends a statement, not
// the session.
func (s *session) prompt(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	var pending strings.Builder
	fmt.Fprint(out, "lethe> ")
	for lines.Scan() {
		line := lines.Text()
		if pending.Len() == 0 && (strings.TrimSpace(line) == "exit" || strings.TrimSpace(line) == "quit") {
			return nil
		}
		pending.WriteString(line + "\n")
		if !strings.HasSuffix(strings.TrimSpace(line), ";") {
			if strings.TrimSpace(pending.String()) == "" {
				pending.Reset()
			}
			fmt.Fprint(out, map[bool]string{true: "lethe> ", false: "    -> "}[pending.Len() == 0])
			continue
		}
		for _, st := range trinosql.Split(pending.String()) {
			if err := s.statement(ctx, st); err != nil {
				if ctx.Err() != nil {
					return err
				}
				fmt.Fprintln(out, explain(err))
				break
			}
		}
		pending.Reset()
		fmt.Fprint(out, "lethe> ")
	}
	fmt.Fprintln(out)
	return lines.Err()
}

// statement runs one statement and writes its result.
func (s *session) statement(ctx context.Context, text string) error {
	in := &athena.StartQueryExecutionInput{QueryString: &text, QueryExecutionContext: &types.QueryExecutionContext{}}
	if s.flags.catalog != "" {
		in.QueryExecutionContext.Catalog = &s.flags.catalog
	}
	if s.flags.database != "" {
		in.QueryExecutionContext.Database = &s.flags.database
	}
	started, err := s.client.StartQueryExecution(ctx, in)
	if err != nil {
		return serviceError(err)
	}
	id := started.QueryExecutionId
	x, err := s.wait(ctx, id)
	if err != nil {
		return err
	}
	if x.Status.State != types.QueryExecutionStateSucceeded {
		return lethe.Errorf(lethe.Invalid, "%s", aws.ToString(x.Status.StateChangeReason))
	}
	pages := athena.NewGetQueryResultsPaginator(s.client, &athena.GetQueryResultsInput{QueryExecutionId: id})
	header := x.StatementType == types.StatementTypeDml
	for first := true; pages.HasMorePages(); first = false {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return serviceError(err)
		}
		rows := p.ResultSet.Rows
		if first {
			if err := s.out.begin(p.ResultSet.ResultSetMetadata.ColumnInfo); err != nil {
				return err
			}
			if header && len(rows) > 0 {
				rows = rows[1:]
			}
		}
		for _, r := range rows {
			if err := s.out.row(r.Data); err != nil {
				return err
			}
		}
	}
	return s.out.end()
}

// wait polls an execution, quickly at first; when the command is interrupted it
// cancels the query.
func (s *session) wait(ctx context.Context, id *string) (*types.QueryExecution, error) {
	pause := 5 * time.Millisecond
	for {
		got, err := s.client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: id})
		if err != nil {
			if ctx.Err() != nil {
				s.cancel(id)
			}
			return nil, serviceError(err)
		}
		switch x := got.QueryExecution; x.Status.State {
		case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
		default:
			return x, nil
		}
		select {
		case <-ctx.Done():
			s.cancel(id)
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*2, 500*time.Millisecond)
	}
}

func (s *session) cancel(id *string) {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	if _, err := s.client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: id}); err != nil {
		fmt.Fprintln(s.progress, "the query could not be cancelled:", serviceError(err))
	}
}

// serviceError takes the client's wrapping off what the lake said.
func serviceError(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorMessage() != "" {
		return lethe.Errorf(lethe.Invalid, "%s", api.ErrorMessage())
	}
	return err
}

// resultWriter writes one result after the other.
type resultWriter interface {
	begin(columns []types.ColumnInfo) error
	row(values []types.Datum) error
	end() error
}

func newResultWriter(format string, w io.Writer) (resultWriter, error) {
	switch format {
	case "table":
		return &tableWriter{w: bufio.NewWriter(w)}, nil
	case "csv":
		return &csvWriter{w: csv.NewWriter(w)}, nil
	case "json":
		return &jsonWriter{w: bufio.NewWriter(w)}, nil
	}
	return nil, lethe.Errorf(lethe.Invalid, "format %q is none of table, csv, json", format)
}

type csvWriter struct {
	w *csv.Writer
}

func (c *csvWriter) begin(columns []types.ColumnInfo) error {
	if len(columns) == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = aws.ToString(col.Name)
	}
	return c.w.Write(names)
}

func (c *csvWriter) row(values []types.Datum) error {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = aws.ToString(v.VarCharValue)
	}
	return c.w.Write(row)
}

func (c *csvWriter) end() error {
	c.w.Flush()
	return c.w.Error()
}

// jsonWriter writes one object a row. Numbers and booleans are such; other
// values are the strings that Athena writes.
type jsonWriter struct {
	w       *bufio.Writer
	columns []types.ColumnInfo
}

func (j *jsonWriter) begin(columns []types.ColumnInfo) error {
	j.columns = columns
	return nil
}

func (j *jsonWriter) row(values []types.Datum) error {
	j.w.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			j.w.WriteByte(',')
		}
		name, typ := fmt.Sprintf("_col%d", i), ""
		if i < len(j.columns) {
			name, typ = aws.ToString(j.columns[i].Name), aws.ToString(j.columns[i].Type)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		j.w.Write(key)
		j.w.WriteByte(':')
		text, err := jsonValue(v.VarCharValue, typ)
		if err != nil {
			return err
		}
		j.w.Write(text)
	}
	_, err := j.w.WriteString("}\n")
	return err
}

func jsonValue(v *string, typ string) ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	switch typ {
	case "tinyint", "smallint", "integer", "bigint", "double", "float", "decimal", "boolean":
		if json.Valid([]byte(*v)) { // NaN and Infinity are not
			return []byte(*v), nil
		}
	}
	return json.Marshal(*v)
}

func (j *jsonWriter) end() error { return j.w.Flush() }

// tableWriter aligns columns. It looks at no more than the first rows for their
// widths, so that a long result does not wait in memory.
type tableWriter struct {
	w       *bufio.Writer
	columns []types.ColumnInfo
	pending [][]string
	widths  []int
	begun   bool
	rows    int
}

const widthRows, widest = 1000, 60

func (t *tableWriter) begin(columns []types.ColumnInfo) error {
	*t = tableWriter{w: t.w, columns: columns, widths: make([]int, len(columns))}
	for i, c := range columns {
		t.widths[i] = utf8.RuneCountInString(aws.ToString(c.Name))
	}
	return nil
}

func (t *tableWriter) row(values []types.Datum) error {
	t.rows++
	row := make([]string, len(values))
	for i, v := range values {
		if v.VarCharValue != nil {
			row[i] = strings.NewReplacer("\n", `\n`, "\t", "  ").Replace(*v.VarCharValue)
		}
	}
	if t.begun {
		return t.write(row)
	}
	for i, v := range row {
		if i < len(t.widths) {
			t.widths[i] = max(t.widths[i], min(widest, utf8.RuneCountInString(v)))
		}
	}
	if t.pending = append(t.pending, row); len(t.pending) == widthRows {
		return t.flush()
	}
	return nil
}

func (t *tableWriter) flush() error {
	t.begun = true
	if len(t.columns) > 0 {
		head, line := make([]string, len(t.columns)), make([]string, len(t.columns))
		for i, c := range t.columns {
			head[i], line[i] = aws.ToString(c.Name), strings.Repeat("-", t.widths[i])
		}
		t.write(head)
		t.write(line)
	}
	for _, r := range t.pending {
		t.write(r)
	}
	t.pending = nil
	return t.w.Flush()
}

func (t *tableWriter) write(row []string) error {
	for i, v := range row {
		if i > 0 {
			t.w.WriteString("  ")
		}
		width := 0
		if i < len(t.widths) {
			width = t.widths[i]
		}
		gap := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(v)))
		if i < len(t.columns) && numeric(t.columns[i]) {
			t.w.WriteString(gap + v)
			continue
		}
		t.w.WriteString(v)
		if i < len(row)-1 {
			t.w.WriteString(gap)
		}
	}
	return t.w.WriteByte('\n')
}

func numeric(c types.ColumnInfo) bool {
	switch aws.ToString(c.Type) {
	case "tinyint", "smallint", "integer", "bigint", "double", "float", "decimal":
		return true
	}
	return false
}

func (t *tableWriter) end() error {
	if !t.begun {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if len(t.columns) > 0 {
		fmt.Fprintf(t.w, "(%d row%s)\n", t.rows, map[bool]string{true: "", false: "s"}[t.rows == 1])
	}
	return t.w.Flush()
}
