package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/event"
)

func newEvents() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "See how events are delivered, and what becomes of dead letters",
		Long: `Events tell others what happens to objects. A receiver is a target of the
configuration (target/NAME) or a part of lethe (subscriber/NAME). An event that
it does not take in the end is a dead letter, which is kept until it is
redelivered or discarded.`,
	}
	data := cmd.PersistentFlags().String("data", os.Getenv("LETHE_DATA"), "folder of the running lake (LETHE_DATA)")
	asJSON := cmd.PersistentFlags().Bool("json", false, "print JSON")
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "How far each receiver is", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return eventStatus(cmd, *data, *asJSON) }},
		&cobra.Command{Use: "dead [RECEIVER]", Short: "List dead letters", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return deadLetters(cmd, *data, *asJSON, args) }},
		&cobra.Command{Use: "redeliver RECEIVER [ID...]", Short: "Try dead letters again; without ids all of the receiver's", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return settle(cmd, *data, *asJSON, "redeliver", args) }},
		&cobra.Command{Use: "discard RECEIVER [ID...]", Short: "Remove dead letters for good; without ids all of the receiver's", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return settle(cmd, *data, *asJSON, "discard", args) }},
	)
	return cmd
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func eventStatus(cmd *cobra.Command, data string, asJSON bool) error {
	var answer struct {
		Receivers []event.Status `json:"receivers"`
	}
	if err := ask(cmd, data, http.MethodGet, "/event-receivers", nil, &answer); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, answer)
	}
	if len(answer.Receivers) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nobody receives events; targets are configured as events.targets.NAME")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECEIVER\tSTATE\tBEHIND\tHELD\tDEAD\tOLDEST")
	for _, r := range answer.Receivers {
		state, oldest := "ok", "-"
		if r.Down {
			state = "away"
		}
		if !r.Oldest.IsZero() {
			oldest = time.Since(r.Oldest).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\n", r.Receiver, state, r.Behind, r.Held, r.Dead, oldest)
	}
	return w.Flush()
}

func deadLetters(cmd *cobra.Command, data string, asJSON bool, args []string) error {
	q := url.Values{"limit": {"1000"}}
	if len(args) == 1 {
		q.Set("receiver", args[0])
	}
	all := []json.RawMessage{}
	for {
		var page struct {
			DeadLetters []json.RawMessage `json:"dead_letters"`
			Next        string            `json:"next"`
		}
		if err := ask(cmd, data, http.MethodGet, "/dead-letters?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		all = append(all, page.DeadLetters...)
		if page.Next == "" {
			break
		}
		q.Set("after", page.Next)
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no dead letters")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tRECEIVER\tEVENT\tOBJECT\tTRIES\tREASON")
	for _, text := range all {
		var l struct {
			ID, Tries                            int64
			Receiver, Event, Bucket, Key, Reason string
		}
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", l.ID, l.Receiver, l.Event, strconv.Quote("s3://"+l.Bucket+"/"+l.Key), l.Tries, strconv.Quote(l.Reason))
	}
	return w.Flush()
}

func settle(cmd *cobra.Command, data string, asJSON bool, what string, args []string) error {
	q := url.Values{"receiver": args[:1]}
	for _, id := range args[1:] {
		if _, err := strconv.ParseInt(id, 10, 64); err != nil {
			return lethe.Errorf(lethe.Invalid, "%q is not a dead letter's id", id).WithHint("lethe events dead lists them")
		}
		q.Add("id", id)
	}
	var answer struct {
		Count int `json:"count"`
	}
	if err := ask(cmd, data, http.MethodPost, "/dead-letters/"+what+"?"+q.Encode(), nil, &answer); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, answer)
	}
	done := map[string]string{"redeliver": "to be delivered again", "discard": "discarded"}[what]
	fmt.Fprintf(cmd.OutOrStdout(), "%d %s\n", answer.Count, done)
	return nil
}
