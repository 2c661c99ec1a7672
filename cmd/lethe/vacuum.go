package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/erasure"
)

func newVacuum() *cobra.Command {
	var data, older string
	var of erasure.VacuumScope
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "vacuum [--table DB.T] [--prefix s3://BUCKET/PREFIX] [--older-than 30d] [--dry-run]",
		Short: "Take out the blank records that erasures have left",
		Long: `Where a mapping's mode is blank, erasing a person leaves an empty record in the
place of each of theirs, so that the others keep their numbers. A vacuum takes
these out, and gives the others new numbers in the index. It looks into objects
that were blanked; with --all into all that a mapping is of, where lines of text
go that their writer left empty. It may be interrupted: it goes on by itself.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if older != "" {
				d, err := age(older)
				if err != nil {
					return err
				}
				of.Before = time.Now().Add(-d).UTC()
			}
			return vacuum(cmd, data, of, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", os.Getenv("LETHE_DATA"), "folder of the running lake (LETHE_DATA)")
	f.StringVar(&of.Table, "table", "", "of this table alone, as default.reviews")
	f.StringVar(&of.Prefix, "prefix", "", "below this place alone, as s3://bucket/folder/")
	f.StringVar(&older, "older-than", "", "only what was blanked so long ago, as 12h or 30d")
	f.BoolVar(&of.All, "all", false, "also objects that were not blanked, with the empty records of their writers")
	f.BoolVar(&of.DryRun, "dry-run", false, "count, and change nothing")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("all", "older-than")
	return cmd
}

// age reads a length of time, also in days.
func age(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, lethe.Errorf(lethe.Invalid, "--older-than %q: it is a length of time as 90m, 12h or 30d", text)
}

func vacuum(cmd *cobra.Command, data string, of erasure.VacuumScope, asJSON bool) error {
	var v erasure.Vacuum
	err := inSession(cmd, data, func(ctx context.Context, a *api) error {
		if err := a.call(ctx, http.MethodPost, "/vacuums", of, &v); err != nil {
			return err
		}
		told := time.Now()
		for v.State == erasure.Vacuuming {
			if now := time.Now(); !asJSON && now.Sub(told) > time.Second {
				told = now
				fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d objects, %d blank records\n", v.Looked, v.Objects, v.Records)
			}
			select {
			case <-ctx.Done():
				return ctx.Err() // the vacuum goes on
			case <-time.After(pollEvery):
			}
			id := v.ID
			v = erasure.Vacuum{}
			if err := a.call(ctx, http.MethodGet, "/vacuums/"+id, nil, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if asJSON {
		if err := printJSON(cmd, v); err != nil {
			return err
		}
	} else {
		tellVacuum(cmd, v)
	}
	if v.State == erasure.VacuumFailed {
		return lethe.Errorf(lethe.Conflict, "the vacuum needs a person: %s", v.Problem)
	}
	return nil
}

// tellVacuum says what a vacuum did.
func tellVacuum(cmd *cobra.Command, v erasure.Vacuum) {
	out := cmd.OutOrStdout()
	did := "taken out of"
	if v.DryRun {
		did = "would be taken out of"
	}
	fmt.Fprintf(out, "%d blank records %s %d of %d objects, which are %d bytes shorter\n", v.Records, did, v.Changed, v.Objects, v.Bytes)
	for _, k := range v.Reasons {
		until := ""
		if !k.Until.IsZero() {
			until = ", until " + k.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(out, "stays: s3://%s/%s: %s%s\n", k.Bucket, k.Key, k.Reason, until)
	}
	if n := v.Kept - int64(len(v.Reasons)); n > 0 {
		fmt.Fprintf(out, "and %d more stay\n", n)
	}
}
