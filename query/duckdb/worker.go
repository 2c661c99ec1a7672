package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// The directories of a worker, relative to its own, which is its working
// directory: so no path of the machine appears in a plan or a message.
const (
	inDir   = "in"   // what the query reads; read-only to the worker
	workDir = "work" // what it writes
	tmpDir  = workDir + "/tmp"
	outDir  = workDir + "/out"
	csvFile = workDir + "/result.csv"
)

// maxTask bounds the message that holds a statement and its file names.
const maxTask = 1 << 30

// gcPercent is how far a worker's Go heap grows between collections, which
// begin with the task. The program's own 8 MB are what it starts from: with less
// every small query would pay for a collection.
const gcPercent = 400

// progressEvery is how often a worker tells how far it is.
const progressEvery = 250 * time.Millisecond

// Worker is the main function of a worker process. It confines itself, opens
// DuckDB, says that it is ready, runs one task, and returns the exit status. It
// speaks on standard input and output, needs nothing of its environment, and exits when its
// parent does.
func Worker() int {
	in, out := os.Stdin, os.Stdout
	// Nothing else may write to the reply stream.
	os.Stdout = os.Stderr
	if err := serve(in, out); err != nil {
		f := failed{Message: plain(err)}
		if t, ok := errorClass(err); ok {
			f.Type = t
		}
		var r ofRules
		f.Rules = errors.As(err, &r)
		if writeFrame(out, reply{Failed: &f}) != nil {
			return 2
		}
		return 1
	}
	return 0
}

func serve(in io.Reader, out io.Writer) error {
	var s settings
	if err := readFrame(in, maxTask, &s); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	ctx := context.Background()
	// DuckDB looks for the machine's limits when it opens, before there is
	// anything of the query.
	db, err := open(ctx)
	if err != nil {
		return err
	}
	var aside *database
	if s.Connections > 1 { // a session
		if aside, err = open(ctx); err != nil {
			return err
		}
	}
	abi, err := confine(inDir, workDir, s.Spill)
	if err != nil && !s.Unconfined {
		return fmt.Errorf("%s: %w", refusal, err)
	}
	if err := db.connect(ctx, s.Connections-1); err != nil {
		return err
	}
	if err := db.lockDown(ctx, s); err != nil {
		return err
	}
	if err := writeFrame(out, reply{Ready: &ready{Landlock: abi}}); err != nil {
		return err
	}
	var t task
	if err := readFrame(in, maxTask, &t); err != nil {
		if errors.Is(err, io.EOF) {
			return nil // no longer needed
		}
		return fmt.Errorf("read task: %w", err)
	}
	debug.SetGCPercent(gcPercent)
	if t.Session {
		return db.session(ctx, copier{aside, s}, in, out)
	}
	go func() {
		// The engine says nothing more; the stream ends when it has died.
		_, _ = io.Copy(io.Discard, in)
		os.Exit(3)
	}()
	stop := db.progress(func(p float64) { _ = writeFrame(out, reply{Progress: &p}) })
	d, err := db.run(ctx, t)
	stop()
	if err != nil {
		return err
	}
	return writeFrame(out, reply{Done: &d})
}

// confine is a variable for the test of a kernel without Landlock.
var confine = confineProcess

// refusal begins the message of a worker that could not confine itself.
const refusal = "a worker must confine itself and cannot"
