package disk

import (
	"errors"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// gateway is the face that versitygw sees. It answers in s3err's errors, bare,
// because the front end does not unwrap.
//
// Strings and bytes that come from the front end point into its request
// buffers, which it uses again: they are encoded or copied, never kept.
//
// It does not look at the end of requests' contexts: the front end ends them at
// the beginning of a shutdown, and requests under way are to be finished then.
// A client that goes away is noticed by reading its body.
type gateway struct {
	backend.BackendUnsupported // what S3 has and lethe does not
	*Store
}

var _ backend.Backend = (*gateway)(nil)

// Gateway returns the store as a backend of versitygw. Its Shutdown does
// nothing: who opened the store closes it.
func (s *Store) Gateway() backend.Backend { return &gateway{Store: s} }

// String names the backend.
func (*gateway) String() string { return "lethe" }

// Shutdown does nothing.
func (*gateway) Shutdown() {}

// NormalizeObjectKey returns the key: keys are bytes, not paths.
func (*gateway) NormalizeObjectKey(_, key string) string { return key }

// bare returns the S3 error in a chain alone, or the error itself.
func bare(err error) error {
	var e s3err.S3Error
	if errors.As(err, &e) {
		return e
	}
	return err
}
