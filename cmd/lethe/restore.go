package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/app"
	"lethe/backup"
	"lethe/lib/atomicfile"
)

func newRestore() *cobra.Command {
	var f backupFlags
	var from, id, data, keys string
	var suppressions []string
	cmd := &cobra.Command{
		Use:   "restore --from DIR|s3://BUCKET/PREFIX --data DIR",
		Short: "Make a lake of a backup",
		Long: `It makes the folder of a lake of a backup, of the last whole one unless --id names
another, and holds every file against its checksum. If it is stopped, call it again.

Who was erased since the backup was made is known from what erasures left beside the
backups, and from --suppressions: the folder of the lake that was, if it is there still,
or a file of records as they lie in erased/ of the place. The first "lethe serve" of the
new folder erases them again, and opens its ports when that is done.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return lethe.Errorf(lethe.Invalid, "where is the lake to be?").WithHint("name a folder that is empty or does not exist with --data")
			}
			further, err := erasedElsewhere(cmd.Context(), suppressions)
			if err != nil {
				return err
			}
			return f.from(cmd, from, func(ctx context.Context, r *backup.Repository) error {
				return f.restore(cmd, r, id, data, keys, further)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&from, "from", "", "where backups are kept")
	cmd.Flags().StringVar(&id, "id", "", "the backup; the last whole one unless given")
	cmd.Flags().StringVar(&data, "data", "", "the folder to make, which is empty or does not exist")
	cmd.Flags().StringVar(&keys, "keys", "", "the file with the lake's keys, of a backup without them")
	cmd.Flags().StringArrayVar(&suppressions, "suppressions", nil, "a lake's folder, or a file, that says who else was erased")
	return cmd
}

// erasedElsewhere reads who was erased from lakes' folders and files.
func erasedElsewhere(ctx context.Context, from []string) (all []backup.Erased, err error) {
	for _, path := range from {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		var es []backup.Erased
		if info.IsDir() {
			es, err = app.LivingErasures(ctx, path)
		} else if f, oerr := os.Open(path); oerr != nil {
			err = oerr
		} else {
			es, err = backup.ReadErased(f)
			f.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("--suppressions %s: %w", path, err)
		}
		all = append(all, es...)
	}
	return all, nil
}

func (f *backupFlags) restore(cmd *cobra.Command, r *backup.Repository, id, data, keys string, further []backup.Erased) error {
	ctx := cmd.Context()
	if id == "" {
		all, err := r.Backups(ctx)
		if err != nil {
			return err
		}
		for _, b := range all {
			if b.Err == nil {
				id = b.ID
			}
		}
		if id == "" {
			return lethe.Errorf(lethe.NotFound, "there is no whole backup at %s", r)
		}
	}
	m, err := r.Manifest(ctx, id)
	if err != nil {
		return err
	}
	var own map[string][]byte
	if m.Keys == backup.KeysApart {
		if own, err = readKeys(keys); err != nil {
			return err
		}
	}
	data, err = filepath.Abs(data)
	if err != nil {
		return err
	}
	var progress backup.Meter
	stop := meter(cmd, progress.Progress)
	// The keys come first: the folder is a lake once Restore has returned.
	done, err := r.Restore(ctx, id, data, further, &progress, func() error { return placeKeys(data, own) })
	stop()
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(cmd, struct {
			Backup  string   `json:"backup"`
			Data    string   `json:"data"`
			Made    string   `json:"made"`
			Erased  int      `json:"erasures"`
			Files   int64    `json:"files"`
			Bytes   int64    `json:"bytes"`
			Outside []string `json:"outside"`
		}{id, data, m.Made.Format("2006-01-02T15:04:05Z07:00"), len(done.Erased), progress.Progress().FilesDone, m.Bytes(), m.Outside})
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "restored backup %s of %s into %s; %d erasures are known, and are done again by the first: lethe serve --data %s\n",
		id, m.Made.Format("2006-01-02 15:04:05Z"), data, len(done.Erased), data)
	for _, o := range m.Outside {
		fmt.Fprintf(out, "not in the backup: %s\n", o)
	}
	return nil
}

// writeKeys puts the keys of a lake into a file of their own.
func writeKeys(data, to string) error {
	dir := filepath.Join(data, "keys")
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	keys := map[string][]byte{}
	for _, e := range names {
		if !e.Type().IsRegular() || e.Name()[0] == '.' {
			continue
		}
		if keys[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(to, append(raw, '\n'), 0o600)
}

func readKeys(from string) (keys map[string][]byte, err error) {
	if from == "" {
		return nil, lethe.Errorf(lethe.Invalid, "the backup was made without the lake's keys").WithHint("name the file that lethe backup --keys wrote with --keys")
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, lethe.Errorf(lethe.BadData, "%s is no file of keys: %w", from, err)
	}
	for name := range keys {
		if filepath.Base(name) != name || name == "." || name == ".." {
			return nil, lethe.Errorf(lethe.BadData, "%s names a key %q", from, name)
		}
	}
	return keys, nil
}

func placeKeys(data string, keys map[string][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	dir := filepath.Join(data, "keys")
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for name, key := range keys {
		if err := atomicfile.Write(filepath.Join(dir, name), key, 0o600); err != nil {
			return err
		}
	}
	return nil
}
