package disk

import (
	"bytes"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// list answers one page of current objects, as S3 words it.
func (g *gateway) list(enc encoding, bucket string, prefix, delimiter *string, marker string, max int, owner *types.Owner) (objs []s3response.Object, cps []types.CommonPrefix, next string, err error) {
	next, err = g.page(bucket, str(prefix), str(delimiter), marker, max, func(v *version, prefix string) error {
		if v == nil {
			cps = append(cps, types.CommonPrefix{Prefix: &prefix})
			return nil
		}
		o := s3response.Object{ETag: &v.ETag, Key: ptr(enc.text(v.key)), LastModified: &v.Time, Size: &v.Size, Owner: owner,
			StorageClass: types.ObjectStorageClassStandard, ChecksumType: v.Checksum.Type}
		if v.Checksum.Algorithm != "" {
			o.ChecksumAlgorithm = []types.ChecksumAlgorithm{v.Checksum.Algorithm}
		}
		objs = append(objs, o)
		return nil
	})
	enc.prefixes(cps)
	return objs, cps, next, err
}

func owner(b *bucket) (*types.Owner, error) {
	acl, err := auth.ParseACL(b.ACL)
	return &types.Owner{ID: &acl.Owner}, err
}

func (g *gateway) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (out s3response.ListObjectsResult, err error) {
	b, err := g.bucketNamed(*in.Bucket)
	if err != nil {
		return out, err
	}
	own, err := owner(&b)
	if err != nil {
		return out, err
	}
	var max int32
	if in.MaxKeys != nil {
		max = *in.MaxKeys
	}
	enc, err := encodingOf(ctx)
	if err != nil {
		return out, err
	}
	objs, cps, next, err := g.list(enc, b.Name, in.Prefix, in.Delimiter, str(in.Marker), int(max), own)
	return s3response.ListObjectsResult{EncodingType: enc.kind(),
		Name: in.Bucket, Prefix: opt(enc.text(str(in.Prefix))), Delimiter: opt(enc.text(str(in.Delimiter))), Marker: opt(enc.text(str(in.Marker))),
		NextMarker: opt(enc.text(next)), MaxKeys: &max, IsTruncated: ptr(next != ""), Contents: objs, CommonPrefixes: cps,
	}, err
}

func (g *gateway) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (out s3response.ListObjectsV2Result, err error) {
	b, err := g.bucketNamed(*in.Bucket)
	if err != nil {
		return out, err
	}
	var own *types.Owner
	if in.FetchOwner != nil && *in.FetchOwner {
		if own, err = owner(&b); err != nil {
			return out, err
		}
	}
	var limit int32
	if in.MaxKeys != nil {
		limit = *in.MaxKeys
	}
	marker, err := untoken(str(in.ContinuationToken))
	if err != nil {
		return out, err
	}
	enc, err := encodingOf(ctx)
	if err != nil {
		return out, err
	}
	marker = max(marker, str(in.StartAfter))
	objs, cps, next, err := g.list(enc, b.Name, in.Prefix, in.Delimiter, marker, int(limit), own)
	return s3response.ListObjectsV2Result{EncodingType: enc.kind(),
		Name: in.Bucket, Prefix: opt(enc.text(str(in.Prefix))), Delimiter: opt(enc.text(str(in.Delimiter))), StartAfter: opt(enc.text(str(in.StartAfter))),
		ContinuationToken: opt(str(in.ContinuationToken)), NextContinuationToken: opt(token(next)), MaxKeys: &limit,
		KeyCount: ptr(int32(len(objs) + len(cps))), IsTruncated: ptr(next != ""), Contents: objs, CommonPrefixes: cps,
	}, err
}

func (g *gateway) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (out s3response.ListVersionsResult, err error) {
	if _, err := g.bucketNamed(*in.Bucket); err != nil {
		return out, err
	}
	enc, err := encodingOf(ctx)
	if err != nil {
		return out, err
	}
	keyMarker, idMarker := str(in.KeyMarker), str(in.VersionIdMarker)
	out = s3response.ListVersionsResult{EncodingType: enc.kind(), Name: in.Bucket, Prefix: ptr(enc.text(str(in.Prefix))), Delimiter: ptr(enc.text(str(in.Delimiter))),
		KeyMarker: ptr(enc.text(keyMarker)), VersionIdMarker: &idMarker, MaxKeys: in.MaxKeys, IsTruncated: ptr(false),
		NextKeyMarker: ptr(""), NextVersionIdMarker: ptr("")}
	var max int
	if in.MaxKeys != nil {
		max = int(*in.MaxKeys)
	}
	if max <= 0 {
		return out, nil
	}
	w, err := g.walk(*in.Bucket, str(in.Prefix), str(in.Delimiter))
	if err != nil {
		return out, err
	}
	defer w.Close()
	ok, newestSeen, err := w.after(keyMarker, idMarker)
	if err != nil {
		return out, err
	}
	lastKey, lastID, haveNewest := "", "", newestSeen != ""
	for emitted := 0; ok; emitted++ {
		key, _ := splitVersionKey(w.Key())
		if !strings.HasPrefix(key, w.prefix) {
			break
		}
		if emitted == max {
			out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = ptr(true), ptr(enc.text(lastKey)), &lastID
			break
		}
		if cp := w.rolled(key); cp != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: &cp})
			lastKey, lastID = cp, ""
			ok = w.skipPrefix(cp)
			continue
		}
		v, err := decodeVersion(w.Key(), w.Value())
		if err != nil {
			return out, err
		}
		latest := !haveNewest || key != newestSeen
		newestSeen, haveNewest = key, true
		lastKey, lastID = key, v.versionID()
		if v.Marker {
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: ptr(enc.text(v.key)), VersionId: ptr(v.versionID()),
				LastModified: &v.Time, IsLatest: &latest})
		} else {
			out.Versions = append(out.Versions, s3response.ObjectVersion{Key: ptr(enc.text(v.key)), VersionId: ptr(v.versionID()), ETag: &v.ETag,
				LastModified: &v.Time, Size: &v.Size, IsLatest: &latest, StorageClass: types.ObjectVersionStorageClassStandard,
				ChecksumAlgorithm: []types.ChecksumAlgorithm{v.Checksum.Algorithm}, ChecksumType: v.Checksum.Type})
		}
		ok = w.Next()
	}
	enc.prefixes(out.CommonPrefixes)
	return out, w.Error()
}

// after positions the walk after a version of a key, or after all of it if id is
// "". The version need not be there any more: who deletes what a page lists goes
// on with the next all the same. newest is the key if its newest version is not
// what follows.
func (w *walk) after(key, id string) (ok bool, newest string, err error) {
	if id == "" || key == "" || key < w.prefix {
		return w.start(key), "", nil
	}
	stem := objectKey(tabVersion, w.bucket, key)
	at := stem // of a null version that is gone nobody knows where it was: again from the newest
	if id != nullVersion {
		u, err := ulid.Parse(id)
		if err != nil {
			return false, "", s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
		}
		at = append(versionKey(w.bucket, key, u), 0)
	} else {
		for ok := w.SeekGE(stem); ok && bytes.HasPrefix(w.Key(), stem); ok = w.Next() {
			v, err := decodeVersion(w.Key(), w.Value())
			if err != nil {
				return false, "", err
			}
			if v.Null {
				at = append(bytes.Clone(w.Key()), 0)
				break
			}
		}
	}
	if w.SeekGE(stem) && bytes.HasPrefix(w.Key(), stem) && bytes.Compare(w.Key(), at) < 0 {
		newest = key
	}
	return w.SeekGE(at), newest, nil
}
