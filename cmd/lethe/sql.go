package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

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
