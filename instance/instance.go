// Package instance runs database instances: real servers of PostgreSQL, MariaDB and
// MySQL on this host, created, resized, saved, restored and watched by the operations of
// Amazon RDS.
//
//	p, err := instance.NewLocal(...)
//	out, err := p.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{...})
//
// [Provider] is the interface of everything that has instances, with the signatures of
// the SDK's client: *rds.Client itself is one, for instances at AWS, and Local is the
// one that runs engines here. What RDS says of names, states, windows, parameters and
// errors holds here; each rule names where it is documented.
package instance
