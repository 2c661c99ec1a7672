package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/erasure"
)

func newErase() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase a person, and prove it",
		Long: `A request finds what the lake holds of a person and writes a report. Once the
report is approved, the person is erased from every version of every object, what
was done is read again, and a signed certificate says so. Whoever was erased and
comes back, as with an old copy, is erased again.`,
	}
	data := cmd.PersistentFlags().String("data", os.Getenv("LETHE_DATA"), "folder of the running lake (LETHE_DATA)")
	asJSON := cmd.PersistentFlags().Bool("json", false, "print JSON")

	var ids []string
	var until, reason, out string
	var told erasure.Contacts
	var pdf bool
	request := &cobra.Command{Use: "request --id TYPE=VALUE...", Short: "Ask that a person be erased; prints the request's id", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return askErasure(cmd, *data, *asJSON, ids, told, until) }}
	request.Flags().StringArrayVar(&ids, "id", nil, "an identifier, as user_id=VALUE; parts of a composite one follow one another, separated by tabs")
	request.Flags().StringVar(&until, "wait", "", "wait until the request is located, reported or done")
	request.Flags().StringVar(&told.Person, "contact", "", "address of mail at which the person is told; dropped after the last letter")
	request.Flags().StringVar(&told.Requester, "requester", "", "address of mail of whoever asks, who is told as well")
	status := &cobra.Command{Use: "status [ID]", Short: "How a request is, or all of them", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return erasureStatus(cmd, *data, *asJSON, args, until) }}
	status.Flags().StringVar(&until, "wait", "", "wait until the request is located, reported or done")
	approve := &cobra.Command{Use: "approve ID", Short: "Approve a request's report, as it is now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decideErasure(cmd, *data, *asJSON, args[0], true, "")
		}}
	reject := &cobra.Command{Use: "reject ID --reason TEXT", Short: "Reject a request", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decideErasure(cmd, *data, *asJSON, args[0], false, reason)
		}}
	reject.Flags().StringVar(&reason, "reason", "", "why, which the person is told")
	retry := &cobra.Command{Use: "retry ID", Short: "Begin a blocked request anew, once what blocked it is mended", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, *data, http.MethodPost, "/requests/"+args[0]+"/retry", nil, nil)
		}}
	report := &cobra.Command{Use: "report ID", Short: "Print a request's report", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw json.RawMessage
			if err := ask(cmd, *data, http.MethodGet, "/requests/"+args[0]+"/report", nil, &raw); err != nil {
				return err
			}
			return printJSON(cmd, raw)
		}}
	certificate := &cobra.Command{Use: "certificate ID -o FILE", Short: "Save a request's certificate", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return saveCertificate(cmd, *data, args[0], out, pdf) }}
	certificate.Flags().StringVarP(&out, "output", "o", "-", "the file; - prints it")
	certificate.Flags().BoolVar(&pdf, "pdf", false, "as PDF for people, with the signed certificate attached to it")
	var known []string
	verify := &cobra.Command{Use: "verify FILE [--id TYPE=VALUE]...", Short: "Check a certificate, and the lake again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verifyCertificate(cmd, *data, *asJSON, args[0], known)
		}}
	verify.Flags().StringArrayVar(&known, "id", nil, "the person's identifiers, as in the request: then databases, other programs and lethe's own copies are asked too")
	typ := &cobra.Command{Use: "type NAME [--form exact|folded|email]", Short: "Make a type of identifiers", Args: cobra.ExactArgs(1)}
	form := typ.Flags().String("form", "exact", "which spellings are the same: exact, folded (letter case) or email")
	parts := typ.Flags().StringSlice("parts", nil, "names of the values of a composite identifier")
	typ.RunE = func(cmd *cobra.Command, args []string) error {
		return ask(cmd, *data, http.MethodPut, "/identifier-types/"+args[0], erasure.IdentifierType{Name: args[0], Form: erasure.Form(*form), Parts: *parts}, nil)
	}
	mapping := newMap(data, asJSON)
	mappings := &cobra.Command{Use: "mappings", Short: "List the mappings", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listMappings(cmd, *data, *asJSON) }}
	cmd.AddCommand(holdCommands(data, asJSON)...)
	cmd.AddCommand(request, status, report, approve, reject, retry, certificate, verify, typ, mapping, mappings, newScan())
	return cmd
}

func askErasure(cmd *cobra.Command, data string, asJSON bool, ids []string, told erasure.Contacts, until string) error {
	in := struct {
		Identifiers []erasure.Named `json:"identifiers"`
		Contact     string          `json:"contact,omitempty"`
		Requester   string          `json:"requester,omitempty"`
	}{nil, told.Person, told.Requester}
	var err error
	if in.Identifiers, err = namedBy(ids); err != nil {
		return err
	}
	if err := canWait(until); err != nil {
		return err
	}
	var r erasure.Request
	if err := ask(cmd, data, http.MethodPost, "/requests", in, &r); err != nil {
		return err
	}
	if r, err = awaitRequest(cmd, data, r, until); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, r)
	}
	fmt.Fprintln(cmd.OutOrStdout(), r.ID)
	return nil
}

// namedBy reads identifiers as they are given by --id.
func namedBy(ids []string) (named []erasure.Named, err error) {
	for _, id := range ids {
		typ, value, ok := strings.Cut(id, "=")
		if !ok {
			return nil, lethe.Errorf(lethe.Invalid, "--id wants TYPE=VALUE, as user_id=VALUE")
		}
		named = append(named, erasure.Named{Type: typ, Values: strings.Split(value, "\t")})
	}
	return named, nil
}

// passed says how far a request must be for what is waited for.
var passed = map[string][]erasure.State{
	"located":  {erasure.Located, erasure.Reported, erasure.Overdue, erasure.Held, erasure.Erasing, erasure.Done, erasure.Rejected},
	"reported": {erasure.Reported, erasure.Overdue, erasure.Held, erasure.Erasing, erasure.Done, erasure.Rejected},
	"done":     {erasure.Done, erasure.Rejected},
}

func canWait(until string) error {
	if until != "" && passed[until] == nil {
		return lethe.Errorf(lethe.Invalid, "--wait %q: it is located, reported or done", until)
	}
	return nil
}

func awaitRequest(cmd *cobra.Command, data string, r erasure.Request, until string) (erasure.Request, error) {
	if err := canWait(until); err != nil || until == "" {
		return r, err
	}
	err := inSession(cmd, data, func(ctx context.Context, a *api) error {
		for !slices.Contains(passed[until], r.State) {
			if r.State == erasure.Blocked {
				return lethe.Errorf(lethe.Conflict, "request %s needs a person: %s", r.ID, r.Problem)
			}
			select {
			case <-ctx.Done():
				return ctx.Err() // the request goes on
			case <-time.After(pollEvery):
			}
			r = erasure.Request{ID: r.ID}
			if err := a.call(ctx, http.MethodGet, "/requests/"+r.ID, nil, &r); err != nil {
				return err
			}
		}
		return nil
	})
	return r, err
}

func erasureStatus(cmd *cobra.Command, data string, asJSON bool, args []string, until string) error {
	var all struct {
		Requests []erasure.Request `json:"requests"`
	}
	if len(args) == 0 {
		if err := ask(cmd, data, http.MethodGet, "/requests", nil, &all); err != nil {
			return err
		}
	} else {
		var r erasure.Request
		if err := ask(cmd, data, http.MethodGet, "/requests/"+args[0], nil, &r); err != nil {
			return err
		}
		r, err := awaitRequest(cmd, data, r, until)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd, r)
		}
		all.Requests = append(all.Requests, r)
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all.Requests) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nobody has asked to be erased")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tDUE\tOBJECTS\tRECORDS\tERASED\tEXCEPTIONS")
	for _, r := range all.Requests {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\n", r.ID, r.State, r.Due.Format(time.DateOnly), r.Found.Objects, r.Found.Records, r.Records, r.Exceptions)
		if r.Problem != "" {
			fmt.Fprintf(w, "\t%s\n", r.Problem)
		}
		if r.Warning != "" {
			fmt.Fprintf(w, "\t%s\n", r.Warning)
		}
		if len(args) > 0 {
			tellStops(w, r)
		}
		if r.State == erasure.Held {
			fmt.Fprintf(w, "\tit waits for %s to end: lethe erase holds\n", strings.Join(r.Held, ", "))
		}
	}
	return w.Flush()
}

// tellStops writes when a request came to each of its stops.
func tellStops(w io.Writer, r erasure.Request) {
	for _, s := range []struct {
		name string
		at   time.Time
	}{
		{"asked", r.Made}, {"located", r.Stops.Located}, {"reported", r.Stops.Reported}, {"approved", r.Stops.Approved},
		{"erased", r.Stops.Erased}, {"verified", r.Stops.Verified}, {"told", r.Stops.Told},
	} {
		at := "-"
		if !s.at.IsZero() {
			at = s.at.Format(time.RFC3339)
		} else if s.name == "told" && !r.ContactGiven && !r.RequesterGiven {
			at = "by you: no address was given"
		}
		fmt.Fprintf(w, "\t%s\t%s\n", s.name, at)
	}
}

func decideErasure(cmd *cobra.Command, data string, asJSON bool, id string, yes bool, reason string) error {
	var r erasure.Request
	if err := ask(cmd, data, http.MethodGet, "/requests/"+id, nil, &r); err != nil {
		return err
	}
	in := map[string]any{"approve": yes, "digest": r.Digest, "reason": reason}
	if err := ask(cmd, data, http.MethodPost, "/requests/"+id+"/decision", in, &r); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, r)
	}
	return nil
}

func saveCertificate(cmd *cobra.Command, data, id, to string, pdf bool) error {
	var signed erasure.SignedCertificate
	if err := ask(cmd, data, http.MethodGet, "/requests/"+id+"/certificate", nil, &signed); err != nil {
		return err
	}
	if pdf {
		var b bytes.Buffer
		if err := erasure.WritePDF(&b, signed); err != nil {
			return err
		}
		if to == "-" {
			_, err := b.WriteTo(cmd.OutOrStdout())
			return err
		}
		return os.WriteFile(to, b.Bytes(), 0o644)
	}
	if to == "-" {
		return printJSON(cmd, signed)
	}
	text, err := json.MarshalIndent(signed, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}

func verifyCertificate(cmd *cobra.Command, data string, asJSON bool, file string, ids []string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var in struct {
		erasure.SignedCertificate
		Identifiers []erasure.Named `json:"identifiers,omitzero"`
	}
	if err := json.Unmarshal(text, &in.SignedCertificate); err != nil {
		return lethe.Errorf(lethe.Invalid, "%s is no certificate: %w", file, err)
	}
	if in.Identifiers, err = namedBy(ids); err != nil {
		return err
	}
	var check erasure.Check
	if err := ask(cmd, data, http.MethodPost, "/certificate-check", in, &check); err != nil {
		return err
	}
	if asJSON {
		if err := printJSON(cmd, check); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(cmd.OutOrStdout(), "the certificate of request %s is as it was signed; the person is in %d of %d object versions, and in %d exceptions that it names\n",
			check.Request, check.Found, check.Versions, check.Exceptions)
		if check.Unread > 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "%d object versions could not be read; lethe index status says why\n", check.Unread)
		}
		for _, h := range check.Overdue {
			fmt.Fprintf(cmd.OutOrStdout(), "%s was to end on %s, and has not\n", h.Place, h.Until.Format(time.DateOnly))
		}
		for _, p := range check.Places {
			fmt.Fprintf(cmd.OutOrStdout(), "%s has %d records of the person in %s\n", p.Holder, p.Records, p.Place)
		}
		if n := len(check.NotAsked); n > 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "%d places were not asked, as they do not know the person by a hash: %s; give --id\n", n, strings.Join(check.NotAsked, ", "))
		}
	}
	if check.Found > 0 || len(check.Places) > 0 {
		return lethe.Errorf(lethe.Conflict, "the person is in %d object versions and %d other places", check.Found, len(check.Places))
	}
	if n := len(check.Overdue); n > 0 {
		return lethe.Errorf(lethe.Conflict, "%d places hold the person longer than the certificate says", n).WithHint("delete backups that have expired: lethe backup prune")
	}
	return nil
}
