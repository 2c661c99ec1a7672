package rds

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/access"
	"lethe/instance"
)

// ask is a resource on which an operation's action is decided.
type ask struct {
	kind   string // in ARNs; "" if the member is an ARN
	member string // of the input, that names it
	some   bool   // only if the request names one; else all of the kind are asked for
}

func named(kind, member string) ask { return ask{kind, member, false} }
func some(kind, member string) ask  { return ask{kind, member, true} }

// The kinds of resources.
const (
	db, snapshot, pg, og, subgrp, es, backup = "db", "snapshot", "pg", "og", "subgrp", "es", "auto-backup"
)

// asks lists the resources of each operation (Service Authorization Reference, "Actions,
// resources, and condition keys for Amazon RDS"). Those with none are decided on *.
var asks = map[string][]ask{
	"CreateDBInstance":                     {named(db, "DBInstanceIdentifier"), some(pg, "DBParameterGroupName"), some(og, "OptionGroupName"), some(subgrp, "DBSubnetGroupName")},
	"DescribeDBInstances":                  {named(db, "DBInstanceIdentifier")},
	"ModifyDBInstance":                     {named(db, "DBInstanceIdentifier"), some(db, "NewDBInstanceIdentifier"), some(pg, "DBParameterGroupName"), some(og, "OptionGroupName"), some(subgrp, "DBSubnetGroupName")},
	"DeleteDBInstance":                     {named(db, "DBInstanceIdentifier"), some(snapshot, "FinalDBSnapshotIdentifier")},
	"RebootDBInstance":                     {named(db, "DBInstanceIdentifier")},
	"StartDBInstance":                      {named(db, "DBInstanceIdentifier")},
	"StopDBInstance":                       {named(db, "DBInstanceIdentifier"), some(snapshot, "DBSnapshotIdentifier")},
	"CreateDBInstanceReadReplica":          {named(db, "DBInstanceIdentifier"), some(db, "SourceDBInstanceIdentifier"), some(pg, "DBParameterGroupName"), some(og, "OptionGroupName"), some(subgrp, "DBSubnetGroupName")},
	"PromoteReadReplica":                   {named(db, "DBInstanceIdentifier")},
	"SwitchoverReadReplica":                {named(db, "DBInstanceIdentifier")},
	"CreateDBSnapshot":                     {named(db, "DBInstanceIdentifier"), named(snapshot, "DBSnapshotIdentifier")},
	"DescribeDBSnapshots":                  {named(db, "DBInstanceIdentifier"), named(snapshot, "DBSnapshotIdentifier")},
	"CopyDBSnapshot":                       {named(snapshot, "SourceDBSnapshotIdentifier"), named(snapshot, "TargetDBSnapshotIdentifier"), some(og, "OptionGroupName")},
	"ModifyDBSnapshot":                     {named(snapshot, "DBSnapshotIdentifier"), some(og, "OptionGroupName")},
	"DeleteDBSnapshot":                     {named(snapshot, "DBSnapshotIdentifier")},
	"DescribeDBSnapshotAttributes":         {named(snapshot, "DBSnapshotIdentifier")},
	"ModifyDBSnapshotAttribute":            {named(snapshot, "DBSnapshotIdentifier")},
	"RestoreDBInstanceFromDBSnapshot":      {named(db, "DBInstanceIdentifier"), named(snapshot, "DBSnapshotIdentifier"), some(pg, "DBParameterGroupName"), some(og, "OptionGroupName"), some(subgrp, "DBSubnetGroupName")},
	"RestoreDBInstanceToPointInTime":       {named(db, "TargetDBInstanceIdentifier"), named(db, "SourceDBInstanceIdentifier"), some(backup, "SourceDBInstanceAutomatedBackupsArn"), some(pg, "DBParameterGroupName"), some(og, "OptionGroupName"), some(subgrp, "DBSubnetGroupName")},
	"DescribeDBInstanceAutomatedBackups":   {named(db, "DBInstanceIdentifier"), some(backup, "DBInstanceAutomatedBackupsArn")},
	"DeleteDBInstanceAutomatedBackup":      {named(backup, "DBInstanceAutomatedBackupsArn")},
	"CreateDBParameterGroup":               {named(pg, "DBParameterGroupName")},
	"DescribeDBParameterGroups":            {named(pg, "DBParameterGroupName")},
	"ModifyDBParameterGroup":               {named(pg, "DBParameterGroupName")},
	"ResetDBParameterGroup":                {named(pg, "DBParameterGroupName")},
	"CopyDBParameterGroup":                 {named(pg, "SourceDBParameterGroupIdentifier"), named(pg, "TargetDBParameterGroupIdentifier")},
	"DeleteDBParameterGroup":               {named(pg, "DBParameterGroupName")},
	"DescribeDBParameters":                 {named(pg, "DBParameterGroupName")},
	"DescribeEngineDefaultParameters":      nil,
	"CreateDBSubnetGroup":                  {named(subgrp, "DBSubnetGroupName")},
	"DescribeDBSubnetGroups":               {named(subgrp, "DBSubnetGroupName")},
	"ModifyDBSubnetGroup":                  {named(subgrp, "DBSubnetGroupName")},
	"DeleteDBSubnetGroup":                  {named(subgrp, "DBSubnetGroupName")},
	"CreateOptionGroup":                    {named(og, "OptionGroupName")},
	"DescribeOptionGroups":                 {named(og, "OptionGroupName")},
	"ModifyOptionGroup":                    {named(og, "OptionGroupName")},
	"DeleteOptionGroup":                    {named(og, "OptionGroupName")},
	"DescribeOptionGroupOptions":           nil,
	"DescribeOrderableDBInstanceOptions":   nil,
	"DescribeValidDBInstanceModifications": {named(db, "DBInstanceIdentifier")},
	"DescribeDBEngineVersions":             nil,
	"DescribePendingMaintenanceActions":    {named(db, "ResourceIdentifier")},
	"ApplyPendingMaintenanceAction":        {named(db, "ResourceIdentifier")},
	"DescribeEvents":                       nil,
	"DescribeEventCategories":              nil,
	"CreateEventSubscription":              {named(es, "SubscriptionName")},
	"DescribeEventSubscriptions":           {named(es, "SubscriptionName")},
	"ModifyEventSubscription":              {named(es, "SubscriptionName")},
	"DeleteEventSubscription":              {named(es, "SubscriptionName")},
	"DescribeDBLogFiles":                   {named(db, "DBInstanceIdentifier")},
	"DownloadDBLogFilePortion":             {named(db, "DBInstanceIdentifier")},
	"AddTagsToResource":                    {named("", "ResourceName")},
	"ListTagsForResource":                  {named("", "ResourceName")},
	"RemoveTagsFromResource":               {named("", "ResourceName")},
	"DescribeAccountAttributes":            nil,
	"DescribeCertificates":                 nil,
	"ModifyCertificates":                   nil,
	"DescribeSourceRegions":                nil,
	"DescribeDBMajorEngineVersions":        nil,
}

// arn names the resource that an input's member names, in the region of the request
// unless it is an ARN itself. What names none stands for all.
func (k ask) arn(region string, input reflect.Value) string {
	id := text(input, k.member)
	if at, kind, name, ok := instance.ParseARN(id); ok && (k.kind == "" || k.kind == kind) {
		return instance.ARN(at, kind, name)
	}
	switch {
	case k.kind == "":
		return "*" // not an ARN of RDS: nothing that could be there
	case id == "":
		return instance.ARN(region, k.kind, "*")
	}
	return instance.ARN(region, k.kind, strings.ToLower(id))
}

// text is the value of a member that is a text.
func text(input reflect.Value, member string) string {
	s, _ := input.FieldByName(member).Interface().(*string)
	return aws.ToString(s)
}

// authorize decides whether the principal may run the operation.
func (a api) authorize(ctx context.Context, operation string, input any) error {
	list, known := asks[operation]
	if !known {
		return fmt.Errorf("rds: nobody said who may call %s", operation)
	}
	region := regionOf(ctx)
	if !regionName.MatchString(region) {
		return lethe.Errorf(lethe.Invalid, "%q is not the name of a region: it has small letters, digits and hyphens only", region)
	}
	p, action := lethe.PrincipalOf(ctx), "rds:"+operation
	conditions := requested(input)
	if len(list) == 0 {
		return a.access.Decide(access.WithConditions(ctx, conditions), p, action, "*")
	}
	v := reflect.ValueOf(input).Elem()
	for _, k := range list {
		if k.some && text(v, k.member) == "" {
			continue
		}
		resource := k.arn(region, v)
		own, err := a.tagged(ctx, resource)
		if err != nil {
			return err
		}
		maps.Copy(own, conditions)
		if err := a.access.Decide(access.WithConditions(ctx, own), p, action, resource); err != nil {
			return err
		}
	}
	return nil
}

// tagged are the condition keys of a resource's tags. Those of resources that are
// elsewhere are not known here.
func (a api) tagged(ctx context.Context, resource string) (map[string][]string, error) {
	conditions := map[string][]string{}
	p, ok := a.provider.(interface {
		ResourceTags(ctx context.Context, arn string) (map[string]string, error)
	})
	if !ok {
		return conditions, nil
	}
	tags, err := p.ResourceTags(ctx, resource)
	if err != nil {
		return nil, err
	}
	_, kind, _, _ := instance.ParseARN(resource)
	for k, v := range tags {
		conditions["aws:ResourceTag/"+k] = []string{v}
		conditions["rds:"+kind+"-tag/"+k] = []string{v}
	}
	return conditions, nil
}

// requested are the condition keys of what a request asks for.
func requested(input any) map[string][]string {
	c := map[string][]string{}
	v := reflect.ValueOf(input).Elem()
	add := func(key, member string) {
		f := v.FieldByName(member)
		if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() {
			return
		}
		switch x := f.Elem().Interface().(type) {
		case string:
			c[key] = []string{x}
		case bool:
			c[key] = []string{strconv.FormatBool(x)}
		case int32:
			c[key] = []string{strconv.FormatInt(int64(x), 10)}
		}
	}
	add("rds:DatabaseClass", "DBInstanceClass")
	add("rds:DatabaseEngine", "Engine")
	add("rds:DatabaseName", "DBName")
	add("rds:MultiAz", "MultiAZ")
	add("rds:Piops", "Iops")
	add("rds:StorageSize", "AllocatedStorage")
	add("rds:StorageEncrypted", "StorageEncrypted")
	add("rds:PubliclyAccessible", "PubliclyAccessible")
	add("rds:ManageMasterUserPassword", "ManageMasterUserPassword")
	if f := v.FieldByName("Tags"); f.IsValid() {
		tags, _ := f.Interface().([]types.Tag)
		for _, t := range tags {
			key := aws.ToString(t.Key)
			c["aws:RequestTag/"+key] = []string{aws.ToString(t.Value)}
			c["rds:req-tag/"+key] = []string{aws.ToString(t.Value)}
			c["aws:TagKeys"] = append(c["aws:TagKeys"], key)
		}
	}
	if in, ok := input.(*sdk.RemoveTagsFromResourceInput); ok {
		c["aws:TagKeys"] = in.TagKeys
	}
	return c
}
