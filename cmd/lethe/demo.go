package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/app"
)

func newDemo() *cobra.Command {
	var f serveFlags
	var covid string
	cmd := &cobra.Command{
		Use:   "demo --data DIR",
		Short: "Run a lake with sample data",
		Long: `Run a lake with sample data: three tables of COVID-19 cases. With --covid the
series are those published by Johns Hopkins University, in a folder that holds
the three CSV files; without, they are a simulated outbreak of the same shape,
and labelled so.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if covid != "" {
				if info, err := os.Stat(covid); err != nil || !info.IsDir() {
					return lethe.Errorf(lethe.NotFound, "--covid %s is not a folder", covid)
				}
			}
			out := cmd.OutOrStdout()
			f.anonymous, f.demo = app.AnonymousUser, true
			prepare := func(ctx context.Context, a *app.App) error {
				if err := a.SampleMetastore(ctx); err != nil {
					return err
				}
				return a.Sample(ctx, covid, func(step string) { fmt.Fprintf(out, "  %s\n", step) })
			}
			return f.run(cmd, prepare, func(a *app.App) { welcome(cmd, a) })
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&covid, "covid", "", "folder of the three published COVID-19 series")
	return cmd
}

// welcome says where everything is.
func welcome(cmd *cobra.Command, a *app.App) {
	data := a.Config.Data
	password, err := os.ReadFile(filepath.Join(data, "console-password"))
	if err != nil {
		password = []byte("see " + filepath.Join(data, "console-password"))
	}
	fmt.Fprintf(cmd.OutOrStdout(), `
lethe is ready.

  console   %s
            user admin, password %s; those of engineer and sales are secrets, which the administrator reads:
            aws secretsmanager get-secret-value --secret-id DataEngineerUserCreds (or SalesUserCreds)
  AWS       %s
            export %s
            or AWS_PROFILE=engineer, who may read the sample, or sales, who may not
  SQL       lethe sql --data %s "SELECT * FROM covid_confirmed_cases LIMIT 5"
  Hive      %s; anyone on this machine may read the catalog
  data      %s

Ctrl-C stops it; the data stays.
`, a.Endpoints.Console, strings.TrimSpace(string(password)), a.Endpoints.AWS, strings.Join(awsEnvironment(data), " "), data, cmp.Or(a.Endpoints.HMS, "not served"), data)
}
