package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lethe"
	"lethe/app"
	"lethe/backup"
	"lethe/config"
)

// backupFlags are those of what is done with backups.
type backupFlags struct {
	config string
	json   bool
}

func (f *backupFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", "", "file lethe.yaml, for the stores that buckets of backups are in")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// load reads the configuration, for a lake in data if that is given.
func (f *backupFlags) load(data string) (config.Config, error) {
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return c, err
		}
	}
	if data != "" {
		c.Data = data
	}
	return c, c.Check()
}

// from opens the backups at a place, and calls do.
func (f *backupFlags) from(cmd *cobra.Command, place string, do func(ctx context.Context, r *backup.Repository) error) error {
	if place == "" {
		return lethe.Errorf(lethe.Invalid, "where are the backups?").WithHint("name the folder or bucket with --from")
	}
	c, err := f.load("")
	if err != nil {
		return err
	}
	p, done, err := app.BackupPlace(cmd.Context(), c, place)
	if err != nil {
		return err
	}
	r, err := backup.Open(cmd.Context(), p)
	if err == nil {
		err = do(cmd.Context(), r)
	}
	return errors.Join(err, done())
}

func newBackup() *cobra.Command {
	var f backupFlags
	var data *string
	var to, expires, keys string
	cmd := &cobra.Command{
		Use:   "backup --to DIR|s3://BUCKET/PREFIX",
		Short: "Copy a lake to another place",
		Long: `It copies the lake of one moment, which may run and be written to: its state, catalog,
keys, audit, and all objects. Objects that an earlier backup at the place has are not
copied again. What other databases and stores hold that the lake uses is not in it.

The backup holds whoever is in the lake now, until it has expired and is deleted with
"lethe backup prune"; reports and certificates of erasures name it. Who is erased later
is erased again from a lake that is restored from it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			until, err := expiry(expires, time.Now())
			if err != nil {
				return err
			}
			if to == "" {
				return lethe.Errorf(lethe.Invalid, "where to?").WithHint("name a folder on another disk or machine with --to, or s3://bucket/prefix")
			}
			return f.make(cmd, *data, to, keys, until)
		},
	}
	data = cmd.Flags().String("data", os.Getenv("LETHE_DATA"), "folder of the lake, which runs or does not (LETHE_DATA)")
	f.add(cmd)
	cmd.Flags().StringVar(&to, "to", "", "where backups are kept: a folder, or s3://bucket/prefix in a store that lethe.yaml names")
	cmd.Flags().StringVar(&expires, "expires", "35d", "after how long it is to be deleted, as 35d or 12h; never for never")
	cmd.Flags().StringVar(&keys, "keys", "", "a file for the lake's keys, which are then not in the backup")
	cmd.AddCommand(newBackupList(), newBackupVerify(), newBackupPrune())
	return cmd
}

// expiry reads how long something is kept.
func expiry(text string, now time.Time) (time.Time, error) {
	if text == "never" {
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n < 100*366 {
			return now.AddDate(0, 0, n).UTC().Truncate(time.Second), positive(text, int64(n))
		}
	}
	if err != nil {
		return time.Time{}, lethe.Errorf(lethe.Invalid, "--expires %q: it is a time as 35d or 12h, or never", text)
	}
	return now.Add(d).UTC().Truncate(time.Second), positive(text, int64(d))
}

func positive(text string, n int64) error {
	if n <= 0 {
		return lethe.Errorf(lethe.Invalid, "--expires %q: the backup would have expired when it is made", text)
	}
	return nil
}

// make makes a backup of a lake that runs or does not.
func (f *backupFlags) make(cmd *cobra.Command, data, to, keys string, until time.Time) error {
	if data == "" {
		return lethe.Errorf(lethe.Invalid, "which lake is meant?").WithHint("name its folder with --data DIR, or set LETHE_DATA")
	}
	if !strings.HasPrefix(to, "s3://") {
		abs, err := filepath.Abs(to)
		if err != nil {
			return err
		}
		to = abs
	}
	if keys != "" {
		if err := writeKeys(data, keys); err != nil {
			return err
		}
	}
	o := backup.Wanted{To: to, Expires: until, NoKeys: keys != ""}
	var e backup.Entry
	if _, err := findLake(data); err == nil {
		e, err = f.makeRunning(cmd, data, o)
		if err != nil {
			return err
		}
	} else {
		c, err := f.load(data)
		if err != nil {
			return err
		}
		log, err := newLog(config.Log{Level: "warn", Format: "text"}, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		var stop func()
		e, err = app.MakeBackup(cmd.Context(), c, o, log, func(m *backup.Meter) { stop = meter(cmd, m.Progress) })
		if stop != nil {
			stop()
		}
		if err != nil {
			return err
		}
	}
	if f.json {
		return printJSON(cmd, e)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "backup %s: %d files of %d bytes at %s, of which %d bytes were copied; it expires %s\n", e.ID, e.Files, e.Bytes, e.Place, e.Copied, day(e.Expires))
	return err
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "on " + t.Format(time.DateOnly)
}

// makeRunning has a running lake make a backup, and waits for it. If the wait ends, the
// backup goes on.
func (f *backupFlags) makeRunning(cmd *cobra.Command, data string, o backup.Wanted) (e backup.Entry, err error) {
	if !strings.HasPrefix(o.To, "s3://") {
		// That the folder is made here, by whoever may, is what allows the lake to write there.
		if _, err := backup.Create(cmd.Context(), backup.Folder(o.To)); err != nil {
			return e, err
		}
	}
	in := struct {
		To      string    `json:"to"`
		Expires time.Time `json:"expires,omitzero"`
		NoKeys  bool      `json:"no_keys"`
	}{o.To, o.Expires, o.NoKeys}
	return e, inSession(cmd, data, func(ctx context.Context, a *api) error {
		if err := a.call(ctx, http.MethodPost, "/backups", in, &e); err != nil {
			return err
		}
		var now backup.Progress
		progress := make(chan backup.Progress, 1)
		stop := meter(cmd, func() backup.Progress {
			select {
			case now = <-progress:
			default:
			}
			return now
		})
		defer stop()
		for {
			var all struct {
				Backups []backup.Status `json:"backups"`
			}
			if err := a.call(ctx, http.MethodGet, "/backups", nil, &all); err != nil {
				return err
			}
			found := false
			for _, s := range all.Backups {
				if s.ID != e.ID {
					continue
				}
				e, found = s.Entry, true
				if s.Progress != nil {
					select {
					case progress <- *s.Progress:
					default:
					}
				}
			}
			switch {
			case !found:
				return lethe.Errorf(lethe.NotFound, "the lake knows backup %s no more", e.ID)
			case e.State == backup.Failed:
				return lethe.Errorf(lethe.Internal, "backup %s was not made: %s", e.ID, e.Problem)
			case e.State == backup.Made:
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pollEvery):
			}
		}
	})
}

// meter shows on a terminal how far something is, until stop is called.
func meter(cmd *cobra.Command, now func() backup.Progress) (stop func()) {
	f, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !isTerminal(f) {
		return func() {}
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(200 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-ended:
				io.WriteString(f, "\r\x1b[K") // nobody is told if the terminal is gone
				return
			case <-t.C:
				p := now()
				if p.Files > 0 {
					fmt.Fprintf(f, "\r\x1b[K%d of %d files, %d of %d MB", p.FilesDone, p.Files, p.BytesDone>>20, p.Bytes>>20)
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func newBackupList() *cobra.Command {
	var f backupFlags
	var from string
	cmd := &cobra.Command{Use: "list --from DIR|s3://BUCKET/PREFIX", Short: "List the backups at a place", Args: cobra.NoArgs}
	f.add(cmd)
	cmd.Flags().StringVar(&from, "from", "", "where backups are kept")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return f.from(cmd, from, func(ctx context.Context, r *backup.Repository) error {
			all, err := r.Backups(ctx)
			if err != nil {
				return err
			}
			type listed struct {
				ID       string           `json:"id"`
				State    string           `json:"state"` // whole, expired, unfinished or damaged
				Manifest *backup.Manifest `json:"manifest,omitempty"`
			}
			list := []listed{}
			for _, b := range all {
				l := listed{b.ID, "whole", &b.Manifest}
				switch {
				case lethe.Is(b.Err, lethe.NotFound):
					l.State, l.Manifest = "unfinished", nil
				case b.Err != nil:
					l.State, l.Manifest = "damaged", nil
				case b.Manifest.Expired(time.Now()):
					l.State = "expired"
				}
				if l.Manifest != nil {
					l.Manifest.Files = nil
				}
				list = append(list, l)
			}
			if f.json {
				return printJSON(cmd, struct {
					Backups []listed `json:"backups"`
				}{list})
			}
			if len(list) == 0 {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "there are no backups at %s\n", r)
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tSTATE\tMADE\tEXPIRES\tBLOBS\tBYTES\tKEYS\tOUTSIDE")
			for _, l := range list {
				if l.Manifest == nil {
					fmt.Fprintf(w, "%s\t%s\n", l.ID, l.State)
					continue
				}
				m := l.Manifest
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", l.ID, l.State, m.Made.Format(time.RFC3339), day(m.Expires), m.Blobs, m.BlobBytes, m.Keys, strings.Join(m.Outside, "; "))
			}
			return w.Flush()
		})
	}
	return cmd
}

func newBackupVerify() *cobra.Command {
	var f backupFlags
	var from string
	cmd := &cobra.Command{Use: "verify --from DIR|s3://BUCKET/PREFIX [ID...]", Short: "Read all of some backups, or of all, and hold it against its checksums"}
	f.add(cmd)
	cmd.Flags().StringVar(&from, "from", "", "where backups are kept")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return f.from(cmd, from, func(ctx context.Context, r *backup.Repository) error {
			faults := []backup.Fault{}
			var m backup.Meter
			stop := meter(cmd, m.Progress)
			n, err := r.Verify(ctx, ids, &m, func(f backup.Fault) { faults = append(faults, f) })
			stop()
			if err != nil {
				return err
			}
			if f.json {
				err = printJSON(cmd, struct {
					Backups int            `json:"backups"`
					Faults  []backup.Fault `json:"faults"`
				}{n, faults})
			} else {
				for _, f := range faults {
					fmt.Fprintf(cmd.OutOrStdout(), "backup %s: %s: %s\n", f.Backup, f.File, f.Detail)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d backups read: %d files are not as they were written\n", n, len(faults))
			}
			if err == nil && len(faults) > 0 {
				err = lethe.Errorf(lethe.BadData, "%d files of the backups at %s are missing or damaged", len(faults), r).WithHint("make another backup; what is damaged of one in use cannot be restored")
			}
			return err
		})
	}
	return cmd
}

func newBackupPrune() *cobra.Command {
	var f backupFlags
	var from string
	cmd := &cobra.Command{Use: "prune --from DIR|s3://BUCKET/PREFIX [ID...]", Short: "Delete backups that have expired, or did not come to their ends, and those that are named"}
	f.add(cmd)
	cmd.Flags().StringVar(&from, "from", "", "where backups are kept")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return f.from(cmd, from, func(ctx context.Context, r *backup.Repository) error {
			did, err := r.Prune(ctx, time.Now(), ids...)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd, did)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "deleted %d backups, %d that had not come to their ends, and %d blobs of %d bytes that no backup has\n", len(did.Backups), len(did.Unfinished), did.Blobs, did.BlobBytes)
			return err
		})
	}
	return cmd
}
