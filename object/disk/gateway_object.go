package disk

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/oklog/ulid/v2"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// maxCopy is S3's limit for one CopyObject or UploadPartCopy.
const maxCopy = 5 << 30

func str(p *string) string { return backend.GetStringFromPtr(p) }

// opt is nil for the empty string.
func opt(s string) *string { return backend.GetPtrFromString(s) }

func ptr[T any](v T) *T { return &v }

// readable finds a version for a read. On a delete marker it returns the marker and the error.
func (g *gateway) readable(bucketName, key, id string) (bucket, *version, error) {
	if err := checkVersionID(id); err != nil {
		return bucket{}, nil, err
	}
	if id != "" && !g.versions {
		return bucket{}, nil, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	b, err := g.bucketNamed(bucketName)
	if err != nil {
		return b, nil, err
	}
	v, err := g.findLive(bucketName, key, id)
	return b, v, err
}

// findLive is find, but a missing version and a delete marker are errors.
func (g *gateway) findLive(bucket, key, id string) (*version, error) {
	v, err := g.find(bucket, key, id)
	switch {
	case err != nil:
		return nil, err
	case v == nil && id != "":
		if n, err := g.newest(bucket, key); err == nil && n == nil {
			return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		return nil, s3err.GetNoSuchVersionErr(key, id)
	case v == nil:
		return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
	case v.Marker && id != "":
		return v, s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	case v.Marker:
		return v, s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	return v, nil
}

func checkVersionID(id string) error {
	if id == "" || id == nullVersion {
		return nil
	}
	if _, err := ulid.Parse(id); err != nil {
		return s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	return nil
}

func parseLock(b *bucket, hold types.ObjectLockLegalHoldStatus, mode types.ObjectLockMode, until *time.Time) (l locking, err error) {
	if hold != types.ObjectLockLegalHoldStatusOn && mode == "" {
		return l, nil
	}
	if !locks(b) {
		return l, s3err.GetAPIError(s3err.ErrMissingObjectLockConfigurationNoSpaces)
	}
	if hold == types.ObjectLockLegalHoldStatusOn {
		l.Hold = ptr(true)
	}
	if mode != "" {
		l.Retention = encode(types.ObjectLockRetention{Mode: types.ObjectLockRetentionMode(mode), RetainUntilDate: until})
	}
	return l, nil
}

func (g *gateway) PutObject(ctx context.Context, in s3response.PutObjectInput) (out s3response.PutObjectOutput, err error) {
	b, err := g.bucketNamed(*in.Bucket)
	if err == nil {
		err = keyLength(*in.Key)
	}
	if err != nil {
		return out, err
	}
	tags, err := parseTags(str(in.Tagging))
	if err != nil {
		return out, err
	}
	lck, err := parseLock(&b, in.ObjectLockLegalHoldStatus, in.ObjectLockMode, in.ObjectLockRetainUntilDate)
	if err != nil {
		return out, err
	}
	if err = g.checkWrite(*in.Bucket, *in.Key, in.IfMatch, in.IfNoneMatch); err != nil {
		return out, err // early, before the body; checked again when it counts
	}
	given := sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumSHA1, in.ChecksumSHA256, in.ChecksumCRC64NVME,
		in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128}
	body := newCheckedBody(in.Body, given, in.ChecksumAlgorithm)
	if body.algo == "" {
		body.algo = types.ChecksumAlgorithmCrc64nvme
	}
	_, want := given.given()
	if err = body.compute(body.algo, want); err != nil {
		return out, err
	}
	exts, size, etag, err := g.store(body)
	if err != nil {
		return out, bare(err)
	}
	v := &version{
		Size: size, ETag: etag, Extents: exts, Tags: tags, Lock: lck,
		Checksum: checksumOf(body.algo, types.ChecksumTypeFullObject, body.sum()),
		Header: header{str(in.ContentType), str(in.ContentEncoding), str(in.ContentDisposition), str(in.ContentLanguage),
			str(in.CacheControl), str(in.Expires), str(in.WebsiteRedirectLocation), in.Metadata},
	}
	id, err := g.publish(ctx, *in.Bucket, *in.Key, v, created(ctx), in.IfMatch, in.IfNoneMatch, func(c *change) error { c.own(exts); return nil })
	if err != nil {
		g.discardUnless(err, exts)
		return out, bare(err)
	}
	return putOutput(v, id), nil
}

// created is the event of a PutObject, which also is what a browser's form sends.
func created(ctx context.Context) string {
	if r, ok := ctx.(*fasthttp.RequestCtx); ok && r.IsPost() {
		return "ObjectCreated:Post"
	}
	return "ObjectCreated:Put"
}

// keyLength refuses keys longer than S3's, which the front end leaves to us.
func keyLength(key string) error {
	if len(key) > maxKey {
		return s3err.GetKeyTooLongErr(int64(len(key)), maxKey)
	}
	return nil
}

func putOutput(v *version, id string) s3response.PutObjectOutput {
	c := v.Checksum
	return s3response.PutObjectOutput{
		ETag: v.ETag, VersionID: id, Size: &v.Size, ChecksumType: c.Type,
		ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
		ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
		ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128,
	}
}

// slice resolves a Range or a part number to bytes of the object.
func (v *version) slice(rng *string, partNumber *int32) (off, n int64, contentRange *string, parts *int32, err error) {
	if partNumber == nil {
		off, n, ok, err := backend.ParseObjectRange(v.Size, str(rng))
		if err == nil && ok {
			contentRange = ptr(fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, v.Size))
		}
		return off, n, contentRange, nil, err
	}
	ends := v.Parts
	if ends == nil {
		ends = []int64{v.Size}
	} else {
		parts = ptr(int32(len(ends)))
	}
	if int(*partNumber) > len(ends) {
		return 0, 0, nil, nil, s3err.GetInvalidPartNumberRangeErr(int32(len(ends)), *partNumber)
	}
	if *partNumber > 1 {
		off = ends[*partNumber-2]
	}
	n = ends[*partNumber-1] - off
	if v.Size > 0 {
		contentRange = ptr(fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, v.Size))
	}
	return off, n, contentRange, parts, nil
}

// reported is the version id to tell a reader: none in a bucket that never had versions.
func (g *gateway) reported(b *bucket, v *version) *string {
	if v.Null && b.Versioning == "" {
		return ptr("")
	}
	return ptr(v.versionID())
}

func (g *gateway) HeadObject(_ context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	b, v, err := g.readable(*in.Bucket, *in.Key, str(in.VersionId))
	if err != nil {
		if v != nil && str(in.VersionId) != "" {
			return &s3.HeadObjectOutput{DeleteMarker: ptr(true), LastModified: &v.Time}, err
		}
		return nil, err
	}
	if err = backend.EvaluatePreconditions(v.ETag, v.Time, backend.PreConditions{IfMatch: in.IfMatch,
		IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince}); err != nil {
		return nil, err
	}
	_, n, contentRange, parts, err := v.slice(in.Range, in.PartNumber)
	if err != nil {
		return nil, err
	}
	h, c := v.Header, s3response.Checksum{}
	if in.ChecksumMode == types.ChecksumModeEnabled && n == v.Size {
		c = v.Checksum
	}
	out := &s3.HeadObjectOutput{
		ContentLength: &n, AcceptRanges: ptr("bytes"), ContentRange: contentRange, PartsCount: parts,
		ContentType: opt(h.ContentType), ContentEncoding: opt(h.ContentEncoding), ContentDisposition: opt(h.ContentDisposition),
		ContentLanguage: opt(h.ContentLanguage), CacheControl: opt(h.CacheControl), ExpiresString: opt(h.Expires),
		WebsiteRedirectLocation: opt(h.WebsiteRedirect), Metadata: h.Metadata,
		ETag: &v.ETag, LastModified: &v.Time, StorageClass: types.StorageClassStandard, VersionId: g.reported(&b, v),
		ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
		ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
		ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128, ChecksumType: c.Type,
	}
	if len(v.Tags) > 0 {
		out.TagCount = ptr(int32(len(v.Tags)))
	}
	if v.Lock.Hold != nil {
		out.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOff
		if *v.Lock.Hold {
			out.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn
		}
	}
	var r types.ObjectLockRetention
	if v.Lock.Retention != nil && json.Unmarshal(v.Lock.Retention, &r) == nil {
		out.ObjectLockMode, out.ObjectLockRetainUntilDate = types.ObjectLockMode(r.Mode), r.RetainUntilDate
	}
	return out, nil
}

func (g *gateway) GetObject(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	for {
		b, v, err := g.readable(*in.Bucket, *in.Key, str(in.VersionId))
		if err != nil {
			if v != nil {
				return &s3.GetObjectOutput{DeleteMarker: ptr(true), LastModified: &v.Time}, err
			}
			return nil, err
		}
		if err = backend.EvaluatePreconditions(v.ETag, v.Time, backend.PreConditions{IfMatch: in.IfMatch,
			IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince}); err != nil {
			return nil, err
		}
		off, n, contentRange, parts, err := v.slice(in.Range, in.PartNumber)
		if err != nil {
			return nil, err
		}
		body, err := g.open(v.Extents, off, n)
		if errors.Is(err, fs.ErrNotExist) && g.replaced(*in.Bucket, *in.Key, v) {
			continue // overwritten between the index and the file: look again
		}
		if err != nil {
			return nil, err
		}
		h, c := v.Header, s3response.Checksum{}
		if in.ChecksumMode == types.ChecksumModeEnabled && n == v.Size {
			c = v.Checksum
		}
		out := &s3.GetObjectOutput{
			Body: body, ContentLength: &n, AcceptRanges: ptr("bytes"), ContentRange: contentRange, PartsCount: parts,
			ContentType: opt(h.ContentType), ContentEncoding: opt(h.ContentEncoding), ContentDisposition: opt(h.ContentDisposition),
			ContentLanguage: opt(h.ContentLanguage), CacheControl: opt(h.CacheControl), ExpiresString: opt(h.Expires),
			WebsiteRedirectLocation: opt(h.WebsiteRedirect), Metadata: h.Metadata,
			ETag: &v.ETag, LastModified: &v.Time, StorageClass: types.StorageClassStandard, VersionId: g.reported(&b, v),
			ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
			ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
			ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128, ChecksumType: c.Type,
		}
		if len(v.Tags) > 0 {
			out.TagCount = ptr(int32(len(v.Tags)))
		}
		return out, nil
	}
}

func (g *gateway) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (out s3response.GetObjectAttributesResponse, err error) {
	d, err := g.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key, VersionId: in.VersionId, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		if d != nil {
			return s3response.GetObjectAttributesResponse{DeleteMarker: d.DeleteMarker, VersionId: in.VersionId}, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		return out, err
	}
	var parts *s3response.ObjectParts
	if _, v, err := g.readable(*in.Bucket, *in.Key, str(in.VersionId)); err == nil && v.Parts != nil && v.ETag == *d.ETag {
		if parts, err = v.objectParts(str(in.PartNumberMarker), in.MaxParts); err != nil {
			return out, err
		}
	}
	return s3response.GetObjectAttributesResponse{
		ObjectParts: parts,
		ETag:        backend.TrimEtag(d.ETag), ObjectSize: d.ContentLength, StorageClass: d.StorageClass,
		LastModified: d.LastModified, VersionId: d.VersionId,
		Checksum: &types.Checksum{ChecksumCRC32: d.ChecksumCRC32, ChecksumCRC32C: d.ChecksumCRC32C, ChecksumSHA1: d.ChecksumSHA1,
			ChecksumSHA256: d.ChecksumSHA256, ChecksumCRC64NVME: d.ChecksumCRC64NVME, ChecksumSHA512: d.ChecksumSHA512,
			ChecksumMD5: d.ChecksumMD5, ChecksumXXHASH64: d.ChecksumXXHASH64, ChecksumXXHASH3: d.ChecksumXXHASH3,
			ChecksumXXHASH128: d.ChecksumXXHASH128, ChecksumType: d.ChecksumType},
	}, nil
}

// objectParts is a page of a multipart object's parts.
func (v *version) objectParts(marker string, limit *int32) (*s3response.ObjectParts, error) {
	p := &s3response.ObjectParts{MaxParts: 1000}
	if limit != nil {
		p.MaxParts = int(*limit)
	}
	if marker != "" {
		var err error
		if p.PartNumberMarker, err = strconv.Atoi(marker); err != nil || p.PartNumberMarker < 0 {
			return nil, s3err.GetInvalidArgMaxLimiter("part-number-marker", marker)
		}
	}
	for i := p.PartNumberMarker; i < len(v.Parts); i++ {
		if len(p.Parts) == p.MaxParts {
			p.IsTruncated = true
			break
		}
		from := int64(0)
		if i > 0 {
			from = v.Parts[i-1]
		}
		part := types.ObjectPart{PartNumber: ptr(int32(i + 1)), Size: ptr(v.Parts[i] - from)}
		if i < len(v.PartSums) && v.PartSums[i] != "" {
			c := checksumOf(v.Checksum.Algorithm, "", v.PartSums[i])
			part.ChecksumCRC32, part.ChecksumCRC32C, part.ChecksumSHA1, part.ChecksumSHA256 = c.CRC32, c.CRC32C, c.SHA1, c.SHA256
			part.ChecksumCRC64NVME, part.ChecksumSHA512, part.ChecksumMD5 = c.CRC64NVME, c.SHA512, c.MD5
			part.ChecksumXXHASH64, part.ChecksumXXHASH3, part.ChecksumXXHASH128 = c.XXHASH64, c.XXHASH3, c.XXHASH128
		}
		p.Parts = append(p.Parts, part)
		p.NextPartNumberMarker = i + 1
	}
	return p, nil
}

func (g *gateway) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	c := g.changeBy(ctx)
	out, err := g.deleteObject(ctx, c, in)
	g.settle(c)
	return out, err
}

// deleteObject deletes without waiting for readers.
func (g *gateway) deleteObject(ctx context.Context, c *change, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	id := str(in.VersionId)
	if err := checkVersionID(id); err != nil {
		return nil, err
	}
	unlock, err := g.lock(*in.Bucket, *in.Key)
	if err != nil {
		return nil, err
	}
	defer unlock()
	v, err := g.find(*in.Bucket, *in.Key, id)
	if err != nil {
		return nil, err
	}
	if in.IfMatchLastModifiedTime == nil {
		if in.IfMatchLastModifiedTime, err = dateHeader(ctx, "X-Amz-If-Match-Last-Modified-Time"); err != nil {
			return nil, err
		}
	}
	if m := in.IfMatch; m != nil && (v == nil || v.Marker) {
		return nil, s3err.GetPreconditionFailedErr(s3err.ConditionIfMatch)
	} else if m != nil && *m == "*" {
		in.IfMatch = nil // it is there
	}
	out := &s3.DeleteObjectOutput{VersionId: in.VersionId}
	if v == nil {
		if id == "" {
			return out, nil
		}
		n, err := g.newest(*in.Bucket, *in.Key)
		if err == nil && n != nil {
			err = s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
		}
		return out, err
	}
	if err := backend.EvaluateObjectDeletePreconditions(v.ETag, v.Time, v.Size, backend.ObjectDeletePreconditions{
		IfMatch: in.IfMatch, IfMatchLastModTime: in.IfMatchLastModifiedTime, IfMatchSize: in.IfMatchSize}); err != nil {
		return nil, err
	}
	if id != "" || g.buckets[*in.Bucket].Versioning == "" {
		r, ok := ctx.(*fasthttp.RequestCtx)
		if err := v.Lock.erasable(time.Now(), ok && bypasses(r)); err != nil {
			return nil, err
		}
	}
	if id != "" {
		g.erase(c, *in.Bucket, *in.Key, v)
		out.DeleteMarker = &v.Marker
		return out, bare(c.commit())
	}
	marker, err := g.remove(c, *in.Bucket, *in.Key, v)
	if err != nil {
		return nil, err
	}
	if marker != nil {
		out.DeleteMarker, out.VersionId = ptr(true), ptr(marker.versionID())
	}
	return out, bare(c.commit())
}

// dateHeader is a time that a deletion names as its condition. The front end
// ignores one that it cannot read or that is to come, and would delete what was
// not to be.
func dateHeader(ctx context.Context, name string) (*time.Time, error) {
	r, ok := ctx.(*fasthttp.RequestCtx)
	if !ok || !r.IsDelete() {
		return nil, nil
	}
	said := string(r.Request.Header.Peek(name))
	if said == "" {
		return nil, nil
	}
	t, err := http.ParseTime(said)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, said); err != nil {
			return nil, s3err.InvalidArgumentError{ArgumentName: name, ArgumentValue: said, Description: "The date is not valid."}
		}
	}
	return &t, nil
}

func (g *gateway) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (res s3response.DeleteResult, err error) {
	if _, err := g.bucketNamed(*in.Bucket); err != nil {
		return res, err
	}
	if len(in.Delete.Objects) > maxDeletes {
		return res, s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	quiet := quietly(ctx)
	res.Deleted, res.Error = []types.DeletedObject{}, []types.Error{}
	var changes []*change
	defer func() { g.settle(changes...) }() // readers of all are waited for at once
	for _, o := range in.Delete.Objects {
		one := &s3.DeleteObjectInput{Bucket: in.Bucket, Key: o.Key, VersionId: o.VersionId,
			IfMatchLastModifiedTime: o.LastModifiedTime, IfMatchSize: o.Size}
		if o.ETag != nil {
			one.IfMatch = ptr(strings.Trim(*o.ETag, `"`))
		}
		c := g.changeBy(ctx)
		changes = append(changes, c)
		out, err := g.deleteObject(ctx, c, one)
		if err != nil {
			res.Error = append(res.Error, s3err.ObjectDeleteError(o.Key, o.VersionId, err))
			continue
		}
		if quiet {
			continue
		}
		d := types.DeletedObject{Key: o.Key, VersionId: o.VersionId, DeleteMarker: out.DeleteMarker}
		if d.DeleteMarker != nil && *d.DeleteMarker {
			d.DeleteMarkerVersionId = out.VersionId
		}
		res.Deleted = append(res.Deleted, d)
	}
	return res, nil
}

// maxDeletes is how many objects one request may delete.
const maxDeletes = 1000

// quietly reports whether the answer to DeleteObjects is to name errors only. The
// front end does not hand it on.
func quietly(ctx context.Context) bool {
	r, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return false
	}
	var in struct{ Quiet bool }
	return xml.Unmarshal(r.Request.Body(), &in) == nil && in.Quiet
}

// source resolves a copy source and its conditions.
func (g *gateway) source(copySource string, owner *string, cond backend.PreConditions) (bucketName, key, id string, v *version, err error) {
	bucketName, key, id, err = backend.ParseCopySource(copySource)
	if err != nil {
		return
	}
	if err = checkVersionID(id); err != nil {
		return
	}
	b, err := g.bucketNamed(bucketName)
	if err != nil {
		return
	}
	if str(owner) != "" {
		var acl auth.ACL
		if acl, err = auth.ParseACL(b.ACL); err != nil {
			return
		}
		if acl.Owner != *owner {
			err = s3err.GetAPIError(s3err.ErrAccessDenied)
			return
		}
	}
	if id != "" && (!g.versions || b.Versioning == "") {
		err = s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
		return
	}
	if v, err = g.find(bucketName, key, id); err != nil {
		return
	}
	if v == nil || v.Marker {
		err = s3err.GetAPIError(s3err.ErrNoSuchKey)
		if b.Versioning == types.BucketVersioningStatusEnabled && v == nil {
			err = s3err.GetNoSuchVersionErr(key, id)
		}
		return
	}
	err = backend.EvaluatePreconditions(v.ETag, v.Time, cond)
	return
}

// CopyObject shares the source's blobs: they are immutable and counted. Bytes
// are read only if another checksum is asked for.
func (g *gateway) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (out s3response.CopyObjectOutput, err error) {
	if in.Key == nil {
		return out, s3err.GetAPIError(s3err.ErrInvalidCopyDest)
	}
	if err := keyLength(*in.Key); err != nil {
		return out, err
	}
	if in.ExpectedBucketOwner == nil {
		return out, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	dst, err := g.bucketNamed(*in.Bucket)
	if err != nil {
		// the source's errors come first
		if _, _, _, _, serr := g.source(*in.CopySource, in.ExpectedSourceBucketOwner, backend.PreConditions{}); serr != nil {
			err = serr
		}
		return out, err
	}
	srcBucket, srcKey, srcID, src, err := g.source(*in.CopySource, in.ExpectedSourceBucketOwner, backend.PreConditions{
		IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModSince: in.CopySourceIfModifiedSince, IfUnmodeSince: in.CopySourceIfUnmodifiedSince})
	if err != nil {
		return out, err
	}
	if src.Size > maxCopy {
		return out, s3err.GetCopySourceObjectTooLargeErr(maxCopy)
	}
	if srcBucket == *in.Bucket && srcKey == *in.Key && srcID == "" && in.MetadataDirective == types.MetadataDirectiveCopy {
		return out, s3err.GetAPIError(s3err.ErrInvalidCopyDest)
	}
	v := &version{Size: src.Size, ETag: src.ETag, Extents: src.Extents, Checksum: src.Checksum, Tags: src.Tags, Header: src.Header}
	if in.MetadataDirective == types.MetadataDirectiveReplace {
		v.Header = header{str(in.ContentType), str(in.ContentEncoding), str(in.ContentDisposition), str(in.ContentLanguage),
			str(in.CacheControl), str(in.Expires), "", in.Metadata}
	}
	v.Header.WebsiteRedirect = str(in.WebsiteRedirectLocation) // never copied
	if in.TaggingDirective == types.TaggingDirectiveReplace {
		if v.Tags, err = parseTags(str(in.Tagging)); err != nil {
			return out, err
		}
	}
	if v.Lock, err = parseLock(&dst, in.ObjectLockLegalHoldStatus, in.ObjectLockMode, in.ObjectLockRetainUntilDate); err != nil {
		return out, err
	}
	algo := in.ChecksumAlgorithm
	if algo == "" && v.Checksum.Algorithm == "" {
		algo = types.ChecksumAlgorithmCrc64nvme
	}
	if algo != "" && (algo != v.Checksum.Algorithm || v.Checksum.Type == types.ChecksumTypeComposite) {
		body, err := g.open(src.Extents, 0, src.Size)
		if errors.Is(err, fs.ErrNotExist) && g.replaced(srcBucket, srcKey, src) {
			err = s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		if err != nil {
			return out, err
		}
		defer body.Close()
		cb := newCheckedBody(body, sums{}, algo)
		if err := cb.compute(algo, ""); err != nil {
			return out, err
		}
		if _, err := io.Copy(io.Discard, cb); err != nil {
			return out, err
		}
		v.Checksum = checksumOf(algo, types.ChecksumTypeFullObject, cb.sum())
	}
	ifMatch, ifNone := destination(ctx)
	id, err := g.publish(ctx, *in.Bucket, *in.Key, v, "ObjectCreated:Copy", ifMatch, ifNone, func(c *change) error { c.share(v.Extents); return nil })
	if errors.Is(err, errGone) {
		err = s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	if err != nil {
		return out, bare(err)
	}
	c := v.Checksum
	return s3response.CopyObjectOutput{
		CopyObjectResult: &s3response.CopyObjectResult{ETag: &v.ETag, LastModified: &v.Time,
			ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
			ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
			ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128, ChecksumType: c.Type},
		VersionId: &id, CopySourceVersionId: &srcID,
	}, nil
}

// destination is what a copy expects of the place it goes to. The front end does
// not hand it on.
func destination(ctx context.Context) (ifMatch, ifNone *string) {
	r, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return nil, nil
	}
	header := func(name string) *string {
		if v := strings.Trim(string(r.Request.Header.Peek(name)), `"`); v != "" {
			return &v
		}
		return nil
	}
	return header("If-Match"), header("If-None-Match")
}

// changeVersion applies f to the record of a version in place: tags, retention, legal hold.
func (g *gateway) changeVersion(ctx context.Context, bucketName, key, id, event string, f func(b *bucket, v *version) error) error {
	if err := checkVersionID(id); err != nil {
		return err
	}
	if id != "" && !g.versions {
		return s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	unlock, err := g.lock(bucketName, key)
	if err != nil {
		return err
	}
	defer unlock()
	v, err := g.findLive(bucketName, key, id)
	if v != nil && v.Marker {
		err = s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	if err == nil {
		err = f(g.buckets[bucketName], v)
	}
	if err != nil {
		return err
	}
	c := g.changeBy(ctx)
	c.set(versionKey(bucketName, key, v.id), v)
	if event != "" {
		c.tell(g.buckets[bucketName], event, v)
	}
	return bare(c.commit())
}

func (g *gateway) GetObjectTagging(_ context.Context, bucket, key, id string) (map[string]string, error) {
	_, v, err := g.readable(bucket, key, id)
	if v != nil && v.Marker {
		return nil, s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	if err != nil {
		return nil, err
	}
	if v.Tags == nil {
		return map[string]string{}, nil
	}
	return v.Tags, nil
}

func (g *gateway) PutObjectTagging(ctx context.Context, name, key, id string, tags map[string]string) error {
	event := "ObjectTagging:Put"
	if tags == nil {
		event = "ObjectTagging:Delete"
	}
	return g.changeVersion(ctx, name, key, id, event, func(_ *bucket, v *version) error { v.Tags = tags; return nil })
}

func (g *gateway) DeleteObjectTagging(ctx context.Context, bucket, key, id string) error {
	return g.PutObjectTagging(ctx, bucket, key, id, nil)
}

func mayLock(b *bucket) error {
	if !locks(b) {
		return s3err.GetAPIError(s3err.ErrMissingObjectLockConfiguration)
	}
	return nil
}

func (g *gateway) PutObjectRetention(ctx context.Context, name, key, id string, r []byte) error {
	return g.changeVersion(ctx, name, key, id, "", func(b *bucket, v *version) error {
		v.Lock.Retention = append(json.RawMessage(nil), r...)
		return mayLock(b)
	})
}

func (g *gateway) PutObjectLegalHold(ctx context.Context, name, key, id string, on bool) error {
	return g.changeVersion(ctx, name, key, id, "", func(b *bucket, v *version) error { v.Lock.Hold = &on; return mayLock(b) })
}

func (g *gateway) lockOf(name, key, id string) (locking, error) {
	b, v, err := g.readable(name, key, id)
	if v != nil && v.Marker {
		err = s3err.GetAPIError(s3err.ErrMethodNotAllowed)
	}
	if err == nil {
		err = mayLock(&b)
	}
	if err != nil {
		return locking{}, err
	}
	return v.Lock, nil
}

func (g *gateway) GetObjectRetention(_ context.Context, name, key, id string) ([]byte, error) {
	l, err := g.lockOf(name, key, id)
	if err == nil && l.Retention == nil {
		err = s3err.GetAPIError(s3err.ErrNoSuchObjectLockConfiguration)
	}
	return l.Retention, err
}

func (g *gateway) GetObjectLegalHold(_ context.Context, name, key, id string) (*bool, error) {
	l, err := g.lockOf(name, key, id)
	if err == nil && l.Hold == nil {
		err = s3err.GetAPIError(s3err.ErrNoSuchObjectLockConfiguration)
	}
	return l.Hold, err
}
