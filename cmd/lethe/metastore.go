package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/app"
	"lethe/catalog/store"
	"lethe/config"
)

func newMetastore() *cobra.Command {
	cmd := &cobra.Command{Use: "metastore", Short: "Look after the database of a lake's catalog"}
	cmd.AddCommand(newMetastoreCheck())
	return cmd
}

func newMetastoreCheck() *cobra.Command {
	var data, file, database, password string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find what a metastore would stumble over",
		Long: `Look through all rows of a catalog for what a metastore, Java's or this one,
would stumble over: rows that refer to none, ids that would be given twice, names
in upper case, lists with gaps, tables without a location. Nothing is changed, and
metastores may work meanwhile. The exit code is 1 if something is found.

	lethe metastore check --data lake
	lethe metastore check --config lethe.yaml
	lethe metastore check --database postgres://hive@db/metastore --password-file FILE`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := config.Default()
			if file != "" {
				var err error
				if c, err = config.Load(file); err != nil {
					return err
				}
			}
			if data != "" {
				c.Data = data
			}
			o := store.Options{Database: database}
			switch {
			case database != "":
			case file == "" && data == "":
				return lethe.Errorf(lethe.Invalid, "which catalog is meant?").WithHint("name its lake with --data DIR or --config FILE, or its database with --database URL")
			default:
				var err error
				if o, err = app.CatalogOptions(c); err != nil {
					return err
				}
			}
			if password != "" {
				text, err := os.ReadFile(password)
				if err != nil {
					return err
				}
				o.Password = strings.TrimRight(string(text), "\r\n")
			}
			found, err := store.Inspect(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				if err := e.Encode(append([]store.Finding{}, found...)); err != nil {
					return err
				}
			} else {
				for _, f := range found {
					fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s\n    %s\n", f.Table, f.Row, f.Problem, f.Advice)
				}
			}
			if len(found) > 0 {
				return lethe.Errorf(lethe.BadData, "%d problem(s) found", len(found))
			}
			if !asJSON {
				fmt.Fprintln(cmd.OutOrStdout(), "no problem found")
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&data, "data", os.Getenv("LETHE_DATA"), "folder that holds the lake (LETHE_DATA)")
	fs.StringVar(&file, "config", "", "file lethe.yaml, which may say that the catalog is elsewhere")
	fs.StringVar(&database, "database", "", "path of a catalog.db, or the URL of a database")
	fs.StringVar(&password, "password-file", "", "file that holds the database's password")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
