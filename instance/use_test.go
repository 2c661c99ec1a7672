package instance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// What lethe itself works with is started if it was stopped, waited for if it is being
// started, and is not taken from it.
func TestUse(t *testing.T) {
	ctx := t.Context()
	b := newBench(t)
	shop := b.create("shop", nil)
	if _, err := b.Use(ctx, "eu-central-1", "nobody", "", "metastore.database"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
	if _, err := b.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: shop.DBInstanceIdentifier}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", stopped)
	u, err := b.Use(ctx, "eu-central-1", "shop", "reader", "metastore.database")
	if err != nil || u.Port != int(*shop.Endpoint.Port) || u.User != *shop.MasterUsername || u.Engine != "postgres" || u.Secret != "" {
		t.Fatalf("%+v, %v", u, err)
	}
	if _, err := b.read(u.Port); err != nil {
		t.Error(err)
	}
	name := shop.DBInstanceIdentifier
	b.is("shop", available)
	refused := func(what string, err error, want bool) {
		t.Helper()
		fault := new(types.InvalidDBInstanceStateFault)
		if got := errors.As(err, &fault) && strings.Contains(err.Error(), "metastore.database"); got != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = b.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: name})
	refused("stop", err, true)
	_, err = b.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: name, SkipFinalSnapshot: ptr(true)})
	refused("delete", err, true)
	_, err = b.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, DBPortNumber: ptr(int32(15432))})
	refused("another port", err, true)
	_, err = b.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, NewDBInstanceIdentifier: ptr("other")})
	refused("another name", err, true)
	// The first user's password is not what it works with, until it does.
	password := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, MasterUserPassword: ptr("another-horse"), ApplyImmediately: ptr(true)}
	_, err = b.ModifyDBInstance(ctx, password)
	refused("the password of another user", err, false)
	b.is("shop", available)
	if _, err := b.Use(ctx, "eu-central-1", "shop", "", "erasure.index"); err != nil {
		t.Fatal(err)
	}
	if _, err = b.ModifyDBInstance(ctx, password); err == nil || !strings.Contains(err.Error(), "erasure.index") {
		t.Errorf("its password: %v", err)
	}

	// Nor is a password replaced that lethe keeps itself.
	managed := b.create("kept", func(in *rds.CreateDBInstanceInput) {
		in.MasterUserPassword, in.ManageMasterUserPassword = nil, ptr(true)
	})
	if u, err = b.Use(ctx, "eu-central-1", "kept", "", "metastore.database"); err != nil || u.Secret == "" {
		t.Fatalf("%+v, %v", u, err)
	}
	_, err = b.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: managed.DBInstanceIdentifier, RotateMasterUserPassword: ptr(true), ApplyImmediately: ptr(true)})
	refused("rotation", err, true)
	_, err = b.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: managed.DBInstanceIdentifier, ManageMasterUserPassword: ptr(false), MasterUserPassword: ptr("another-horse"), ApplyImmediately: ptr(true)})
	refused("an end of its management", err, true)

	// The next lethe waits for what has died meanwhile, and tells what cannot be used.
	b.stopLethe()
	b.crash(*shop.DbiResourceId)
	b.start()
	if _, err := b.Use(ctx, "eu-central-1", "shop", "", "metastore.database"); err != nil {
		t.Error(err)
	}
	b.is("shop", available)
	b.machine.mu.Lock()
	b.on(*shop.DbiResourceId).bytes = 20 * gib
	b.machine.mu.Unlock()
	if err := b.Tend(ctx); err != nil {
		t.Error(err)
	}
	b.is("shop", storageFull)
	if _, err := b.Use(ctx, "eu-central-1", "shop", "", "metastore.database"); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), storageFull) {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	<-short.Done()
	if _, err := b.Use(short, "eu-central-1", "shop", "", "metastore.database"); err == nil {
		t.Error("it does not heed its caller's end")
	}
}
