package disk

import (
	"encoding/json"
	"time"

	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/s3response"
)

// bucket is a bucket and its settings. Settings that the front end owns stay
// the bytes it gave us.
type bucket struct {
	Name       string
	Created    time.Time
	ACL        []byte
	Ownership  types.ObjectOwnership        `json:",omitempty"`
	Versioning types.BucketVersioningStatus `json:",omitempty"`
	Tags       map[string]string            `json:",omitempty"`
	Policy     []byte                       `json:",omitempty"`
	CORS       []byte                       `json:",omitempty"`
	Website    []byte                       `json:",omitempty"`
	Lock       []byte                       `json:",omitempty"`

	Lifecycle     []object.LifecycleRule `json:",omitempty"`
	Notifications event.Notifications    `json:",omitzero"`
}

// extent is a run of bytes of one blob.
type extent struct {
	Blob string
	Off  int64 `json:",omitempty"`
	Len  int64
}

// header is what a client says about an object and gets back verbatim.
type header struct {
	ContentType        string            `json:",omitempty"`
	ContentEncoding    string            `json:",omitempty"`
	ContentDisposition string            `json:",omitempty"`
	ContentLanguage    string            `json:",omitempty"`
	CacheControl       string            `json:",omitempty"`
	Expires            string            `json:",omitempty"`
	WebsiteRedirect    string            `json:",omitempty"`
	Metadata           map[string]string `json:",omitempty"`
}

// locking is an object's retention and legal hold.
type locking struct {
	Retention json.RawMessage `json:",omitempty"`
	Hold      *bool           `json:",omitempty"`
}

// version is one version of an object, or a delete marker.
type version struct {
	id  ulid.ULID // from the index key
	key string    // from the index key

	Null     bool `json:",omitempty"` // S3's version "null"
	Marker   bool `json:",omitempty"`
	Time     time.Time
	Size     int64
	ETag     string
	Extents  []extent `json:",omitempty"`
	Parts    []int64  `json:",omitempty"` // multipart: where each part ends
	PartSums []string `json:",omitempty"` // their checksums, if the client chose an algorithm; else empty texts
	UploadID string   `json:",omitempty"`
	Checksum s3response.Checksum
	Header   header
	Tags     map[string]string `json:",omitempty"`
	Lock     locking
}

func (v *version) versionID() string {
	if v.Null {
		return nullVersion
	}
	return v.id.String()
}

const nullVersion = "null"

// upload is a multipart upload in progress.
type upload struct {
	key, id string // from the index key

	Started  time.Time
	Header   header
	Tags     map[string]string `json:",omitempty"`
	Lock     locking
	Checksum s3response.Checksum // algorithm and type the client chose, if any
}

// part is an uploaded part. CRC64 is kept even when the client chose no
// checksum, because the finished object gets one.
type part struct {
	n int32

	Time     time.Time
	Size     int64
	ETag     string
	Extents  []extent
	Checksum s3response.Checksum
	CRC64    string `json:",omitempty"`
}
