package athena

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/query"
)

// The one version of the engine, and the name that asks for the newest.
const (
	engine3    = "Athena engine version 3"
	engineAuto = "AUTO"
)

// engineVersion is what clients expect to be told everywhere; Grafana's does not
// start without it.
func engineVersion() *types.EngineVersion {
	return &types.EngineVersion{SelectedEngineVersion: aws.String(engineAuto), EffectiveEngineVersion: aws.String(engine3)}
}

func (a *api) listEngineVersions(_ context.Context, in *sdk.ListEngineVersionsInput) (*sdk.ListEngineVersionsOutput, error) {
	versions := []types.EngineVersion{
		*engineVersion(),
		{SelectedEngineVersion: aws.String(engine3), EffectiveEngineVersion: aws.String(engine3)},
	}
	part, next, err := page(versions, func(v types.EngineVersion) string { return *v.SelectedEngineVersion }, in.NextToken, in.MaxResults, 10)
	if err != nil {
		return nil, err
	}
	return &sdk.ListEngineVersionsOutput{EngineVersions: part, NextToken: next}, nil
}

func (a *api) getWorkGroup(ctx context.Context, in *sdk.GetWorkGroupInput) (*sdk.GetWorkGroupOutput, error) {
	w, err := a.Workgroups.Workgroup(ctx, aws.ToString(in.WorkGroup))
	if err != nil {
		return nil, err
	}
	c := &types.WorkGroupConfiguration{
		ResultConfiguration:                  &types.ResultConfiguration{OutputLocation: text(w.Output)},
		EnforceWorkGroupConfiguration:        &w.Enforce,
		EngineVersion:                        engineVersion(),
		EnableMinimumEncryptionConfiguration: aws.Bool(false),
		PublishCloudWatchMetricsEnabled:      aws.Bool(false),
		RequesterPaysEnabled:                 aws.Bool(false),
	}
	if w.ScanLimit > 0 {
		c.BytesScannedCutoffPerQuery = &w.ScanLimit
	}
	return &sdk.GetWorkGroupOutput{WorkGroup: &types.WorkGroup{
		Name: &w.Name, Description: text(w.Description), State: workgroupState(w), CreationTime: &w.Created, Configuration: c,
	}}, nil
}

func workgroupState(w query.Workgroup) types.WorkGroupState {
	if w.Disabled {
		return types.WorkGroupStateDisabled
	}
	return types.WorkGroupStateEnabled
}

func (a *api) listWorkGroups(ctx context.Context, in *sdk.ListWorkGroupsInput) (*sdk.ListWorkGroupsOutput, error) {
	all, err := a.Workgroups.Workgroups(ctx)
	if err != nil {
		return nil, err
	}
	part, next, err := page(all, func(w query.Workgroup) string { return w.Name }, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListWorkGroupsOutput{WorkGroups: []types.WorkGroupSummary{}, NextToken: next}
	for _, w := range part {
		out.WorkGroups = append(out.WorkGroups, types.WorkGroupSummary{
			Name: &w.Name, Description: &w.Description, State: workgroupState(w), CreationTime: &w.Created, EngineVersion: engineVersion(),
		})
	}
	return out, nil
}

func (a *api) createWorkGroup(ctx context.Context, in *sdk.CreateWorkGroupInput) (*sdk.CreateWorkGroupOutput, error) {
	w := query.Workgroup{Name: aws.ToString(in.Name), Description: aws.ToString(in.Description), Enforce: true}
	if err := noTags(in.Tags); err != nil {
		return nil, err
	}
	if c := in.Configuration; c != nil {
		output, err := resultLocation(c.ResultConfiguration)
		err = firstError(err,
			engineSupported(c.EngineVersion),
			managedResults(c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled),
			kms(c.CustomerContentEncryptionConfiguration, c.EnableMinimumEncryptionConfiguration),
			elsewhere(c.ExecutionRole != nil, c.IdentityCenterConfiguration != nil, c.QueryResultsS3AccessGrantsConfiguration != nil, c.MonitoringConfiguration != nil, c.EngineConfiguration != nil))
		if err != nil {
			return nil, err
		}
		w.Output = output
		w.ScanLimit = aws.ToInt64(c.BytesScannedCutoffPerQuery)
		if c.EnforceWorkGroupConfiguration != nil {
			w.Enforce = *c.EnforceWorkGroupConfiguration
		}
	}
	return nil, a.Workgroups.CreateWorkgroup(ctx, w)
}

// updateWorkGroup changes what the request names and keeps the rest.
func (a *api) updateWorkGroup(ctx context.Context, in *sdk.UpdateWorkGroupInput) (*sdk.UpdateWorkGroupOutput, error) {
	w, err := a.Workgroups.Workgroup(ctx, aws.ToString(in.WorkGroup))
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		w.Description = *in.Description
	}
	if in.State != "" {
		w.Disabled = in.State == types.WorkGroupStateDisabled
	}
	if c := in.ConfigurationUpdates; c != nil {
		if err := updateConfiguration(&w, c); err != nil {
			return nil, err
		}
	}
	return nil, a.Workgroups.UpdateWorkgroup(ctx, w)
}

func updateConfiguration(w *query.Workgroup, c *types.WorkGroupConfigurationUpdates) error {
	err := firstError(
		engineSupported(c.EngineVersion),
		managedResults(c.ManagedQueryResultsConfigurationUpdates != nil && aws.ToBool(c.ManagedQueryResultsConfigurationUpdates.Enabled)),
		kms(c.CustomerContentEncryptionConfiguration, c.EnableMinimumEncryptionConfiguration),
		elsewhere(c.ExecutionRole != nil, false, c.QueryResultsS3AccessGrantsConfiguration != nil, c.MonitoringConfiguration != nil, c.EngineConfiguration != nil))
	if err != nil {
		return err
	}
	if c.EnforceWorkGroupConfiguration != nil {
		w.Enforce = *c.EnforceWorkGroupConfiguration
	}
	if c.BytesScannedCutoffPerQuery != nil {
		w.ScanLimit = *c.BytesScannedCutoffPerQuery
	}
	if aws.ToBool(c.RemoveBytesScannedCutoffPerQuery) {
		w.ScanLimit = 0
	}
	if r := c.ResultConfigurationUpdates; r != nil {
		output, err := resultLocation(&types.ResultConfiguration{
			OutputLocation: r.OutputLocation, EncryptionConfiguration: r.EncryptionConfiguration, ExpectedBucketOwner: r.ExpectedBucketOwner,
		})
		if err != nil {
			return err
		}
		if output != "" || aws.ToBool(r.RemoveOutputLocation) {
			w.Output = output
		}
	}
	return nil
}

func engineSupported(v *types.EngineVersion) error {
	if v == nil {
		return nil
	}
	selected := aws.ToString(v.SelectedEngineVersion)
	return unsupported(selected != "" && selected != engineAuto && selected != engine3, "engine version "+selected, "use "+engineAuto+" or "+engine3)
}

func managedResults(enabled bool) error {
	return unsupported(enabled, "ManagedQueryResultsConfiguration", "give the workgroup an output location")
}

func kms(c *types.CustomerContentEncryptionConfiguration, minimum *bool) error {
	return firstError(
		unsupported(c != nil, "CustomerContentEncryptionConfiguration", "leave it out"),
		unsupported(aws.ToBool(minimum), "EnableMinimumEncryptionConfiguration", "leave it out"))
}

// elsewhere refuses settings of services that a lake does not have.
func elsewhere(role, identityCenter, grants, monitoring, spark bool) error {
	return firstError(
		unsupported(role, "ExecutionRole", "it is for Spark; leave it out"),
		unsupported(identityCenter, "IdentityCenterConfiguration", "leave it out"),
		unsupported(grants, "QueryResultsS3AccessGrantsConfiguration", "leave it out"),
		unsupported(monitoring, "MonitoringConfiguration", "it is for Spark; leave it out"),
		unsupported(spark, "EngineConfiguration", "it is for Spark; leave it out"))
}

func (a *api) deleteWorkGroup(ctx context.Context, in *sdk.DeleteWorkGroupInput) (*sdk.DeleteWorkGroupOutput, error) {
	w, err := a.Workgroups.Workgroup(ctx, aws.ToString(in.WorkGroup))
	if err != nil {
		return nil, err
	}
	if !aws.ToBool(in.RecursiveDeleteOption) {
		ids, _, err := a.Executions.List(ctx, w.Name, "", 1)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			return nil, lethe.Errorf(lethe.Conflict, "WorkGroup %s is not empty", w.Name).WithHint("it has query executions; set RecursiveDeleteOption to delete it all the same")
		}
	}
	return nil, a.Workgroups.DeleteWorkgroup(ctx, w.Name)
}
