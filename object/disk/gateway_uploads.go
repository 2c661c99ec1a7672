package disk

import (
	"context"
	"strings"

	"lethe/lib/orderkey"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// ListMultipartUploads answers one page, by key and, of a key, by age. It seeks
// to where the page begins and over what a common prefix stands for.
//
// A page begins after the key marker; with an upload id marker it begins after
// that upload of the key, which need not be there any more.
func (g *gateway) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (out s3response.ListMultipartUploadsResult, err error) {
	if _, err := g.bucketNamed(*in.Bucket); err != nil {
		return out, err
	}
	enc, err := encodingOf(ctx)
	if err != nil {
		return out, err
	}
	prefix, delimiter, keyMarker, idMarker := str(in.Prefix), str(in.Delimiter), str(in.KeyMarker), str(in.UploadIdMarker)
	out = s3response.ListMultipartUploadsResult{Bucket: *in.Bucket, EncodingType: string(enc.kind()), Delimiter: enc.text(delimiter), KeyMarker: enc.text(keyMarker),
		UploadIDMarker: idMarker, Prefix: enc.text(prefix), MaxUploads: int(*in.MaxUploads)}
	if keyMarker == "" {
		idMarker = "" // it means nothing then
	}
	if idMarker != "" {
		if _, err := uuid.Parse(idMarker); err != nil || len(idMarker) != uploadIDLen {
			return out, s3err.GetInvalidArgumentErr(s3err.InvalidArgUploadIdMarker, idMarker)
		}
	}
	rolled := func(key string) string {
		if delimiter != "" {
			if before, _, found := strings.Cut(key[len(prefix):], delimiter); found {
				return prefix + before + delimiter
			}
		}
		return ""
	}
	it, err := g.index.seek(keysFrom(tabUpload, *in.Bucket, prefix))
	if err != nil {
		return out, err
	}
	defer it.Close()
	var ok bool
	switch {
	case keyMarker == "" || keyMarker < prefix:
		ok = it.First()
	case strings.HasPrefix(keyMarker, prefix) && rolled(keyMarker) == keyMarker:
		ok = it.SeekGE(orderkey.After(keysFrom(tabUpload, *in.Bucket, keyMarker)))
	case idMarker != "":
		ok = it.SeekGE(append(uploadKey(*in.Bucket, keyMarker, idMarker), 0))
	default:
		ok = it.SeekGE(orderkey.After(objectKey(tabUpload, *in.Bucket, keyMarker)))
	}
	lastKey, lastID := "", ""
	for n := 0; ok && out.MaxUploads > 0; n++ {
		u, err := decodeUpload(it.Key(), it.Value())
		if err != nil {
			return out, err
		}
		if n == out.MaxUploads {
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIDMarker = true, enc.text(lastKey), lastID
			break
		}
		if cp := rolled(u.key); cp != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, s3response.CommonPrefix{Prefix: enc.text(cp)})
			lastKey, lastID = cp, u.id
			ok = it.SeekGE(orderkey.After(keysFrom(tabUpload, *in.Bucket, cp)))
			continue
		}
		out.Uploads = append(out.Uploads, s3response.Upload{Key: enc.text(u.key), UploadID: u.id, StorageClass: types.StorageClassStandard,
			Initiated: u.Started, ChecksumAlgorithm: u.Checksum.Algorithm, ChecksumType: u.Checksum.Type})
		lastKey, lastID = u.key, u.id
		ok = it.Next()
	}
	return out, it.Error()
}
