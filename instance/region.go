package instance

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
)

// region is that of a request: its options' or the provider's own.
func (l *Local) region(opts []func(*rds.Options)) string {
	var o rds.Options
	for _, f := range opts {
		f(&o)
	}
	return cmp.Or(o.Region, l.Region, lethe.DefaultRegion)
}

// The kinds of RDS's resources in ARNs (Amazon RDS User Guide, "Amazon Resource Names").
const (
	kindInstance = "db"
	kindSnapshot = "snapshot"
	kindGroup    = "pg"
	kindOptions  = "og"
	kindSubnets  = "subgrp"
	kindBackup   = "auto-backup"
	kindEvents   = "es"
)

// arn names a resource of RDS.
func arn(region, kind, name string) string {
	return "arn:aws:rds:" + region + ":" + lethe.Account + ":" + kind + ":" + name
}
