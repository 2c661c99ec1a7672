package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/lib/leak"
)

// newScan looks for values in a lake's files, without asking the lake.
func newScan() *cobra.Command {
	var dir string
	var values []string
	cmd := &cobra.Command{
		Use:   "scan --dir DIR --for VALUE...",
		Short: "Look for values in all files of a folder, whatever holds them",
		Long: `It reads every file of the folder, as of a lake that runs or does not: as it is,
decompressed, and as the SQLite database, Pebble table or Parquet file that it may
be; and looks for the values as they are, in UTF-16, hexadecimal digits and base64.
It finds the bytes, whatever they mean: a short value is there by chance.

--for - reads values from the standard input, one a line, so that they stand in no
shell's history. Values are compared byte by byte: give each spelling.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := scanValues(cmd, values)
			if err != nil {
				return err
			}
			r, err := leak.Scan(cmd.Context(), dir, all...)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, f := range r.Findings {
				fmt.Fprintln(out, f)
			}
			for _, u := range r.Unread {
				fmt.Fprintln(out, "not decoded:", u)
			}
			fmt.Fprintf(out, "%d files of %d bytes: found at %d places\n", r.Files, r.Bytes, len(r.Findings))
			if len(r.Findings) > 0 {
				return lethe.Errorf(lethe.Conflict, "a value is in %s", dir)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the folder")
	cmd.Flags().StringArrayVar(&values, "for", nil, "a value; - reads values from the standard input")
	_ = cmd.MarkFlagRequired("dir")
	_ = cmd.MarkFlagRequired("for")
	return cmd
}

func scanValues(cmd *cobra.Command, values []string) (all []string, err error) {
	for _, v := range values {
		if v != "-" {
			all = append(all, v)
			continue
		}
		in := bufio.NewScanner(cmd.InOrStdin())
		for in.Scan() {
			if line := strings.TrimSuffix(in.Text(), "\r"); line != "" {
				all = append(all, line)
			}
		}
		if err := in.Err(); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "there is no value to look for")
	}
	return all, nil
}
