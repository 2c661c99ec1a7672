package s3

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3api/controllers"
	"github.com/versity/versitygw/s3err"
)

// level is what an operation is about.
type level int

const (
	theService level = iota
	aBucket
	anObject
)

// operation is one of S3's. All of them stand in the table below, and it says
// who answers: this package (serve), nobody (why not), or the front end. What
// names a subresource of S3 and is answered by nobody is refused here, because
// the front end would take it for the operation without the subresource: it
// would delete the object whose annotation was to be deleted.
type operation struct {
	name        string // as in the Amazon S3 API Reference
	method      string
	on          level
	subresource string

	action auth.Action // that is decided about, if serve is set
	serve  func(*extras, request) (reply any, err error)
	why    string // a sentence, if it is not implemented
}

const (
	noAbac             = "Access by tags of buckets is not implemented."
	noAcceleration     = "Transfer acceleration is not implemented; there is one place to go to."
	noAnalytics        = "Storage class analysis is not implemented; there is one storage class."
	noAnnotations      = "Annotations of objects are not implemented; use tags or metadata."
	noArchive          = "Nothing is ever archived here, so nothing can be restored."
	noDirectoryBuckets = "Directory buckets are not implemented; use general purpose buckets."
	noEncryption       = "Server-side encryption is not implemented; encrypt the disk, or the bytes."
	noInventory        = "Inventories are not implemented; list the bucket, which is fast here."
	noLogging          = "Server access logs are not implemented; decisions are audited."
	noMetadataTables   = "Metadata tables are not implemented; list the bucket, which is fast here."
	noMetrics          = "Request metrics of buckets are not implemented; see the server's own metrics."
	noObjectACL        = "ACLs of objects are not implemented; everything belongs to the account, and policies decide."
	noObjectLambda     = "Object Lambda is not implemented."
	noPublicAccess     = "Public access is always blocked; every request is signed."
	noRename           = "Renaming is not implemented; copy the object, which copies no bytes, and delete the first."
	noReplication      = "Replication is not implemented."
	noSelect           = "SelectObjectContent is not implemented; query the object's table instead."
	noTiering          = "Intelligent tiering is not implemented; there is one storage class."
	noTorrents         = "Torrents are not implemented."
)

var operations = []operation{
	{"AbortMultipartUpload", "DELETE", anObject, "", "", nil, ""},
	{"CompleteMultipartUpload", "POST", anObject, "", "", nil, ""},
	{"CopyObject", "PUT", anObject, "", "", nil, ""},
	{"CreateBucket", "PUT", aBucket, "", "", nil, ""},
	{"CreateBucketMetadataConfiguration", "POST", aBucket, "metadataConfiguration", "", nil, noMetadataTables},
	{"CreateBucketMetadataTableConfiguration", "POST", aBucket, "metadataTable", "", nil, noMetadataTables},
	{"CreateMultipartUpload", "POST", anObject, "uploads", "", nil, ""},
	{"CreateSession", "GET", aBucket, "session", "", nil, noDirectoryBuckets},
	{"DeleteBucket", "DELETE", aBucket, "", "", nil, ""},
	{"DeleteBucketAnalyticsConfiguration", "DELETE", aBucket, "analytics", "", nil, noAnalytics},
	{"DeleteBucketCors", "DELETE", aBucket, "cors", "", nil, ""},
	{"DeleteBucketEncryption", "DELETE", aBucket, "encryption", "", nil, noEncryption},
	{"DeleteBucketIntelligentTieringConfiguration", "DELETE", aBucket, "intelligent-tiering", "", nil, noTiering},
	{"DeleteBucketInventoryConfiguration", "DELETE", aBucket, "inventory", "", nil, noInventory},
	{"DeleteBucketLifecycle", "DELETE", aBucket, "lifecycle", auth.PutLifecycleConfigurationAction, (*extras).deleteLifecycle, ""},
	{"DeleteBucketMetadataConfiguration", "DELETE", aBucket, "metadataConfiguration", "", nil, noMetadataTables},
	{"DeleteBucketMetadataTableConfiguration", "DELETE", aBucket, "metadataTable", "", nil, noMetadataTables},
	{"DeleteBucketMetricsConfiguration", "DELETE", aBucket, "metrics", "", nil, noMetrics},
	{"DeleteBucketOwnershipControls", "DELETE", aBucket, "ownershipControls", "", nil, ""},
	{"DeleteBucketPolicy", "DELETE", aBucket, "policy", "", nil, ""},
	{"DeleteBucketReplication", "DELETE", aBucket, "replication", "", nil, noReplication},
	{"DeleteBucketTagging", "DELETE", aBucket, "tagging", "", nil, ""},
	{"DeleteBucketWebsite", "DELETE", aBucket, "website", "", nil, ""},
	{"DeleteObject", "DELETE", anObject, "", "", nil, ""},
	{"DeleteObjectAnnotation", "DELETE", anObject, "annotation", "", nil, noAnnotations},
	{"DeleteObjects", "POST", aBucket, "delete", "", nil, ""},
	{"DeleteObjectTagging", "DELETE", anObject, "tagging", "", nil, ""},
	{"DeletePublicAccessBlock", "DELETE", aBucket, "publicAccessBlock", "", nil, noPublicAccess},
	{"GetBucketAbac", "GET", aBucket, "abac", "", nil, noAbac},
	{"GetBucketAccelerateConfiguration", "GET", aBucket, "accelerate", auth.GetAccelerateConfigurationAction, (*extras).getAccelerate, ""},
	{"GetBucketAcl", "GET", aBucket, "acl", "", nil, ""},
	{"GetBucketAnalyticsConfiguration", "GET", aBucket, "analytics", "", nil, noAnalytics},
	{"GetBucketCors", "GET", aBucket, "cors", "", nil, ""},
	{"GetBucketEncryption", "GET", aBucket, "encryption", auth.GetEncryptionConfigurationAction, (*extras).getEncryption, ""},
	{"GetBucketIntelligentTieringConfiguration", "GET", aBucket, "intelligent-tiering", "", nil, noTiering},
	{"GetBucketInventoryConfiguration", "GET", aBucket, "inventory", "", nil, noInventory},
	{"GetBucketLifecycleConfiguration", "GET", aBucket, "lifecycle", auth.GetLifecycleConfigurationAction, (*extras).getLifecycle, ""},
	{"GetBucketLocation", "GET", aBucket, "location", "", nil, ""},
	{"GetBucketLogging", "GET", aBucket, "logging", auth.GetBucketLoggingAction, (*extras).getLogging, ""},
	{"GetBucketMetadataConfiguration", "GET", aBucket, "metadataConfiguration", "", nil, noMetadataTables},
	{"GetBucketMetadataTableConfiguration", "GET", aBucket, "metadataTable", "", nil, noMetadataTables},
	{"GetBucketMetricsConfiguration", "GET", aBucket, "metrics", "", nil, noMetrics},
	{"GetBucketNotificationConfiguration", "GET", aBucket, "notification", auth.GetBucketNotificationAction, (*extras).getNotification, ""},
	{"GetBucketOwnershipControls", "GET", aBucket, "ownershipControls", "", nil, ""},
	{"GetBucketPolicy", "GET", aBucket, "policy", "", nil, ""},
	{"GetBucketPolicyStatus", "GET", aBucket, "policyStatus", "", nil, ""},
	{"GetBucketReplication", "GET", aBucket, "replication", auth.GetReplicationConfigurationAction, (*extras).getReplication, ""},
	{"GetBucketRequestPayment", "GET", aBucket, "requestPayment", auth.GetBucketRequestPaymentAction, (*extras).getRequestPayment, ""},
	{"GetBucketTagging", "GET", aBucket, "tagging", "", nil, ""},
	{"GetBucketVersioning", "GET", aBucket, "versioning", "", nil, ""},
	{"GetBucketWebsite", "GET", aBucket, "website", "", nil, ""},
	{"GetObject", "GET", anObject, "", "", nil, ""},
	{"GetObjectAcl", "GET", anObject, "acl", "", nil, noObjectACL},
	{"GetObjectAnnotation", "GET", anObject, "annotation", "", nil, noAnnotations},
	{"GetObjectAttributes", "GET", anObject, "attributes", "", nil, ""},
	{"GetObjectLegalHold", "GET", anObject, "legal-hold", "", nil, ""},
	{"GetObjectLockConfiguration", "GET", aBucket, "object-lock", "", nil, ""},
	{"GetObjectRetention", "GET", anObject, "retention", "", nil, ""},
	{"GetObjectTagging", "GET", anObject, "tagging", "", nil, ""},
	{"GetObjectTorrent", "GET", anObject, "torrent", "", nil, noTorrents},
	{"GetPublicAccessBlock", "GET", aBucket, "publicAccessBlock", auth.GetBucketPublicAccessBlockAction, (*extras).getPublicAccess, ""},
	{"HeadBucket", "HEAD", aBucket, "", "", nil, ""},
	{"HeadObject", "HEAD", anObject, "", "", nil, ""},
	{"ListBucketAnalyticsConfigurations", "GET", aBucket, "analytics", "", nil, noAnalytics},
	{"ListBucketIntelligentTieringConfigurations", "GET", aBucket, "intelligent-tiering", "", nil, noTiering},
	{"ListBucketInventoryConfigurations", "GET", aBucket, "inventory", "", nil, noInventory},
	{"ListBucketMetricsConfigurations", "GET", aBucket, "metrics", "", nil, noMetrics},
	{"ListBuckets", "GET", theService, "", "", nil, ""},
	{"ListDirectoryBuckets", "GET", theService, "", "", nil, noDirectoryBuckets},
	{"ListMultipartUploads", "GET", aBucket, "uploads", "", nil, ""},
	{"ListObjectAnnotations", "GET", anObject, "annotation", "", nil, noAnnotations},
	{"ListObjects", "GET", aBucket, "", "", nil, ""},
	{"ListObjectsV2", "GET", aBucket, "", "", nil, ""},
	{"ListObjectVersions", "GET", aBucket, "versions", "", nil, ""},
	{"ListParts", "GET", anObject, "", "", nil, ""},
	{"PutBucketAbac", "PUT", aBucket, "abac", "", nil, noAbac},
	{"PutBucketAccelerateConfiguration", "PUT", aBucket, "accelerate", "", nil, noAcceleration},
	{"PutBucketAcl", "PUT", aBucket, "acl", "", nil, ""},
	{"PutBucketAnalyticsConfiguration", "PUT", aBucket, "analytics", "", nil, noAnalytics},
	{"PutBucketCors", "PUT", aBucket, "cors", "", nil, ""},
	{"PutBucketEncryption", "PUT", aBucket, "encryption", "", nil, noEncryption},
	{"PutBucketIntelligentTieringConfiguration", "PUT", aBucket, "intelligent-tiering", "", nil, noTiering},
	{"PutBucketInventoryConfiguration", "PUT", aBucket, "inventory", "", nil, noInventory},
	{"PutBucketLifecycleConfiguration", "PUT", aBucket, "lifecycle", auth.PutLifecycleConfigurationAction, (*extras).putLifecycle, ""},
	{"PutBucketLogging", "PUT", aBucket, "logging", "", nil, noLogging},
	{"PutBucketMetricsConfiguration", "PUT", aBucket, "metrics", "", nil, noMetrics},
	{"PutBucketNotificationConfiguration", "PUT", aBucket, "notification", auth.PutBucketNotificationAction, (*extras).putNotification, ""},
	{"PutBucketOwnershipControls", "PUT", aBucket, "ownershipControls", "", nil, ""},
	{"PutBucketPolicy", "PUT", aBucket, "policy", "", nil, ""},
	{"PutBucketReplication", "PUT", aBucket, "replication", "", nil, noReplication},
	{"PutBucketRequestPayment", "PUT", aBucket, "requestPayment", auth.PutBucketRequestPaymentAction, (*extras).putRequestPayment, ""},
	{"PutBucketTagging", "PUT", aBucket, "tagging", "", nil, ""},
	{"PutBucketVersioning", "PUT", aBucket, "versioning", "", nil, ""},
	{"PutBucketWebsite", "PUT", aBucket, "website", "", nil, ""},
	{"PutObject", "PUT", anObject, "", "", nil, ""},
	{"PutObjectAcl", "PUT", anObject, "acl", "", nil, noObjectACL},
	{"PutObjectAnnotation", "PUT", anObject, "annotation", "", nil, noAnnotations},
	{"PutObjectLegalHold", "PUT", anObject, "legal-hold", "", nil, ""},
	{"PutObjectLockConfiguration", "PUT", aBucket, "object-lock", "", nil, ""},
	{"PutObjectRetention", "PUT", anObject, "retention", "", nil, ""},
	{"PutObjectTagging", "PUT", anObject, "tagging", "", nil, ""},
	{"PutPublicAccessBlock", "PUT", aBucket, "publicAccessBlock", auth.PutBucketPublicAccessBlockAction, (*extras).putPublicAccess, ""},
	{"RenameObject", "PUT", anObject, "renameObject", "", nil, noRename},
	{"RestoreObject", "POST", anObject, "restore", "", nil, noArchive},
	{"SelectObjectContent", "POST", anObject, "select", "", nil, noSelect},
	{"UpdateBucketMetadataAnnotationTableConfiguration", "PUT", aBucket, "metadataAnnotationTable", "", nil, noMetadataTables},
	{"UpdateBucketMetadataInventoryTableConfiguration", "PUT", aBucket, "metadataInventoryTable", "", nil, noMetadataTables},
	{"UpdateBucketMetadataJournalTableConfiguration", "PUT", aBucket, "metadataJournalTable", "", nil, noMetadataTables},
	{"UpdateObjectEncryption", "PUT", anObject, "encryption", "", nil, noEncryption},
	{"UploadPart", "PUT", anObject, "", "", nil, ""},
	{"UploadPartCopy", "PUT", anObject, "", "", nil, ""},
	{"WriteGetObjectResponse", "POST", theService, "", "", nil, noObjectLambda},
}

// place is where a request goes, as far as it tells operations apart.
type place struct {
	method      string
	on          level
	subresource string
}

// subresources are all that S3 has; table has who answers them. HEAD has none.
var subresources, table = func() (map[string]bool, map[place]*operation) {
	subs, t := map[string]bool{}, map[place]*operation{}
	for i := range operations {
		o := &operations[i]
		if o.subresource == "" {
			continue
		}
		subs[o.subresource] = true
		t[place{o.method, o.on, o.subresource}] = o
	}
	return subs, t
}()

// operate answers the operations of this package and refuses those of nobody.
func operate(e *extras) fiber.Handler {
	handlers := map[*operation]fiber.Handler{}
	for _, o := range table {
		if o.serve != nil {
			handlers[o] = e.handler(o)
		}
	}
	return func(c fiber.Ctx) error {
		at := place{method: c.Method()}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(string(c.Request().URI().PathOriginal()), "/"), "/")
		switch {
		case key != "":
			at.on = anObject
		case bucket != "":
			at.on = aBucket
		}
		if at.on == theService || at.method == http.MethodHead || at.method == http.MethodOptions {
			return c.Next()
		}
		var found *operation
		for name := range c.Request().URI().QueryArgs().All() {
			if !subresources[string(name)] {
				continue
			}
			at.subresource = string(name)
			o := table[at]
			switch {
			case o == nil && at.method == http.MethodGet: // changes nothing
				continue
			case o != nil && o.why == noObjectACL && !e.noACL:
				continue // this front end has ACLs
			case (o == nil || o.why != "") && signed(c) != nil:
				err := signed(c)
				if o != nil && o.why == noSelect {
					err = s3err.GetAPIError(s3err.ErrAnonymousRequest) // S3's words differ
				}
				return refuse(c, err)
			case o == nil:
				return refuse(c, notImplemented("There is no "+at.method+" of "+at.subresource+" "+[]string{"", "of a bucket", "of an object"}[at.on]+"."))
			case o.why != "":
				return refuse(c, notImplemented(o.why))
			case found != nil && found != o:
				return refuse(c, invalid("", "Conflicting query string parameters: "+found.subresource+", "+o.subresource))
			}
			found = o
		}
		if h := handlers[found]; h != nil {
			return h(c)
		}
		return c.Next()
	}
}

func refuse(c fiber.Ctx, err error) error {
	return controllers.WrapMiddleware(func(fiber.Ctx) error { return err }, nil, nil)(c)
}

// notImplemented is S3's error with a sentence of ours.
func notImplemented(why string) error {
	e := s3err.GetNotImplementedErr("", "")
	e.Description = why
	return e
}

// invalid is InvalidArgument.
func invalid(argument, message string) error {
	return s3err.InvalidArgumentError{ArgumentName: argument, Description: message}
}
