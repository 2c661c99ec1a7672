package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"lethe/access"
)

func newAccess() *cobra.Command {
	cmd := &cobra.Command{Use: "access", Short: "Ask who may do what on a lake, and check its audit"}
	cmd.AddCommand(newExplain(), newRules(), newAuditVerify(), newRotateKey())
	return cmd
}

// explained is the lake's answer.
type explained struct {
	Principal, Action, Resource string
	Allowed                     bool
	Sentence                    string
	Decided                     *statement
	Matched                     []statement
	Missing                     []string
	Sights                      []struct{ Sentence string }
}

type statement struct {
	Policy, Source, Statement string
	Deny                      bool
	Line                      int
}

func newExplain() *cobra.Command {
	var data *string
	var as, action, resource string
	var conditions []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain --as NAME --action SERVICE:ACTION [--resource ARN]",
		Short: "Say which statement of which policy decides",
		Long: `Say whether a user, a group or a role may do something, and which statement of
which policy decides. Nothing is done, and the question is not a decision.

	lethe access explain --as sales --action athena:StartQueryExecution \
	  --resource arn:aws:athena:eu-central-1:000000000000:workgroup/primary`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"as": {as}, "action": {action}, "resource": {resource}, "context": conditions}
			var raw json.RawMessage
			if err := ask(cmd, *data, http.MethodGet, "/access/explain?"+q.Encode(), nil, &raw); err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(raw))
				return err
			}
			var e explained
			if err := json.Unmarshal(raw, &e); err != nil {
				return err
			}
			return e.print(cmd.OutOrStdout())
		},
	}
	data = lakeFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&as, "as", "", "user's `name`, user/NAME, group/NAME, role/NAME or an ARN; the administrator if not given")
	f.StringVar(&action, "action", "", "`action`, such as s3:GetObject")
	f.StringVar(&resource, "resource", "*", "`ARN` of the resource")
	f.StringArrayVar(&conditions, "context", nil, "`key=value` of a condition key, such as aws:SourceIp=192.0.2.1; may be repeated")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("action") // fails only if there is no such flag
	return cmd
}

func (e explained) print(w io.Writer) error {
	verdict := "denied"
	if e.Allowed {
		verdict = "allowed"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n", verdict, e.Sentence, e.Principal)
	for _, m := range e.Matched {
		effect := "allows"
		if m.Deny {
			effect = "denies"
		}
		fmt.Fprintf(&b, "  %s  %s, statement %s (line %d), %s\n", effect, m.Policy, m.Statement, m.Line, m.Source)
	}
	for _, t := range e.Sights {
		fmt.Fprintf(&b, "%s\n", t.Sentence)
	}
	if len(e.Missing) > 0 {
		fmt.Fprintf(&b, "with values of %s it may be decided otherwise; give them with --context\n", strings.Join(e.Missing, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func newAuditVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: "Check that no line of an audit was changed, added or taken out",
		Long: `Check the chain of hashes of an audit, whose current file is FILE (audit.jsonl in the
lake's folder), and of the files before it. Keep the hash that is printed: it
vouches for every line up to now.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := access.VerifyAudit(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d lines in %d files are whole; the last has hash %s\n", c.Lines, c.Files, c.Last)
			return err
		},
	}
}
