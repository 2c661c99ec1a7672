package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

func (g *gateway) CreateMultipartUpload(_ context.Context, in s3response.CreateMultipartUploadInput) (out s3response.InitiateMultipartUploadResult, err error) {
	b, err := g.bucketNamed(*in.Bucket)
	if err == nil {
		err = keyLength(*in.Key)
	}
	if err != nil {
		return out, err
	}
	u := upload{Started: time.Now().UTC(),
		Header: header{str(in.ContentType), str(in.ContentEncoding), str(in.ContentDisposition), str(in.ContentLanguage),
			str(in.CacheControl), str(in.Expires), str(in.WebsiteRedirectLocation), in.Metadata},
		Checksum: s3response.Checksum{Algorithm: in.ChecksumAlgorithm, Type: in.ChecksumType}}
	if u.Tags, err = parseTags(str(in.Tagging)); err != nil {
		return out, err
	}
	if u.Lock, err = parseLock(&b, in.ObjectLockLegalHoldStatus, in.ObjectLockMode, in.ObjectLockRetainUntilDate); err != nil {
		return out, err
	}
	v7, err := uuid.NewV7() // orders uploads of a key by age, also within a millisecond
	if err != nil {
		return out, err
	}
	id := v7.String()
	unlock, err := g.lock(*in.Bucket, *in.Key)
	if err != nil {
		return out, err
	}
	defer unlock()
	c := g.change()
	c.set(uploadKey(*in.Bucket, *in.Key, id), u)
	return s3response.InitiateMultipartUploadResult{Bucket: *in.Bucket, Key: *in.Key, UploadId: id}, bare(c.commit())
}

// putPart adds a part to an upload, in place of one with its number.
func (g *gateway) putPart(bucketName, key, id string, p *part) error {
	unlock, err := g.lock(bucketName, key)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := g.uploadIn(bucketName, key, id); err != nil {
		return err
	}
	c := g.change()
	var old part
	if ok, err := g.index.get(partKey(id, p.n), &old); err != nil {
		return err
	} else if ok {
		c.drop(old.Extents)
	}
	p.Time = time.Now().UTC()
	c.own(p.Extents)
	c.set(partKey(id, p.n), p)
	return c.commit()
}

func (g *gateway) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	u, err := g.uploadOf(*in.Bucket, *in.Key, *in.UploadId)
	if err != nil {
		return nil, err
	}
	given := sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumSHA1, in.ChecksumSHA256, in.ChecksumCRC64NVME,
		in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128}
	body := newCheckedBody(in.Body, given, "")
	sent := body.algo
	switch {
	case sent == "" && u.Checksum.Type == types.ChecksumTypeComposite:
		return nil, s3err.GetChecksumTypeMismatchErr(u.Checksum.Algorithm, "null")
	case sent != "" && u.Checksum.Type != "" && sent != u.Checksum.Algorithm:
		return nil, s3err.GetChecksumTypeMismatchErr(u.Checksum.Algorithm, sent)
	}
	p := &part{n: *in.PartNumber}
	algo := sent
	if algo == "" {
		algo = types.ChecksumAlgorithmCrc64nvme
		if u.Checksum.Type != "" {
			algo = u.Checksum.Algorithm
		}
	}
	own := u.Checksum.Type == "" && algo != types.ChecksumAlgorithmCrc64nvme
	if own {
		if err := body.alsoCRC64(); err != nil {
			return nil, err
		}
	}
	_, want := given.given()
	if err := body.compute(algo, want); err != nil {
		return nil, err
	}
	if p.Extents, p.Size, p.ETag, err = g.store(body); err != nil {
		return nil, bare(err)
	}
	sum := body.sum()
	switch {
	case u.Checksum.Type != "":
		p.Checksum = checksumOf(algo, "", sum)
	case own:
		p.CRC64 = body.crc64.Sum()
	default:
		p.CRC64 = sum
	}
	if err := g.putPart(*in.Bucket, *in.Key, *in.UploadId, p); err != nil {
		g.discardUnless(err, p.Extents)
		return nil, bare(err)
	}
	out := &s3.UploadPartOutput{ETag: &p.ETag}
	if sent != "" || u.Checksum.Type != "" {
		c := checksumOf(algo, "", sum)
		out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumSHA1, out.ChecksumSHA256 = c.CRC32, c.CRC32C, c.SHA1, c.SHA256
		out.ChecksumCRC64NVME, out.ChecksumSHA512, out.ChecksumMD5 = c.CRC64NVME, c.SHA512, c.MD5
		out.ChecksumXXHASH64, out.ChecksumXXHASH3, out.ChecksumXXHASH128 = c.XXHASH64, c.XXHASH3, c.XXHASH128
	}
	return out, nil
}

// UploadPartCopy copies a range into a blob of its own. It does not share the
// source's blob: that would keep bytes outside the range alive when the source
// is erased.
func (g *gateway) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (out s3response.CopyPartResult, err error) {
	u, err := g.uploadOf(*in.Bucket, *in.Key, *in.UploadId)
	if err != nil {
		return out, err
	}
	srcBucket, srcKey, srcID, src, err := g.source(*in.CopySource, in.ExpectedSourceBucketOwner, backend.PreConditions{
		IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModSince: in.CopySourceIfModifiedSince, IfUnmodeSince: in.CopySourceIfUnmodifiedSince})
	if err != nil {
		return out, err
	}
	off, n, err := backend.ParseCopySourceRange(src.Size, str(in.CopySourceRange))
	if err != nil {
		return out, err
	}
	if n > maxCopy {
		return out, s3err.GetCopySourceObjectTooLargeErr(maxCopy)
	}
	body, err := g.open(src.Extents, off, n)
	if errors.Is(err, fs.ErrNotExist) && g.replaced(srcBucket, srcKey, src) {
		err = s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	if err != nil {
		return out, err
	}
	defer body.Close()
	p := &part{n: *in.PartNumber}
	algo := u.Checksum.Algorithm
	if algo == "" {
		algo = types.ChecksumAlgorithmCrc64nvme
	}
	cb := newCheckedBody(body, sums{}, algo)
	if err := cb.compute(algo, ""); err != nil {
		return out, err
	}
	if p.Extents, p.Size, p.ETag, err = g.store(cb); err != nil {
		return out, bare(err)
	}
	if u.Checksum.Algorithm != "" {
		p.Checksum = checksumOf(algo, "", cb.sum())
	} else {
		p.CRC64 = cb.sum()
	}
	if err := g.putPart(*in.Bucket, *in.Key, *in.UploadId, p); err != nil {
		g.discardUnless(err, p.Extents)
		return out, bare(err)
	}
	c := p.Checksum
	return s3response.CopyPartResult{ETag: &p.ETag, LastModified: p.Time, CopySourceVersionId: srcID,
		ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
		ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
		ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128}, nil
}

// CompleteMultipartUpload makes the parts' blobs the object's: nothing is copied.
func (g *gateway) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (out s3response.CompleteMultipartUploadResult, id string, err error) {
	if in.MultipartUpload == nil {
		return out, "", s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	if _, err := g.bucketNamed(*in.Bucket); err != nil {
		return out, "", err
	}
	list := in.MultipartUpload.Parts
	etag, err := backend.ComputeMultipartETagFromPartETags(list)
	if err != nil {
		return out, "", err
	}
	u, err := g.uploadOf(*in.Bucket, *in.Key, *in.UploadId)
	if err != nil {
		return g.completedBefore(in, etag, err)
	}
	if err := g.checkWrite(*in.Bucket, *in.Key, in.IfMatch, in.IfNoneMatch); err != nil {
		return out, "", err
	}
	if in.ChecksumType != "" && u.Checksum.Type != in.ChecksumType {
		t := u.Checksum.Type
		if t == "" {
			t = "null"
		}
		return out, "", s3err.GetChecksumTypeMismatchOnMpErr(t)
	}
	v := &version{ETag: etag, UploadID: u.id, Header: u.Header, Tags: u.Tags, Lock: u.Lock}
	id, err = g.publish(ctx, *in.Bucket, *in.Key, v, "ObjectCreated:CompleteMultipartUpload", in.IfMatch, in.IfNoneMatch, func(c *change) error {
		if _, err := g.uploadIn(*in.Bucket, *in.Key, u.id); err != nil {
			return err
		}
		if err := g.assemble(v, &u, list); err != nil {
			return err
		}
		switch {
		case in.MpuObjectSize != nil && v.Size != *in.MpuObjectSize:
			return s3err.GetIncorrectMpObjectSizeErr(v.Size, *in.MpuObjectSize)
		case u.Checksum.Type != "":
			given := sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumSHA1, in.ChecksumSHA256, in.ChecksumCRC64NVME,
				in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128}
			if g := given.of(v.Checksum.Algorithm); g != nil {
				want := *g
				if v.Checksum.Type == types.ChecksumTypeComposite && !strings.Contains(want, "-") {
					want = fmt.Sprintf("%s-%d", want, len(list))
				}
				if want != value(v.Checksum) {
					return s3err.GetChecksumBadDigestErr(v.Checksum.Algorithm)
				}
			}
		}
		c.share(v.Extents) // from the parts, which end here
		return g.dropUpload(c, *in.Bucket, *in.Key, u.id)
	})
	if err != nil {
		return g.completedBefore(in, etag, err)
	}
	c := v.Checksum
	return s3response.CompleteMultipartUploadResult{Bucket: in.Bucket, Key: in.Key, ETag: &v.ETag, ChecksumType: &c.Type,
		ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
		ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
		ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128}, id, nil
}

// completedBefore answers a completion that failed with err: with success, if
// the same upload was completed to the same object already, because then only
// the answer was lost, or somebody else asked for the same.
func (g *gateway) completedBefore(in *s3.CompleteMultipartUploadInput, etag string, err error) (s3response.CompleteMultipartUploadResult, string, error) {
	v, findErr := g.newest(*in.Bucket, *in.Key)
	if findErr != nil || v == nil || v.UploadID != *in.UploadId || v.ETag != etag {
		return s3response.CompleteMultipartUploadResult{}, "", bare(err)
	}
	id := ""
	if !v.Null {
		id = v.versionID()
	}
	return s3response.CompleteMultipartUploadResult{Bucket: in.Bucket, Key: in.Key, ETag: &v.ETag}, id, nil
}

// assemble checks the listed parts and fills in v's size, extents and checksum.
func (g *gateway) assemble(v *version, u *upload, list []types.CompletedPart) error {
	have := map[int32]*part{}
	if err := g.parts(u.id, func(p *part) error { have[p.n] = p; return nil }); err != nil {
		return err
	}
	algo, typ := u.Checksum.Algorithm, u.Checksum.Type
	if typ == "" {
		algo, typ = types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject
	}
	var composite *utils.CompositeChecksumReader
	if typ == types.ChecksumTypeComposite {
		var err error
		if composite, err = utils.NewCompositeChecksumReader(hashType(algo)); err != nil {
			return err
		}
	}
	v.Size, v.Extents, v.Parts, v.PartSums = 0, nil, nil, nil
	var last int32
	var sum string
	for i, l := range list {
		switch {
		case l.PartNumber == nil:
			return s3err.GetAPIError(s3err.ErrMalformedXML)
		case *l.PartNumber < 1:
			return s3err.GetInvalidArgumentErr(s3err.InvalidArgCompleteMpPartNumber, fmt.Sprint(*l.PartNumber))
		case *l.PartNumber <= last:
			return s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		last = *l.PartNumber
		p := have[last]
		switch {
		case p == nil:
			return s3err.GetInvalidPartErr(u.id, last, str(l.ETag))
		case i < len(list)-1 && p.Size < backend.MinPartSize:
			return s3err.GetEntityTooSmallErr(p.Size, backend.MinPartSize)
		case !backend.AreEtagsSame(p.ETag, *l.ETag):
			return s3err.GetInvalidPartErr(u.id, last, p.ETag)
		}
		if err := checkCompleted(p.Checksum, l, u.id); err != nil {
			return err
		}
		own := value(p.Checksum)
		if u.Checksum.Type == "" {
			own = p.CRC64
		}
		var err error
		switch {
		case composite != nil:
			err = composite.Process(own)
		case i == 0:
			sum = own
		default:
			sum, err = utils.AddCRCChecksum(algo, sum, own, p.Size)
		}
		if err != nil {
			return fmt.Errorf("checksum of part %d: %w", last, err)
		}
		v.Size += p.Size
		v.Parts = append(v.Parts, v.Size)
		v.PartSums = append(v.PartSums, value(p.Checksum))
		for _, e := range p.Extents {
			if e.Len > 0 {
				v.Extents = append(v.Extents, e)
			}
		}
	}
	if composite != nil {
		sum = fmt.Sprintf("%s-%d", composite.Sum(), len(list))
	}
	v.Checksum = checksumOf(algo, typ, sum)
	return nil
}

func (g *gateway) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	unlock, err := g.lock(*in.Bucket, *in.Key)
	if err != nil {
		return err
	}
	defer unlock()
	u, err := g.uploadIn(*in.Bucket, *in.Key, *in.UploadId)
	if err != nil {
		return err
	}
	if in.IfMatchInitiatedTime == nil {
		if in.IfMatchInitiatedTime, err = dateHeader(ctx, "X-Amz-If-Match-Initiated-Time"); err != nil {
			return err
		}
	}
	if t := in.IfMatchInitiatedTime; t != nil && t.Unix() != u.Started.Unix() {
		return s3err.GetPreconditionFailedErr(s3err.ConditionIfMatchInitiatedTime)
	}
	c := g.change()
	if err := g.dropUpload(c, *in.Bucket, *in.Key, u.id); err != nil {
		return err
	}
	return bare(c.commit())
}

func (g *gateway) ListParts(_ context.Context, in *s3.ListPartsInput) (out s3response.ListPartsResult, err error) {
	marker := 0
	if m := str(in.PartNumberMarker); m != "" {
		if marker, err = strconv.Atoi(m); err != nil {
			return out, s3err.GetInvalidArgMaxLimiter("part-number-marker", m)
		}
	}
	u, err := g.uploadOf(*in.Bucket, *in.Key, *in.UploadId)
	if err != nil {
		return out, err
	}
	out = s3response.ListPartsResult{Bucket: *in.Bucket, Key: *in.Key, UploadID: u.id, PartNumberMarker: marker,
		MaxParts: int(*in.MaxParts), StorageClass: types.StorageClassStandard,
		ChecksumAlgorithm: u.Checksum.Algorithm, ChecksumType: u.Checksum.Type, Parts: []s3response.Part{}}
	if u.Checksum.Algorithm == "" {
		out.ChecksumAlgorithm, out.ChecksumType = "null", "null"
	}
	err = g.parts(u.id, func(p *part) error {
		if int(p.n) <= marker {
			return nil
		}
		if out.MaxParts > 0 && len(out.Parts) == out.MaxParts {
			out.IsTruncated = true
			return errStop
		}
		c := p.Checksum
		out.Parts = append(out.Parts, s3response.Part{PartNumber: int(p.n), ETag: p.ETag, LastModified: p.Time, Size: p.Size,
			ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256,
			ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA512: c.SHA512, ChecksumMD5: c.MD5, ChecksumXXHASH64: c.XXHASH64,
			ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128})
		out.NextPartNumberMarker = int(p.n)
		return nil
	})
	if err == errStop {
		err = nil
	}
	return out, err
}
