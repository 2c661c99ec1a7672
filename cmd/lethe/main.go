// Command lethe runs a data lake and talks to running ones.
//
//	lethe demo   --data DIR    a lake with sample data
//	lethe serve  --data DIR    a lake
//	lethe sql    "SELECT 1"    run SQL on a running lake
//	lethe ingest ...           load files into a table of a running lake
//	lethe events ...           see how events are delivered
//	lethe access ...           ask who may do what, and why
//	lethe metastore check      look through the rows of a catalog
//	lethe backup --to DIR      copy a lake; lethe restore makes a lake of that
//	lethe db ...               list database instances, and compare their classes
//	lethe doctor               check this machine and a lake
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"lethe"
	"lethe/app"
	"lethe/query/duckdb"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run executes a command line and returns the process's exit code.
func run(args []string) int {
	if len(args) == 1 && args[0] == "worker" { // a query's process, started by the engine
		return duckdb.Worker()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lethe: "+explain(err))
		return 1
	}
	return 0
}

// explain writes an error as one clear line, and a hint below it if there is one.
func explain(err error) string {
	var e *lethe.Error
	if errors.As(err, &e) && e.Hint != "" {
		full := err.Error()
		if full == e.Error() {
			return e.Message + "\nhint: " + e.Hint
		}
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "lethe",
		Short:         "A data lake that can forget",
		Version:       app.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newServe(), newDemo(), newSQL(), newIngest(), newEvents(), newAccess(), newMetastore(), newIndex(), newErase(), newDB(), newVacuum(), newBackup(), newRestore(), newDoctor())
	return root
}
