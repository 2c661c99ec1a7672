package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"lethe/app"
	"lethe/config"
)

// serveFlags are the flags of serve and demo.
type serveFlags struct {
	file, data, aws, s3, console, hms string
	memory                            config.Bytes
	logLevel, logFormat               string
	anonymous                         string // as whom the metastore serves, unless configured
	demo                              bool   // database instances are small, and end with the lake
}

func (f *serveFlags) add(cmd *cobra.Command) {
	d := config.Default()
	fs := cmd.Flags()
	fs.StringVar(&f.data, "data", os.Getenv("LETHE_DATA"), "folder that holds the lake; created if missing (LETHE_DATA)")
	fs.StringVar(&f.file, "config", "", "file lethe.yaml; flags override it")
	fs.StringVar(&f.aws, "aws-addr", d.AWS.Addr, "host:port of S3, Athena and STS; port 0 takes a free one")
	fs.StringVar(&f.s3, "s3-addr", "", "further host:port where S3 alone answers, for heavy traffic")
	fs.StringVar(&f.console, "console-addr", d.Console.Addr, "host:port of the console; port 0 takes a free one")
	fs.StringVar(&f.hms, "hms-addr", d.Metastore.Addr, "host:port of the Hive metastore; port 0 takes a free one, \"\" serves none")
	fs.Var(&f.memory, "query-memory", "memory of one query (default "+d.Query.Memory.String()+")")
	fs.StringVar(&f.logLevel, "log-level", d.Log.Level, "debug, info, warn or error")
	fs.StringVar(&f.logFormat, "log-format", d.Log.Format, "text or json")
}

// config reads the file, then the flags that were given.
func (f *serveFlags) config(cmd *cobra.Command) (config.Config, error) {
	c := config.Default()
	if f.file != "" {
		var err error
		if c, err = config.Load(f.file); err != nil {
			return c, err
		}
	}
	given := cmd.Flags().Changed
	if f.data != "" {
		c.Data = f.data
	}
	if given("aws-addr") {
		c.AWS.Addr = f.aws
	}
	if given("s3-addr") {
		c.AWS.S3Addr = f.s3
	}
	if given("console-addr") {
		c.Console.Addr = f.console
	}
	if given("hms-addr") {
		c.Metastore.Addr = f.hms
	}
	if given("query-memory") {
		c.Query.Memory = f.memory
	}
	if given("log-level") {
		c.Log.Level = f.logLevel
	}
	if given("log-format") {
		c.Log.Format = f.logFormat
	}
	return c, c.Check()
}

func newLog(c config.Log, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, err
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Run a lake",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			began := time.Now()
			return f.run(cmd, func(context.Context, *app.App) error { return nil }, func(a *app.App) {
				fmt.Fprintf(cmd.OutOrStdout(), "lethe is ready after %v: AWS %s, console %s, metastore %s, data %s\n",
					time.Since(began).Round(time.Millisecond), a.Endpoints.AWS, a.Endpoints.Console, cmp.Or(a.Endpoints.HMS, "not served"), a.Config.Data)
			})
		},
	}
	f.add(cmd)
	return cmd
}

// demoScale is how much of a class's memory a database instance gets in the demo, so that
// those of the articles fit on a laptop.
const demoScale = 1. / 8

// run starts a lake, prepares it, says that it is ready, and stops it when the
// process is told to stop.
func (f *serveFlags) run(cmd *cobra.Command, prepare func(context.Context, *app.App) error, ready func(*app.App)) (err error) {
	c, err := f.config(cmd)
	if err != nil {
		return err
	}
	if c.Metastore.Anonymous == "" {
		c.Metastore.Anonymous = f.anonymous
	}
	if f.demo {
		if c.Instances.MemoryScale == config.DefaultInstances().MemoryScale {
			c.Instances.MemoryScale = demoScale
		}
		c.Instances.Stop = true
	}
	log, err := newLog(c.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	a, err := app.Start(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := a.Stop(); err == nil {
			err = stopErr
		}
	}()
	if err := prepare(ctx, a); err != nil {
		return err
	}
	if err := a.Announce(); err != nil {
		return err
	}
	ready(a)
	return a.Wait(ctx)
}

// awsEnvironment is what makes AWS clients talk to a lake.
func awsEnvironment(data string) []string {
	return []string{
		"AWS_CONFIG_FILE=" + filepath.Join(data, "aws", "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(data, "aws", "credentials"),
		"AWS_PROFILE=lethe",
	}
}
