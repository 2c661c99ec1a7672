package main

import (
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/erasure"
)

// holdCommands are what people do about requests besides deciding on them.
func holdCommands(data *string, asJSON *bool) []*cobra.Command {
	var h erasure.Hold
	var until, reason string
	hold := &cobra.Command{Use: "hold --reason TEXT", Short: "Keep a request waiting, or what lies under a mapping where it is; prints the hold's id", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := map[string]any{"kind": h.Kind, "mapping": h.Mapping, "request": h.Request, "reason": h.Reason}
			if until != "" {
				t, err := moment(until)
				if err != nil {
					return err
				}
				in["until"] = t
			}
			if err := ask(cmd, *data, http.MethodPost, "/holds", in, &h); err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, h)
			}
			fmt.Fprintln(cmd.OutOrStdout(), h.ID)
			return nil
		}}
	f := hold.Flags()
	f.StringVar(&h.Kind, "kind", erasure.LegalHold, "hold, or exemption (of a mapping)")
	f.StringVar(&h.Mapping, "mapping", "", "the mapping whose objects stay; none: requests wait")
	f.StringVar(&h.Request, "request", "", "the request that it is of; none: all")
	f.StringVar(&h.Reason, "reason", "", "why, which reports and certificates name")
	f.StringVar(&until, "until", "", "when it ends, as 2027-12-31; none: when it is released")

	holds := &cobra.Command{Use: "holds", Short: "List the holds and exemptions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listHolds(cmd, *data, *asJSON) }}
	release := &cobra.Command{Use: "release HOLD", Short: "End a hold: what it kept is due", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, *data, http.MethodDelete, "/holds/"+args[0], nil, nil)
		}}
	extend := &cobra.Command{Use: "extend ID --reason TEXT", Short: "Give a request two more months, once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var r erasure.Request
			if err := ask(cmd, *data, http.MethodPost, "/requests/"+args[0]+"/extend", map[string]string{"reason": reason}, &r); err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, r)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "due %s; the person must be told by the day on which it was due before\n", r.Due.Format(time.DateOnly))
			return nil
		}}
	extend.Flags().StringVar(&reason, "reason", "", "why, which the person is told")
	return []*cobra.Command{hold, holds, release, extend}
}

// moment reads a day, which ends at midnight UTC, or a time.
func moment(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, lethe.Errorf(lethe.Invalid, "--until %q: it is a day as 2027-12-31, or a time as 2027-12-31T12:00:00Z", text)
	}
	return t, nil
}

func listHolds(cmd *cobra.Command, data string, asJSON bool) error {
	var all struct {
		Holds []erasure.Hold `json:"holds"`
	}
	if err := ask(cmd, data, http.MethodGet, "/holds", nil, &all); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all.Holds) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nothing is held")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tMAPPING\tREQUEST\tUNTIL\tBY\tREASON")
	for _, h := range all.Holds {
		until := "-"
		if !h.Until.IsZero() {
			until = h.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.ID, h.Kind, orAll(h.Mapping), orAll(h.Request), until, h.By, h.Reason)
	}
	return w.Flush()
}

func orAll(s string) string {
	if s == "" {
		return "all"
	}
	return s
}
