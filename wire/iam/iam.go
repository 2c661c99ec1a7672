// Package iam serves AWS IAM's API: it translates between the API's operations and
// package access, where everything that happens is said and kept.
//
// Each operation needs the permission of its own name, as iam:CreateUser, on the
// resource that the Service Authorization Reference names for it. What lethe does not
// have is not implemented and says so: instance profiles, MFA devices, certificates,
// SAML and OpenID Connect providers.
package iam

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
)

//go:generate go run lethe/lib/awsproto/gen -service iam -o model.json 	{"AbortMultipartUpload", "DELETE", anObject, "", "", nil, ""},	{"CompleteMultipartUpload", "POST", anObject, "", "", nil, ""},	{"CopyObject", "PUT", anObject, "", "", nil, ""},	{"CreateBucket", "PUT", aBucket, "", "", nil, ""},	{"CreateBucketMetadataConfiguration", "POST", aBucket, "metadataConfiguration", "", nil, noMetadataTables},	{"CreateBucketMetadataTableConfiguration", "POST", aBucket, "metadataTable", "", nil, noMetadataTables},	{"CreateMultipartUpload", "POST", anObject, "uploads", "", nil, ""},	{"CreateSession", "GET", aBucket, "session", "", nil, noDirectoryBuckets},	{"DeleteBucket", "DELETE", aBucket, "", "", nil, ""},	{"DeleteBucketAnalyticsConfiguration", "DELETE", aBucket, "analytics", "", nil, noAnalytics},	{"DeleteBucketCors", "DELETE", aBucket, "cors", "", nil, ""},	{"DeleteBucketEncryption", "DELETE", aBucket, "encryption", "", nil, noEncryption},	{"DeleteBucketIntelligentTieringConfiguration", "DELETE", aBucket, "intelligent-tiering", "", nil, noTiering},	{"DeleteBucketInventoryConfiguration", "DELETE", aBucket, "inventory", "", nil, noInventory},	{"DeleteBucketLifecycle", "DELETE", aBucket, "lifecycle", auth.PutLifecycleConfigurationAction, (*extras).deleteLifecycle, ""},	{"DeleteBucketMetadataConfiguration", "DELETE", aBucket, "metadataConfiguration", "", nil, noMetadataTables},	{"DeleteBucketMetadataTableConfiguration", "DELETE", aBucket, "metadataTable", "", nil, noMetadataTables},	{"DeleteBucketMetricsConfiguration", "DELETE", aBucket, "metrics", "", nil, noMetrics},	{"DeleteBucketOwnershipControls", "DELETE", aBucket, "ownershipControls", "", nil, ""},	{"DeleteBucketPolicy", "DELETE", aBucket, "policy", "", nil, ""},	{"DeleteBucketReplication", "DELETE", aBucket, "replication", "", nil, noReplication},	{"DeleteBucketTagging", "DELETE", aBucket, "tagging", "", nil, ""},	{"DeleteBucketWebsite", "DELETE", aBucket, "website", "", nil, ""},	{"DeleteObject", "DELETE", anObject, "", "", nil, ""},	{"DeleteObjectAnnotation", "DELETE", anObject, "annotation", "", nil, noAnnotations},	{"DeleteObjects", "POST", aBucket, "delete", "", nil, ""},	{"DeleteObjectTagging", "DELETE", anObject, "tagging", "", nil, ""},	{"DeletePublicAccessBlock", "DELETE", aBucket, "publicAccessBlock", "", nil, noPublicAccess},	{"GetBucketAbac", "GET", aBucket, "abac", "", nil, noAbac},	{"GetBucketAccelerateConfiguration", "GET", aBucket, "accelerate", auth.GetAccelerateConfigurationAction, (*extras).getAccelerate, ""},	{"GetBucketAcl", "GET", aBucket, "acl", "", nil, ""},	{"GetBucketAnalyticsConfiguration", "GET", aBucket, "analytics", "", nil, noAnalytics},	{"GetBucketCors", "GET", aBucket, "cors", "", nil, ""},	{"GetBucketEncryption", "GET", aBucket, "encryption", auth.GetEncryptionConfigurationAction, (*extras).getEncryption, ""},	{"GetBucketIntelligentTieringConfiguration", "GET", aBucket, "intelligent-tiering", "", nil, noTiering},	{"GetBucketInventoryConfiguration", "GET", aBucket, "inventory", "", nil, noInventory},	{"GetBucketLifecycleConfiguration", "GET", aBucket, "lifecycle", auth.GetLifecycleConfigurationAction, (*extras).getLifecycle, ""},	{"GetBucketLocation", "GET", aBucket, "location", "", nil, ""},	{"GetBucketLogging", "GET", aBucket, "logging", auth.GetBucketLoggingAction, (*extras).getLogging, ""},	{"GetBucketMetadataConfiguration", "GET", aBucket, "metadataConfiguration", "", nil, noMetadataTables},	{"GetBucketMetadataTableConfiguration", "GET", aBucket, "metadataTable", "", nil, noMetadataTables},	{"GetBucketMetricsConfiguration", "GET", aBucket, "metrics", "", nil, noMetrics},	{"GetBucketNotificationConfiguration", "GET", aBucket, "notification", auth.GetBucketNotificationAction, (*extras).getNotification, ""},	{"GetBucketOwnershipControls", "GET", aBucket, "ownershipControls", "", nil, ""},	{"GetBucketPolicy", "GET", aBucket, "policy", "", nil, ""},	{"GetBucketPolicyStatus", "GET", aBucket, "policyStatus", "", nil, ""},	{"GetBucketReplication", "GET", aBucket, "replication", auth.GetReplicationConfigurationAction, (*extras).getReplication, ""},	{"GetBucketRequestPayment", "GET", aBucket, "requestPayment", auth.GetBucketRequestPaymentAction, (*extras).getRequestPayment, ""},	{"GetBucketTagging", "GET", aBucket, "tagging", "", nil, ""},	{"GetBucketVersioning", "GET", aBucket, "versioning", "", nil, ""},	{"GetBucketWebsite", "GET", aBucket, "website", "", nil, ""},	{"GetObject", "GET", anObject, "", "", nil, ""},	{"GetObjectAcl", "GET", anObject, "acl", "", nil, noObjectACL},	{"GetObjectAnnotation", "GET", anObject, "annotation", "", nil, noAnnotations},	{"GetObjectAttributes", "GET", anObject, "attributes", "", nil, ""},	{"GetObjectLegalHold", "GET", anObject, "legal-hold", "", nil, ""},	{"GetObjectLockConfiguration", "GET", aBucket, "object-lock", "", nil, ""},	{"GetObjectRetention", "GET", anObject, "retention", "", nil, ""},	{"GetObjectTagging", "GET", anObject, "tagging", "", nil, ""},	{"GetObjectTorrent", "GET", anObject, "torrent", "", nil, noTorrents},	{"GetPublicAccessBlock", "GET", aBucket, "publicAccessBlock", auth.GetBucketPublicAccessBlockAction, (*extras).getPublicAccess, ""},	{"HeadBucket", "HEAD", aBucket, "", "", nil, ""},	{"HeadObject", "HEAD", anObject, "", "", nil, ""},	{"ListBucketAnalyticsConfigurations", "GET", aBucket, "analytics", "", nil, noAnalytics},	{"ListBucketIntelligentTieringConfigurations", "GET", aBucket, "intelligent-tiering", "", nil, noTiering},	{"ListBucketInventoryConfigurations", "GET", aBucket, "inventory", "", nil, noInventory},	{"ListBucketMetricsConfigurations", "GET", aBucket, "metrics", "", nil, noMetrics},	{"ListBuckets", "GET", theService, "", "", nil, ""},	{"ListDirectoryBuckets", "GET", theService, "", "", nil, noDirectoryBuckets},	{"ListMultipartUploads", "GET", aBucket, "uploads", "", nil, ""},	{"ListObjectAnnotations", "GET", anObject, "annotation", "", nil, noAnnotations},	{"ListObjects", "GET", aBucket, "", "", nil, ""},	{"ListObjectsV2", "GET", aBucket, "", "", nil, ""},	{"ListObjectVersions", "GET", aBucket, "versions", "", nil, ""},	{"ListParts", "GET", anObject, "", "", nil, ""},	{"PutBucketAbac", "PUT", aBucket, "abac", "", nil, noAbac},	{"PutBucketAccelerateConfiguration", "PUT", aBucket, "accelerate", "", nil, noAcceleration},	{"PutBucketAcl", "PUT", aBucket, "acl", "", nil, ""},	{"PutBucketAnalyticsConfiguration", "PUT", aBucket, "analytics", "", nil, noAnalytics},	{"PutBucketCors", "PUT", aBucket, "cors", "", nil, ""},	{"PutBucketEncryption", "PUT", aBucket, "encryption", "", nil, noEncryption},	{"PutBucketIntelligentTieringConfiguration", "PUT", aBucket, "intelligent-tiering", "", nil, noTiering},	{"PutBucketInventoryConfiguration", "PUT", aBucket, "inventory", "", nil, noInventory},	{"PutBucketLifecycleConfiguration", "PUT", aBucket, "lifecycle", auth.PutLifecycleConfigurationAction, (*extras).putLifecycle, ""},	{"PutBucketLogging", "PUT", aBucket, "logging", "", nil, noLogging},	{"PutBucketMetricsConfiguration", "PUT", aBucket, "metrics", "", nil, noMetrics},	{"PutBucketNotificationConfiguration", "PUT", aBucket, "notification", auth.PutBucketNotificationAction, (*extras).putNotification, ""},	{"PutBucketOwnershipControls", "PUT", aBucket, "ownershipControls", "", nil, ""},	{"PutBucketPolicy", "PUT", aBucket, "policy", "", nil, ""},	{"PutBucketReplication", "PUT", aBucket, "replication", "", nil, noReplication},	{"PutBucketRequestPayment", "PUT", aBucket, "requestPayment", auth.PutBucketRequestPaymentAction, (*extras).putRequestPayment, ""},	{"PutBucketTagging", "PUT", aBucket, "tagging", "", nil, ""},	{"PutBucketVersioning", "PUT", aBucket, "versioning", "", nil, ""},	{"PutBucketWebsite", "PUT", aBucket, "website", "", nil, ""},	{"PutObject", "PUT", anObject, "", "", nil, ""},	{"PutObjectAcl", "PUT", anObject, "acl", "", nil, noObjectACL},	{"PutObjectAnnotation", "PUT", anObject, "annotation", "", nil, noAnnotations},	{"PutObjectLegalHold", "PUT", anObject, "legal-hold", "", nil, ""},	{"PutObjectLockConfiguration", "PUT", aBucket, "object-lock", "", nil, ""},	{"PutObjectRetention", "PUT", anObject, "retention", "", nil, ""},	{"PutObjectTagging", "PUT", anObject, "tagging", "", nil, ""},	{"PutPublicAccessBlock", "PUT", aBucket, "publicAccessBlock", auth.PutBucketPublicAccessBlockAction, (*extras).putPublicAccess, ""},	{"RenameObject", "PUT", anObject, "renameObject", "", nil, noRename},	{"RestoreObject", "POST", anObject, "restore", "", nil, noArchive},	{"SelectObjectContent", "POST", anObject, "select", "", nil, noSelect},	{"UpdateBucketMetadataAnnotationTableConfiguration", "PUT", aBucket, "metadataAnnotationTable", "", nil, noMetadataTables},	{"UpdateBucketMetadataInventoryTableConfiguration", "PUT", aBucket, "metadataInventoryTable", "", nil, noMetadataTables},	{"UpdateBucketMetadataJournalTableConfiguration", "PUT", aBucket, "metadataJournalTable", "", nil, noMetadataTables},	{"UpdateObjectEncryption", "PUT", anObject, "encryption", "", nil, noEncryption},	{"UploadPart", "PUT", anObject, "", "", nil, ""},	{"UploadPartCopy", "PUT", anObject, "", "", nil, ""},	{"WriteGetObjectResponse", "POST", theService, "", "", nil, noObjectLambda},

//go:embed model.json
var model []byte

// api has a method for each operation.
type api struct {
	*access.Service
	// needs says for each operation what it needs, of a pointer to its input.
	needs map[string]func(ctx context.Context, input any) (need, error)
}

// need is the resource of an operation, and the condition keys that its input tells.
type need struct {
	resource   string
	conditions map[string][]string
}

// New returns the service.
func New(s *access.Service) (*awsproto.Service, error) {
	a := &api{Service: s, needs: map[string]func(context.Context, any) (need, error){}}
	svc, err := awsproto.New(model, awsproto.Options{Authorize: a.authorize, MapError: mapError})
	if err != nil {
		return nil, err
	}
	a.users(svc)
	a.groups(svc)
	a.roles(svc)
	a.policies(svc)
	a.holders(svc)
	a.secrets(svc)
	a.simulations(svc)
	a.account(svc)
	return svc, nil
}

// authorize decides iam:<operation> on the resource that the input names.
func (a *api) authorize(ctx context.Context, operation string, input any) error {
	f := a.needs[operation]
	if f == nil {
		// An operation that was forgotten is not open to everyone.
		return fmt.Errorf("iam: nobody said who may call %s", operation)
	}
	n, err := f(ctx, input)
	if err != nil {
		return err
	}
	if n.conditions != nil {
		ctx = access.WithConditions(ctx, n.conditions)
	}
	return a.Decide(ctx, lethe.PrincipalOf(ctx), "iam:"+operation, n.resource)
}

// handle serves an operation whose resource is what on says.
func handle[I, O any](a *api, svc *awsproto.Service, on func(context.Context, *I) (need, error), fn func(context.Context, *I) (*O, error)) {
	operation := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", new(I)), "*iam."), "Input")
	a.needs[operation] = func(ctx context.Context, input any) (need, error) { return on(ctx, input.(*I)) }
	if reads(operation) {
		awsproto.Handle(svc, fn)
		return
	}
	awsproto.Handle(svc, func(ctx context.Context, in *I) (*O, error) {
		n, err := on(ctx, in) // before: afterwards it may not exist
		if err != nil {
			return nil, err
		}
		out, err := fn(ctx, in)
		a.RecordChange(ctx, lethe.PrincipalOf(ctx), "iam:"+operation, n.resource, err)
		return out, err
	})
}

// reads reports whether an operation changes nothing.
func reads(operation string) bool {
	for _, verb := range []string{"Get", "List", "Simulate"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

// everywhere is the resource of operations that concern no one resource.
func everywhere[I any](context.Context, *I) (need, error) { return need{resource: "*"}, nil }

// on needs the action on an entity.
func (a *api) on(ctx context.Context, e access.Entity) (need, error) {
	arn, err := a.ARN(ctx, e)
	return need{resource: arn}, err
}

// onUser makes the resource of the user that an input names; the caller if it names
// none.
func onUser[I any](a *api, name func(*I) *string) func(context.Context, *I) (need, error) {
	return func(ctx context.Context, in *I) (need, error) {
		n, err := a.userName(ctx, name(in))
		if err != nil {
			return need{}, err
		}
		return a.on(ctx, access.UserNamed(n))
	}
}

// userName returns the name that an operation was given, or else the caller's.
func (a *api) userName(ctx context.Context, name *string) (string, error) {
	if name != nil && *name != "" {
		return *name, nil
	}
	p := lethe.PrincipalOf(ctx)
	if !strings.HasPrefix(p.ID, "AIDA") {
		return "", lethe.Errorf(lethe.Invalid, "Must specify userName when calling with non-User credentials")
	}
	return p.Name, nil
}

func onGroup[I any](a *api, name func(*I) *string) func(context.Context, *I) (need, error) {
	return func(ctx context.Context, in *I) (need, error) {
		return a.on(ctx, access.GroupNamed(text(name(in))))
	}
}

func onRole[I any](a *api, name func(*I) *string) func(context.Context, *I) (need, error) {
	return func(ctx context.Context, in *I) (need, error) {
		return a.on(ctx, access.RoleNamed(text(name(in))))
	}
}

// on makes the resource from the input alone.
func on[I any](arn func(*I) string) func(context.Context, *I) (need, error) {
	return func(_ context.Context, in *I) (need, error) { return need{resource: arn(in)}, nil }
}

// with adds condition keys to a resource.
func with[I any](on func(context.Context, *I) (need, error), conditions func(*I) map[string][]string) func(context.Context, *I) (need, error) {
	return func(ctx context.Context, in *I) (need, error) {
		n, err := on(ctx, in)
		n.conditions = conditions(in)
		return n, err
	}
}

// named makes the resource of something that is to be made.
func named(kind access.Type, path, name *string) string {
	return access.NewARN(kind, text(path), text(name))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
