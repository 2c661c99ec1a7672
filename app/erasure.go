package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite"
	"lethe/erasure/second"
	"lethe/lib/atomicfile"
	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// openErasure opens what erases persons, and follows what happens to objects.
func (a *App) openErasure(ctx context.Context, db *state.DB) error {
	hashes, err := ownKey(a.path("keys", "identifiers"))
	if err != nil {
		return err
	}
	key, err := erasure.NewHashKey(hashes)
	if err != nil {
		return err
	}
	seed, err := ownKey(a.path("keys", "certificates"))
	if err != nil {
		return err
	}
	index, err := a.openIndex(ctx)
	if err != nil {
		return err
	}
	a.onStop(index.Close)
	work := a.path("erasure", "work")
	if err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o700)); err != nil {
		return fmt.Errorf("temporary files of erasures: %w", err)
	}
	g := workflow.NewRegistry()
	engine, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Except: instanceProcesses, Log: a.Log})
	if err != nil {
		return err
	}
	statistics, _ := a.Catalog.(erasure.Statistics)
	a.Erasure, err = erasure.Open(ctx, erasure.Config{
		DB: db, Store: a.Stores, Catalog: a.Catalog, Statistics: statistics, Index: index, Key: key, Format: rewrite.For, FormatOf: rewrite.ForFormat, SecondReader: second.Reader{}, Log: a.Log,
		Seal: a.keys, Engine: engine, Reports: "lethe-erasure-" + lethe.Account + "-" + a.Config.AWS.Region, Sign: ed25519.NewKeyFromSeed(seed), Dir: work,
		Holders: a.ownCopies(db, key, engine),
	})
	if err != nil {
		return err
	}
	a.onStop(a.Erasure.Close)
	if err := a.openFlow(); err != nil {
		return err
	}
	outside, err := a.holders(ctx)
	if err != nil {
		return err
	}
	a.Erasure.Holders = append(a.Erasure.Holders, outside...)
	a.Erasure.Register(g)
	if err := a.Erasure.Resume(ctx); err != nil {
		return err
	}
	// Its steps act as the lake itself: who may ask and decide was decided before.
	run, stop := context.WithCancel(lethe.WithPrincipal(context.Background(), lethe.System))
	var running sync.WaitGroup
	running.Go(func() {
		if err := engine.Run(run); err != nil && run.Err() == nil {
			a.fail(fmt.Errorf("erasure: %w", err))
		}
	})
	a.onStop(func() error {
		stop()
		running.Wait()
		return nil
	})
	return a.Events.Subscribe(ctx, "erasure", a.Erasure.Handle)
}

// ownKey reads a key of 32 bytes, or makes one that is the lake's from then on.
func ownKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) != 32:
		return nil, lethe.Errorf(lethe.BadData, "the key %s has %d bytes, and must have 32", path, len(key)).WithHint("restore it from a backup: what was made with it cannot be read with another")
	case err == nil:
		return key, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	key = make([]byte, 32)
	rand.Read(key) // never fails
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return key, atomicfile.Write(path, key, 0o600)
}
