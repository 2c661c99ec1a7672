package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lethe/erasure"
)

func newIndex() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "index",
		Short: "Build the index of persons' identifiers, and see how it is",
		Long: `The index says which objects hold which identifiers, as keyed hashes. It follows
what happens to objects by itself; a build reads what it has not, forgets what is
no more, and may be stopped and begun again at any time.`,
	}
	data := cmd.PersistentFlags().String("data", os.Getenv("LETHE_DATA"), "folder of the running lake (LETHE_DATA)")
	asJSON := cmd.PersistentFlags().Bool("json", false, "print JSON")
	cmd.AddCommand(
		&cobra.Command{Use: "build", Short: "Bring the index to what the store has", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return buildIndex(cmd, *data, *asJSON) }},
		&cobra.Command{Use: "status", Short: "How the index is, and what could not be read", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return indexStatus(cmd, *data, *asJSON) }},
	)
	return cmd
}

// pollEvery is how often a command looks at work that it waits for.
const pollEvery = 200 * time.Millisecond

func buildIndex(cmd *cobra.Command, data string, asJSON bool) error {
	var st erasure.IndexStatus
	err := inSession(cmd, data, func(ctx context.Context, a *api) error {
		if err := a.call(ctx, http.MethodPost, "/erasure-index/build", nil, &st); err != nil {
			return err
		}
		told := time.Now()
		for st.Building {
			if !asJSON && time.Since(told) > time.Second {
				told = time.Now()
				tellProgress(cmd, st.Progress, told)
			}
			select {
			case <-ctx.Done():
				return ctx.Err() // the build goes on
			case <-time.After(pollEvery):
			}
			if err := a.call(ctx, http.MethodGet, "/erasure-index", nil, &st); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if st.Error != "" {
		return fmt.Errorf("the index could not be built: %s", st.Error)
	}
	if asJSON {
		return printJSON(cmd, st)
	}
	p := st.Progress
	fmt.Fprintf(cmd.OutOrStdout(), "%d objects read, %d known already, %d that are no more forgotten: the index has %d objects\n", p.ObjectsRead, p.Known, p.Forgotten, st.Objects)
	if p.Unread > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "%d objects could not be read; lethe index status says why\n", p.Unread)
	}
	return nil
}

// tellProgress writes one line on how far a build is.
func tellProgress(cmd *cobra.Command, p erasure.Progress, now time.Time) {
	rate := float64(p.Rows) / max(now.Sub(p.Began).Seconds(), 1)
	left := ""
	if d := p.Left(now); d > 0 {
		left = fmt.Sprintf(", about %s left", d.Round(time.Second))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d objects, %.0f rows/s%s\n", p.ObjectsRead, p.Objects, rate, left)
}

func indexStatus(cmd *cobra.Command, data string, asJSON bool) error {
	var st erasure.IndexStatus
	if err := ask(cmd, data, http.MethodGet, "/erasure-index", nil, &st); err != nil {
		return err
	}
	var unread struct {
		Unread []erasure.Unread `json:"unread"`
	}
	if err := ask(cmd, data, http.MethodGet, "/erasure-index/unread", nil, &unread); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, struct {
			erasure.IndexStatus
			Unread []erasure.Unread `json:"unread"`
		}{st, unread.Unread})
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%d objects, %d places of identifiers, %d bytes\n", st.Objects, st.Postings, st.Bytes)
	if st.Building {
		fmt.Fprintf(out, "a build works: %d of %d objects\n", st.Progress.ObjectsRead, st.Progress.Objects)
	}
	for _, u := range unread.Unread {
		fmt.Fprintf(out, "not read: s3://%s/%s: %s\n", u.Bucket, u.Key, u.Reason)
	}
	return nil
}
