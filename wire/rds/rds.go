// Package rds serves the API of Amazon RDS: it hands the operations of an
// [instance.Provider] to who may call them.
//
// The provider's methods are those of the SDK's client, so that nothing is translated
// here but errors. A request's region is that of its signature; names of instances,
// snapshots and groups are unique within one.
//
// Each operation needs the permission of its own name on the resources that the Service
// Authorization Reference lists for it, as far as the request names them; see [asks].
package rds

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"reflect"
	"regexp"

	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access"
	"lethe/instance"
	"lethe/lib/awsproto"
)

//go:generate go run lethe/lib/awsproto/gen -service rds -o model.json AddTagsToResource ApplyPendingMaintenanceAction CopyDBParameterGroup CopyDBSnapshot CreateDBInstance CreateDBInstanceReadReplica CreateDBParameterGroup CreateDBSnapshot CreateDBSubnetGroup CreateEventSubscription CreateOptionGroup DeleteDBInstance DeleteDBInstanceAutomatedBackup DeleteDBParameterGroup DeleteDBSnapshot DeleteDBSubnetGroup DeleteEventSubscription DeleteOptionGroup DescribeAccountAttributes DescribeCertificates DescribeDBEngineVersions DescribeDBInstanceAutomatedBackups DescribeDBInstances DescribeDBLogFiles DescribeDBMajorEngineVersions DescribeDBParameterGroups DescribeDBParameters DescribeDBSnapshotAttributes DescribeDBSnapshots DescribeDBSubnetGroups DescribeEngineDefaultParameters DescribeEventCategories DescribeEventSubscriptions DescribeEvents DescribeOptionGroupOptions DescribeOptionGroups DescribeOrderableDBInstanceOptions DescribePendingMaintenanceActions DescribeSourceRegions DescribeValidDBInstanceModifications DownloadDBLogFilePortion ListTagsForResource ModifyCertificates ModifyDBInstance ModifyDBParameterGroup ModifyDBSnapshot ModifyDBSnapshotAttribute ModifyDBSubnetGroup ModifyEventSubscription ModifyOptionGroup PromoteReadReplica RebootDBInstance RemoveTagsFromResource ResetDBParameterGroup RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime StartDBInstance StopDBInstance SwitchoverReadReplica

//go:embed model.json
var model []byte

type api struct {
	provider instance.Provider
	access   access.Decider
}

// New returns the service. It handles every method of instance.Provider.
func New(p instance.Provider, x access.Decider) (*awsproto.Service, error) {
	a := api{p, x}
	s, err := awsproto.New(model, awsproto.Options{Authorize: a.authorize, MapError: mapError})
	if err != nil {
		return nil, err
	}
	methods, backend := reflect.TypeFor[instance.Provider](), reflect.ValueOf(p)
	for m := range methods.Methods() {
		call := backend.MethodByName(m.Name)
		s.HandleType(m.Name, m.Type.In(1).Elem(), func(ctx context.Context, in any) (any, error) {
			region := func(o *sdk.Options) { o.Region = regionOf(ctx) }
			out := call.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(in), reflect.ValueOf(region)})
			err, _ := out[1].Interface().(error)
			return out[0].Interface(), err
		})
	}
	return s, nil
}

// regionOf is the region that the request's signature names.
func regionOf(ctx context.Context) string {
	if r := access.RequestOf(ctx); r != nil && r.Region != "" {
		return r.Region
	}
	return lethe.DefaultRegion
}

// regionName is the form of regions: any name is one, but it becomes part of ARNs.
var regionName = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

// mapError puts lethe's errors into RDS's words. Nothing else does; those that RDS's
// model has are returned by the provider itself.
func mapError(err error) error {
	e := &awsproto.Error{Message: err.Error()}
	var operation *smithy.OperationError
	var answer smithy.APIError
	switch kind := lethe.KindOf(err); {
	case errors.As(err, &operation) && operation.ServiceID == sdk.ServiceID:
		// Of RDS itself, where the provider is its client.
		if errors.As(err, &answer) {
			return err
		}
		e.Code, e.Status = "ServiceUnavailable", http.StatusServiceUnavailable
	case kind == lethe.Denied:
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case kind == lethe.Invalid, kind == lethe.Exists:
		e.Code = "InvalidParameterValue"
	case kind == lethe.Unsupported:
		e.Code = "InvalidParameterCombination"
	case kind == lethe.NotFound:
		e.Code, e.Status = "ResourceNotFoundFault", http.StatusNotFound
	case kind == lethe.Conflict:
		e.Code = "InvalidDBInstanceState"
	case kind == lethe.Exhausted:
		e.Code = "InsufficientDBInstanceCapacity"
	default:
		return err
	}
	return e
}
