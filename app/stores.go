package app

import (
	"context"
	"errors"
	"maps"
	"slices"

	"lethe/config"
	"lethe/object"
	"lethe/object/mount"
	"lethe/object/remote"
)

// openStores makes one store of the lake's own and of those configured. No other
// store is asked at the start: one that is away must not keep the lake from
// running.
func (a *App) openStores(ctx context.Context) error {
	mounts := map[string]object.Store{}
	var others []*remote.Store
	for _, name := range slices.Sorted(maps.Keys(a.Config.Stores)) {
		c := a.Config.Stores[name]
		s, err := remote.New(ctx, remoteConfig(name, c, a.path("stores", name)))
		if err != nil {
			return err
		}
		others = append(others, s)
		for _, b := range c.Buckets {
			mounts[b] = s
		}
	}
	var err error
	if a.Stores, err = mount.New(ctx, a.Objects, mounts); err != nil {
		return err
	}
	a.sweep(others)
	return nil
}

func remoteConfig(name string, c config.ObjectStore, dir string) remote.Config {
	return remote.Config{
		Name: name, Endpoint: c.Endpoint, Region: c.Region, PathStyle: c.PathStyle, NoChecksums: c.NoChecksums, Profile: c.Profile,
		AccessKeyID: c.AccessKeyID, SecretAccessKey: string(c.SecretAccessKey), SessionToken: string(c.SessionToken),
		Dir: dir,
	}
}

// sweep aborts, beside everything else, the uploads that a killed process left
// in other stores. What cannot be aborted now is tried at the next start.
func (a *App) sweep(stores []*remote.Store) {
	if len(stores) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, s := range stores {
			if err := s.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.Log.Warn("uploads of an earlier start are left in another store", "store", s.Name(), "err", err)
			}
		}
	}()
	a.onStop(func() error {
		cancel()
		<-done
		return nil
	})
}

// storeOf names the other store that a bucket is in, "" if it is in none.
func (a *App) storeOf(bucket string) string {
	if s, ok := a.Stores.Mounted(bucket).(*remote.Store); ok {
		return s.Name()
	}
	return ""
}
