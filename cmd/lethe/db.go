package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/spf13/cobra"

	"lethe"
	"lethe/instance/bench"
)

func newDB() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "List database instances, and compare their classes",
		Long: `Database instances are made and changed with the AWS command line (aws rds
create-db-instance ...) or in the console; these commands are what it does not have.`,
	}
	cmd.AddCommand(newDBList(), newDBURL(), newDBBench())
	return cmd
}

// instances are database instances, as the lake's API tells of them.
type instances struct {
	Instances []struct {
		Name     string `json:"name"`
		Region   string `json:"region"`
		Class    string `json:"class"`
		Engine   string `json:"engine"`
		Version  string `json:"version"`
		Status   string `json:"status"`
		Host     string `json:"host,omitempty"`
		Port     int    `json:"port,omitempty"`
		User     string `json:"user"`
		Database string `json:"database,omitempty"`
	} `json:"instances"`
}

func newDBList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the database instances of all regions", Args: cobra.NoArgs}
	data := lakeFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var all instances
		if err := ask(cmd, *data, "GET", "/instances", nil, &all); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd, all)
		}
		if len(all.Instances) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "there is no instance")
			return nil
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tREGION\tCLASS\tENGINE\tSTATUS\tENDPOINT")
		for _, i := range all.Instances {
			at := "-"
			if i.Port != 0 {
				at = fmt.Sprintf("%s:%d", i.Host, i.Port)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\t%s\t%s\n", i.Name, i.Region, i.Class, i.Engine, i.Version, i.Status, at)
		}
		return w.Flush()
	}
	return cmd
}

func newDBURL() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "url NAME",
		Short:   "Print an instance's URL for clients, without the password",
		Example: `  psql "$(lethe db url newsblog)"`,
		Args:    cobra.ExactArgs(1),
	}
	data := lakeFlag(cmd)
	region := cmd.Flags().String("region", "", "the instance's region; none: whichever has one of the name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var all instances
		if err := ask(cmd, *data, "GET", "/instances", nil, &all); err != nil {
			return err
		}
		var found []string
		var urls []string
		for _, i := range all.Instances {
			if i.Name != args[0] || *region != "" && i.Region != *region {
				continue
			}
			if i.Port == 0 {
				return lethe.Errorf(lethe.Conflict, "%s has no endpoint: it is %s", i.Name, i.Status)
			}
			u := url.URL{Scheme: "mysql", User: url.User(i.User), Host: net.JoinHostPort(i.Host, strconv.Itoa(i.Port)), Path: "/" + i.Database}
			if i.Engine == "postgres" {
				authority, err := filepath.Abs(filepath.Join(*data, "instances-ca.pem"))
				if err != nil {
					return err
				}
				u.Scheme, u.Path = "postgresql", "/"+cmp.Or(i.Database, "postgres")
				u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority}}.Encode()
			}
			found, urls = append(found, i.Region), append(urls, u.String())
		}
		switch len(found) {
		case 0:
			return lethe.Errorf(lethe.NotFound, "there is no instance %s", args[0]).WithHint("see: lethe db list")
		case 1:
			fmt.Fprintln(cmd.OutOrStdout(), urls[0])
			return nil
		}
		return lethe.Errorf(lethe.Invalid, "the regions %s have an instance %s each", strings.Join(found, ", "), args[0]).WithHint("name one with --region")
	}
	return cmd
}

func newDBBench() *cobra.Command {
	var plan bench.Plan
	var prices, chart string
	var seconds int
	cmd := &cobra.Command{
		Use:   "bench --classes CLASS,CLASS...",
		Short: "Measure what instances of several classes do, and for what price",
		Long: `Makes an instance of each class in turn, lets pgbench (PostgreSQL) or sysbench
(MariaDB, MySQL) work on it, removes it, and prints transactions a second, their
latency, and transactions for the price of a list that you bring: AWS's own of
the service AmazonRDS for a region, in JSON, or lines of CLASS,PRICE.

The figures are of this host, where a class is a size and not a processor.`,
		Example: `  lethe db bench --classes db.m6g.large,db.r6g.large --prices prices.csv --chart classes.svg`,
		Args:    cobra.NoArgs,
	}
	data := lakeFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	f := cmd.Flags()
	f.StringSliceVar(&plan.Classes, "classes", nil, "the classes to compare")
	f.StringVar(&plan.Engine, "engine", "postgres", "postgres, mariadb or mysql")
	f.StringVar(&plan.Version, "engine-version", "", "its version; none: the newest that is installed")
	f.IntVar(&plan.Load.Clients, "clients", 8, "that work at once")
	f.IntVar(&seconds, "seconds", 30, "for which each class is measured")
	f.IntVar(&plan.Load.Scale, "scale", 10, "of the tables, in 100,000 rows")
	f.BoolVar(&plan.Load.ReadOnly, "read-only", false, "look up only; else short transactions that write")
	f.StringVar(&prices, "prices", "", "file with the prices of an hour")
	f.StringVar(&chart, "chart", "", "file for the comparison as a picture, in SVG")
	_ = cmd.MarkFlagRequired("classes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if plan.Load.Clients < 1 || seconds < 1 || plan.Load.Scale < 1 {
			return lethe.Errorf(lethe.Invalid, "--clients, --seconds and --scale are at least 1")
		}
		plan.Load.Time = time.Duration(seconds) * time.Second
		if prices != "" {
			list, err := os.Open(prices)
			if err != nil {
				return err
			}
			defer list.Close()
			if plan.Prices, err = bench.ReadPrices(list, plan.Engine); err != nil {
				return fmt.Errorf("%s: %w", prices, err)
			}
		}
		l, err := findLake(*data)
		if err != nil {
			return err
		}
		cfg, err := l.aws(cmd.Context())
		if err != nil {
			return err
		}
		plan.Report = func(class, what string) { fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", class, what) }
		all, err := bench.Run(cmd.Context(), rds.NewFromConfig(cfg), plan)
		if len(all) > 0 { // what was measured before an error too
			err = errors.Join(printResults(cmd, all, *asJSON), drawResults(chart, plan.Engine, all), err)
		}
		return err
	}
	return cmd
}

func printResults(cmd *cobra.Command, all []bench.Result, asJSON bool) error {
	if asJSON {
		return printJSON(cmd, map[string]any{"results": all})
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "CLASS\tTRANSACTIONS/S\tLATENCY, MS\tPRICE, AN HOUR\tTRANSACTIONS FOR 1\t")
	for _, r := range all {
		price, per := "-", "-"
		if r.Price > 0 {
			price, per = fmt.Sprint(r.Price), fmt.Sprintf("%.0f", r.PerCost)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%s\t%s\t\n", r.Class, r.TPS, r.Latency, price, per)
	}
	return w.Flush()
}

func drawResults(path, engine string, all []bench.Result) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(bench.Chart(f, engine, all), f.Close())
}
