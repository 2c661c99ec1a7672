package disk

import (
	"encoding/binary"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/s3err"
)

// Multipart uploads in progress. They stay until they are completed or aborted,
// or their bucket is deleted.

const uploadIDLen = 36

func uploadKey(bucket, key, id string) []byte {
	return append(objectKey(tabUpload, bucket, key), id...)
}

func decodeUpload(k, v []byte) (u upload, err error) {
	err = decode(k, v, &u)
	tail := len(k) - uploadIDLen
	u.id = string(k[tail:])
	key, _ := splitVersionKey(append(slices.Clone(k[:tail]), make([]byte, len(ulid.ULID{}))...))
	u.key = key
	return u, err
}

func (s *Store) uploadOf(bucketName, key, id string) (u upload, err error) {
	if _, err = s.bucketNamed(bucketName); err != nil {
		return u, err
	}
	return s.uploadIn(bucketName, key, id)
}

// uploadIn is uploadOf for those who hold the bucket's lock.
func (s *Store) uploadIn(bucketName, key, id string) (u upload, err error) {
	ok := false
	if len(id) == uploadIDLen {
		ok, err = s.index.get(uploadKey(bucketName, key, id), &u)
	}
	if err == nil && !ok {
		err = s3err.GetNoSuchUploadErr(id)
	}
	u.key, u.id = key, id
	return u, err
}

func (s *Store) parts(uploadID string, f func(p *part) error) error {
	return s.index.scan(tableKey(tabPart, uploadID, "\x00"), func(k, v []byte) error {
		p := &part{n: int32(binary.BigEndian.Uint16(k[len(k)-2:]))}
		if err := decode(k, v, p); err != nil {
			return err
		}
		return f(p)
	})
}

// dropUpload ends an upload and its parts.
func (s *Store) dropUpload(c *change, bucketName, key, id string) error {
	c.delete(uploadKey(bucketName, key, id))
	return s.parts(id, func(p *part) error {
		c.drop(p.Extents)
		c.delete(partKey(id, p.n))
		return nil
	})
}
