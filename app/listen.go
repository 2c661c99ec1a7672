package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/config"
	"lethe/query"
	"lethe/wire/athena"
	"lethe/wire/aws"
	"lethe/wire/console"
	"lethe/wire/iam"
	"lethe/wire/rds"
	"lethe/wire/s3"
	"lethe/wire/secretsmanager"
	"lethe/wire/sts"
)

// listen answers on all ports.
func (a *App) listen(context.Context) error {
	c := a.Config
	a.Endpoints = config.Endpoints{Region: c.AWS.Region, PID: os.Getpid(), Version: Version}
	g, err := a.gateway()
	if err != nil {
		return err
	}
	mux, err := a.awsMux(g)
	if err != nil {
		return err
	}
	addr, err := a.serve(c.AWS.Addr, mux)
	if err != nil {
		return err
	}
	a.Endpoints.AWS = "http://" + addr.String()
	sso, err := a.singleSignOn()
	if err != nil {
		return err
	}
	if addr, err = a.serve(c.Console.Addr, a.console(sso)); err != nil {
		return err
	}
	a.Endpoints.Console = "http://" + addr.String()
	if err := a.serveMetastore(); err != nil {
		return err
	}
	return a.writeAWSFiles()
}

// gateway runs the S3 front end until the app stops.
func (a *App) gateway() (*s3.Gateway, error) {
	c := s3.Config{Backend: s3.Elsewhere(a.Objects.Gateway(), a.storeOf), Settings: a.Objects, Targets: a.Events.CheckTarget, Keys: a.Access, Decider: a.Access, Region: a.Config.AWS.Region, Log: a.Log}
	if a.Config.AWS.S3Addr != "" {
		c.Listen = []string{a.Config.AWS.S3Addr}
	}
	a.Access.AddResourcePolicies("s3", together(s3.BucketPolicies(c.Backend), a.resultsOfOthers))
	g, err := s3.New(c)
	if err != nil {
		return nil, err
	}
	for _, addr := range g.Listening() {
		a.Endpoints.S3 = "http://" + addr
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := g.Run(ctx)
		if ctx.Err() == nil {
			a.fail(fmt.Errorf("the S3 gateway ended: %w", err))
		}
		done <- err
	}()
	a.onStop(func() error {
		cancel()
		return <-done
	})
	return g, nil
}

// awsMux answers Athena, IAM, STS, Secrets Manager and RDS, and hands everything else to S3.
func (a *App) awsMux(g *s3.Gateway) (http.Handler, error) {
	ath, err := athena.New(athena.Config{Executions: a.Queries, Workgroups: a.Queries, DataCatalogs: a.Queries,
		Access: a.Access, Region: a.Config.AWS.Region})
	if err != nil {
		return nil, err
	}
	users, err := iam.New(a.Access)
	if err != nil {
		return nil, err
	}
	tokens, err := sts.New(a.Access)
	if err != nil {
		return nil, err
	}
	secrets, err := secretsmanager.New(a.Secrets, a.Access)
	if err != nil {
		return nil, err
	}
	databases, err := rds.New(a.Instances, a.Access)
	if err != nil {
		return nil, err
	}
	return aws.New(aws.Config{Keys: a.Access, S3: g.Handler(), REST: a.rest(), Log: a.Log}, ath, users, tokens, secrets, databases)
}

func (a *App) console(sso *console.SingleSignOn) http.Handler {
	return console.New(console.Options{
		Log: a.Log, Sessions: a.Access, Access: a.Access, Explainer: a.Access, MasterKey: a.keys, Rules: tableRules{a.Access, a.Queries}, Principals: a.Access, Secrets: a.Secrets, Audit: a.Access, Queries: a.Queries, Connectors: a.Queries, MetastoreNodes: a.MetastoreNodes, Ingests: a.Ingests, Events: a.Events, Erasure: a.Erasure, Instances: a.Instances, Backups: a.Backups, Dash: a.Dash, Objects: a.Stores, Previews: previews{a.Stores, a.Queries}, Region: a.Config.AWS.Region, Version: Version, Ready: a.ready, SingleSignOn: sso, Secure: strings.HasPrefix(a.Config.Console.URL, "https://"), Metrics: a.metrics.handler(),
		DDL: func(t catalog.Table) (string, error) { return query.CreateTable(t), nil },
	})
}

// drain is how long requests that run may go on after a stop.
const drain = 5 * time.Second

// serve answers on an address and returns where it listens.
func (a *App) serve(addr string, h http.Handler) (net.Addr, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, lethe.Errorf(lethe.Conflict, "cannot listen on %s: %w", addr, err).WithHint("choose another port; 0 takes a free one")
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("listener %s: %w", addr, err))
		}
	}()
	a.onStop(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			return srv.Close()
		}
		return nil
	})
	return l.Addr(), nil
}

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default: // one is enough to stop
	}
}
