package instance

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// dbUpgrade is the one action that maintenance has here: a newer minor version of the
// engine is installed on the host.
const dbUpgrade = "db-upgrade"

// upgrade returns the newest installed version of an instance's family if the instance
// has an older one, else "".
func upgrade(r *record, installed []installedVersion) string {
	newest := ""
	for _, v := range installed {
		if v.Engine == r.Engine && v.Family == family(r.Engine, r.Version) && compareVersions(v.Number, r.Version) > 0 && compareVersions(v.Number, newest) > 0 {
			newest = v.Number
		}
	}
	return newest
}

// due describes what maintenance an instance waits for, nil if none.
func (l *Local) due(r *record, installed []installedVersion) *types.ResourcePendingMaintenanceActions {
	to := upgrade(r, installed)
	if to == "" {
		return nil
	}
	a := types.PendingMaintenanceAction{Action: ptr(dbUpgrade), Description: ptr("Minor version upgrade from " + r.Version + " to " + to + ", which is installed on the host")}
	if p := r.Pending.EngineVersion; p != nil && *p == to {
		a.OptInStatus = ptr("next-maintenance")
		if w, err := ParseMaintenanceWindow(r.Maintenance); err == nil {
			a.CurrentApplyDate = ptr(w.Next(l.now()))
		}
	}
	return &types.ResourcePendingMaintenanceActions{ResourceIdentifier: ptr(r.arn()), PendingMaintenanceActionDetails: []types.PendingMaintenanceAction{a}}
}

// DescribePendingMaintenanceActions lists the instances that run older minor versions than
// the host has installed.
func (l *Local) DescribePendingMaintenanceActions(ctx context.Context, in *rds.DescribePendingMaintenanceActionsInput, opts ...func(*rds.Options)) (*rds.DescribePendingMaintenanceActionsOutput, error) {
	region := l.region(opts)
	by, err := filtered(in.Filters, "db-instance-id")
	if err != nil {
		return nil, err
	}
	only := ""
	if in.ResourceIdentifier != nil {
		_, kind, name, ok := ParseARN(*in.ResourceIdentifier)
		if !ok || kind != kindInstance {
			return nil, invalidValue("The parameter ResourceIdentifier must be the ARN of a DB instance.")
		}
		only = name
	}
	installed, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	all := []types.ResourcePendingMaintenanceActions{}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		if only != "" {
			if _, err := l.lookup(ctx, tx, region, *in.ResourceIdentifier); err != nil {
				return &types.ResourceNotFoundFault{Message: ptr("The resource " + *in.ResourceIdentifier + " was not found.")}
			}
		}
		rs, err := l.records(ctx, tx, region)
		if err != nil {
			return err
		}
		for _, r := range rs {
			ids := by["db-instance-id"]
			wanted := (only == "" || only == r.Name) && (ids == nil || slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, r.Name) || strings.EqualFold(id, r.arn()) }))
			if d := l.due(&r, installed); wanted && d != nil {
				all = append(all, *d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(a types.ResourcePendingMaintenanceActions) string { return *a.ResourceIdentifier })
	if err != nil {
		return nil, err
	}
	return &rds.DescribePendingMaintenanceActionsOutput{Marker: next, PendingMaintenanceActions: page}, nil
}

// ApplyPendingMaintenanceAction upgrades an instance at once or in its next maintenance
// window, or takes that back: it modifies the instance's version.
func (l *Local) ApplyPendingMaintenanceAction(ctx context.Context, in *rds.ApplyPendingMaintenanceActionInput, opts ...func(*rds.Options)) (*rds.ApplyPendingMaintenanceActionOutput, error) {
	resource := aws.ToString(in.ResourceIdentifier)
	region, kind, name, ok := ParseARN(resource)
	if !ok || kind != kindInstance {
		return nil, invalidValue("The parameter ResourceIdentifier must be the ARN of a DB instance.")
	}
	installed, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	var r *record
	err = l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = l.lookup(ctx, tx, region, name)
		return err
	})
	if err != nil {
		return nil, &types.ResourceNotFoundFault{Message: ptr("The resource " + resource + " was not found.")}
	}
	to := upgrade(r, installed)
	if aws.ToString(in.ApplyAction) != dbUpgrade || to == "" {
		return nil, invalidCombination("There is no pending action %s for %s.", aws.ToString(in.ApplyAction), resource)
	}
	m := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &r.Name, EngineVersion: &to}
	switch aws.ToString(in.OptInType) {
	case immediate:
		m.ApplyImmediately = ptr(true)
	case "next-maintenance":
	case "undo-opt-in":
		m.EngineVersion = &r.Version
	default:
		return nil, invalidValue("Invalid opt-in type: %s. It is immediate, next-maintenance or undo-opt-in.", aws.ToString(in.OptInType))
	}
	opts = append(slices.Clone(opts), func(o *rds.Options) { o.Region = region })
	if _, err := l.ModifyDBInstance(ctx, m, opts...); err != nil {
		return nil, err
	}
	out := &rds.ApplyPendingMaintenanceActionOutput{ResourcePendingMaintenanceActions: &types.ResourcePendingMaintenanceActions{ResourceIdentifier: &resource}}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		r, err := l.load(ctx, tx, r.ID)
		if err != nil || r == nil {
			return err
		}
		if d := l.due(r, installed); d != nil {
			out.ResourcePendingMaintenanceActions = d
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
