package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// shop is a bucket of its own for a check.
type shop struct {
	*testing.T
	*s3.Client
	l      *lake
	ctx    context.Context
	bucket *string
}

func (s shop) put(key, body string) *s3.PutObjectOutput {
	s.Helper()
	out, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: &key, Body: strings.NewReader(body)})
	must(s, err)
	return out
}

func (s shop) get(key string, version *string) string {
	s.Helper()
	out, err := s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: &key, VersionId: version})
	must(s, err)
	b, err := io.ReadAll(out.Body)
	must(s, err)
	return string(b)
}

func (s shop) versioning(status types.BucketVersioningStatus) {
	s.Helper()
	_, err := s.PutBucketVersioning(s.ctx, &s3.PutBucketVersioningInput{Bucket: s.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	must(s, err)
}

func (s shop) delete(key string, version *string) error {
	_, err := s.DeleteObject(s.ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: &key, VersionId: version})
	return err
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 7))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

const mib = 1 << 20

// TestChecks is what S3's clients rely on beyond the plain operations.
func TestChecks(t *testing.T) {
	l := newLake(t)
	n := 0
	for name, check := range map[string]func(shop){
		"metadata and tags at their limits":           limits,
		"any legal key":                               anyKey,
		"keys that are none":                          noKey,
		"ranges of objects as parts, every algorithm": partCopies,
		"parts and their checksums":                   attributes,
		"versions: listing, paging, delimiters":       listVersions,
		"versions: tags, metadata, copies, deletions": perVersion,
		"versions: suspended":                         suspended,
		"conditional deletions":                       conditionalDeletes,
		"conditional copies":                          conditionalCopies,
		"uploads: paging, abortion":                   uploads,
		"locks: legal hold":                           legalHold,
		"locks: governance":                           governance,
		"locks: compliance":                           compliance,
		"locks: default retention":                    defaultRetention,
		"races: one winner":                           races,
	} {
		n++
		b := aws.String(fmt.Sprint("check-", n))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shop{t, l.admin(), l, t.Context(), b}
			_, err := s.CreateBucket(s.ctx, &s3.CreateBucketInput{Bucket: b, ObjectLockEnabledForBucket: aws.Bool(strings.HasPrefix(name, "locks"))})
			must(t, err)
			check(s)
		})
	}
}

func limits(s shop) {
	metadata, size := map[string]string{}, 0
	for i := 0; size < 2048; i++ {
		k := fmt.Sprint("k", i)
		v := strings.Repeat("v", min(240, 2048-size-len(k)))
		metadata[k] = v
		size += len(k) + len(v)
	}
	var tags []types.Tag
	for i := range 10 {
		tags = append(tags, types.Tag{Key: aws.String(fmt.Sprintf("%0128d", i)), Value: aws.String(strings.Repeat("/", 256))})
	}
	key := aws.String("k")
	query := url.Values{}
	for i := range 5 { // ten of them would be more than the 8 kB that all headers may have
		query.Set(fmt.Sprintf("%0127dü", i), strings.Repeat("/", 256))
	}
	_, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: key, Body: strings.NewReader("x"), Metadata: metadata, Tagging: aws.String(query.Encode())})
	must(s, err)
	first, err := s.GetObjectTagging(s.ctx, &s3.GetObjectTaggingInput{Bucket: s.bucket, Key: key})
	must(s, err)
	if len(first.TagSet) != 5 {
		s.Errorf("%d tags of the header", len(first.TagSet))
	}
	_, err = s.PutObjectTagging(s.ctx, &s3.PutObjectTaggingInput{Bucket: s.bucket, Key: key, Tagging: &types.Tagging{TagSet: tags}})
	must(s, err)
	head, err := s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: key})
	must(s, err)
	got, err := s.GetObjectTagging(s.ctx, &s3.GetObjectTaggingInput{Bucket: s.bucket, Key: key})
	must(s, err)
	if len(head.Metadata) != len(metadata) || len(got.TagSet) != 10 || aws.ToInt32(head.TagCount) != 10 {
		s.Errorf("%d of %d metadata, %d tags", len(head.Metadata), len(metadata), len(got.TagSet))
	}
	_, err = s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: key, Body: strings.NewReader("x"), Tagging: aws.String("a&b&c&d&e&f&g&h&i&j&k")})
	wantCode(s, err, "BadRequest", 400, "eleven tags in the header")
	metadata["more"] = "x"
	_, err = s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: key, Body: strings.NewReader("x"), Metadata: metadata})
	wantCode(s, err, "MetadataTooLarge", 400, "more than 2 kB")
	_, err = s.PutObjectTagging(s.ctx, &s3.PutObjectTaggingInput{Bucket: s.bucket, Key: key, Tagging: &types.Tagging{TagSet: append(tags, types.Tag{Key: aws.String("x"), Value: aws.String("")})}})
	wantCode(s, err, "BadRequest", 400, "eleven tags")
}

// keys are legal and odd. Control characters come back in listings that ask for
// encoded keys, as the SDKs do where it matters.
func keys() []string {
	list := []string{"x//y", "./x", "a/../b", "/lead", "//lead", "trail/", "n", "n/child", "...", " ", "  sp ace ", "a+b", "a%2Fb", "a%b", "%",
		"a=b/c&d;e,f@g:h'i(j)!k*", "_#?[]{}^`|~\"<>", "back\\slash", "nl\nkey", "cr\rkey", "tab\tkey", "\x01\x02\x1f\x7f", "nul\x00key", "null\x00\xc3\xbc",
		"ü€😀", "e\u0301 and \u00e9", "\u202eright to left", "\ufeffbom", "\uffff", "?versionId=1", "#", "k?acl", strings.Repeat("k", 1024), strings.Repeat("s/", 512), strings.Repeat("ü", 512)}
	slices.Sort(list)
	return list
}

func anyKey(s shop) {
	list := keys()
	for _, k := range list {
		if _, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: &k, Body: strings.NewReader("body of " + k)}); err != nil {
			s.Errorf("put %q: %v", k, err)
		}
	}
	var got []string
	in := &s3.ListObjectsV2Input{Bucket: s.bucket, MaxKeys: aws.Int32(5), EncodingType: types.EncodingTypeUrl}
	for p := s3.NewListObjectsV2Paginator(s, in); p.HasMorePages(); {
		page, err := p.NextPage(s.ctx)
		must(s, err)
		for _, o := range page.Contents {
			got = append(got, decoded(s, *o.Key))
		}
	}
	if !slices.Equal(got, list) {
		s.Errorf("listed %q, want %q", got, list)
	}
	for _, k := range list {
		out, err := s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: &k})
		if err != nil {
			s.Errorf("get %q: %v", k, err)
			continue
		}
		if b, err := io.ReadAll(out.Body); err != nil || string(b) != "body of "+k {
			s.Errorf("get %q: %q, %v", k, b, err)
		}
		if err := s.delete(k, nil); err != nil {
			s.Errorf("delete %q: %v", k, err)
		}
	}
	if out, err := s.ListObjectsV2(s.ctx, &s3.ListObjectsV2Input{Bucket: s.bucket}); err != nil || len(out.Contents) > 0 {
		s.Errorf("left after deletion: %v, %v", out.Contents, err)
	}
}

// decoded undoes encoding-type=url, if the SDK has not.
func decoded(t testing.TB, k string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(k); i++ {
		switch {
		case k[i] == '+':
			b.WriteByte(' ')
		case k[i] == '%' && i+2 < len(k):
			var c byte
			if _, err := fmt.Sscanf(k[i+1:i+3], "%02X", &c); err != nil {
				t.Fatalf("%q: %v", k, err)
			}
			b.WriteByte(c)
			i += 2
		default:
			b.WriteByte(k[i])
		}
	}
	return b.String()
}

func noKey(s shop) {
	for what, target := range map[string]string{
		"1,025 bytes":         strings.Repeat("k", 1025),
		"no UTF-8":            "a%ff",
		"a surrogate":         "%ed%a0%80",
		"half a letter":       "%c3",
		"an overlong slash":   "%c0%af",
		"beyond all letters":  "%f4%90%80%80",
		"a climb":             "..",
		"more ups than downs": "a/../../b",
		"nothing":             ".", // the front end refuses it with those
	} {
		for _, method := range []string{http.MethodPut, http.MethodGet, http.MethodDelete} {
			if method == http.MethodDelete && what == "1,025 bytes" {
				continue // there is none: nothing to do
			}
			resp := s.l.raw(s.T, method, "/"+*s.bucket+"/"+target, "", nil)
			if resp.StatusCode < 400 || resp.StatusCode >= 500 {
				s.Errorf("%s of a key with %s: %s %s", method, what, resp.Status, text(resp))
			}
		}
	}
	if out, err := s.ListObjectsV2(s.ctx, &s3.ListObjectsV2Input{Bucket: s.bucket}); err != nil || len(out.Contents) > 0 {
		s.Errorf("there is %v, %v", out.Contents, err)
	}
}

// checksummed are the algorithms that the SDK can compute itself.
var checksummed = []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme,
	types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256}

func partCopies(s shop) {
	s.versioning(types.BucketVersioningStatusEnabled)
	old, tail := noise(10*mib+5), noise(1001)
	for i, algo := range checksummed {
		kind := types.ChecksumTypeFullObject
		if algo == types.ChecksumAlgorithmSha1 || algo == types.ChecksumAlgorithmSha256 {
			kind = types.ChecksumTypeComposite
		}
		src := aws.String("src-" + string(algo))
		first, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: src, Body: bytes.NewReader(old), ChecksumAlgorithm: algo})
		must(s, err)
		s.put(*src, "a newer version")
		from := aws.String(*s.bucket + "/" + *src + "?versionId=" + *first.VersionId)
		type target struct {
			algo types.ChecksumAlgorithm
			kind types.ChecksumType
		}
		targets := []target{{algo, kind}}
		if i == 0 {
			targets = append(targets, target{types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject}, target{})
		}
		for _, into := range targets {
			dst := aws.String(fmt.Sprint("dst-", algo, "-", into.algo))
			up, err := s.CreateMultipartUpload(s.ctx, &s3.CreateMultipartUploadInput{Bucket: s.bucket, Key: dst, ChecksumAlgorithm: into.algo, ChecksumType: into.kind})
			must(s, err)
			var parts []types.CompletedPart
			add := func(n int32, etag *string, c *types.CopyPartResult, u *s3.UploadPartOutput) {
				p := types.CompletedPart{PartNumber: &n, ETag: etag}
				if c != nil {
					p.ChecksumCRC32, p.ChecksumCRC32C, p.ChecksumCRC64NVME, p.ChecksumSHA1, p.ChecksumSHA256 = c.ChecksumCRC32, c.ChecksumCRC32C, c.ChecksumCRC64NVME, c.ChecksumSHA1, c.ChecksumSHA256
				} else if into.algo != "" {
					p.ChecksumCRC32, p.ChecksumCRC32C, p.ChecksumCRC64NVME, p.ChecksumSHA1, p.ChecksumSHA256 = u.ChecksumCRC32, u.ChecksumCRC32C, u.ChecksumCRC64NVME, u.ChecksumSHA1, u.ChecksumSHA256
				}
				parts = append(parts, p)
			}
			for i, r := range []string{"bytes=0-5242879", "bytes=5242880-10485764"} {
				c, err := s.UploadPartCopy(s.ctx, &s3.UploadPartCopyInput{Bucket: s.bucket, Key: dst, UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), CopySource: from, CopySourceRange: &r})
				must(s, err)
				if aws.ToString(c.CopySourceVersionId) != *first.VersionId {
					s.Errorf("copied from version %v", c.CopySourceVersionId)
				}
				add(int32(i+1), c.CopyPartResult.ETag, c.CopyPartResult, nil)
			}
			u, err := s.UploadPart(s.ctx, &s3.UploadPartInput{Bucket: s.bucket, Key: dst, UploadId: up.UploadId, PartNumber: aws.Int32(3), Body: bytes.NewReader(tail), ChecksumAlgorithm: into.algo})
			must(s, err)
			add(3, u.ETag, nil, u)
			_, err = s.CompleteMultipartUpload(s.ctx, &s3.CompleteMultipartUploadInput{Bucket: s.bucket, Key: dst, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
			must(s, err)
			// The SDK checks the whole object's checksum as it reads.
			out, err := s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: dst, ChecksumMode: types.ChecksumModeEnabled})
			must(s, err)
			got, err := io.ReadAll(out.Body)
			if err != nil || !bytes.Equal(got, slices.Concat(old, tail)) {
				s.Errorf("%s: %d bytes, %v", *dst, len(got), err)
			}
		}
		_, err = s.UploadPartCopy(s.ctx, &s3.UploadPartCopyInput{Bucket: s.bucket, Key: aws.String("none"), UploadId: aws.String("01890a5d-ac96-774b-bcce-b302099a8057"), PartNumber: aws.Int32(1), CopySource: from})
		wantCode(s, err, "NoSuchUpload", 404, "a part of no upload")
	}
}

func attributes(s shop) {
	key := aws.String("k")
	up, err := s.CreateMultipartUpload(s.ctx, &s3.CreateMultipartUploadInput{Bucket: s.bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite})
	must(s, err)
	var parts []types.CompletedPart
	for i, n := range []int{5 * mib, 5*mib + 1, 3} {
		out, err := s.UploadPart(s.ctx, &s3.UploadPartInput{Bucket: s.bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(noise(n)), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
		must(s, err)
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.ETag, ChecksumSHA256: out.ChecksumSHA256})
	}
	_, err = s.CompleteMultipartUpload(s.ctx, &s3.CompleteMultipartUploadInput{Bucket: s.bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	must(s, err)
	get := func(marker *string, limit *int32) *types.GetObjectAttributesParts {
		s.Helper()
		out, err := s.GetObjectAttributes(s.ctx, &s3.GetObjectAttributesInput{Bucket: s.bucket, Key: key, PartNumberMarker: marker, MaxParts: limit,
			ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectParts, types.ObjectAttributesChecksum, types.ObjectAttributesObjectSize, types.ObjectAttributesEtag}})
		must(s, err)
		if *out.ObjectSize != 10*mib+4 || out.Checksum.ChecksumType != types.ChecksumTypeComposite || !strings.HasSuffix(*out.Checksum.ChecksumSHA256, "-3") || !strings.HasSuffix(*out.ETag, "-3") {
			s.Errorf("%+v %+v", out, out.Checksum)
		}
		return out.ObjectParts
	}
	all := get(nil, nil)
	if len(all.Parts) != 3 || *all.Parts[1].Size != 5*mib+1 || *all.Parts[1].ChecksumSHA256 != *parts[1].ChecksumSHA256 || *all.IsTruncated {
		s.Errorf("%+v", all)
	}
	page := get(aws.String("1"), aws.Int32(1))
	if len(page.Parts) != 1 || *page.Parts[0].PartNumber != 2 || !*page.IsTruncated || *page.NextPartNumberMarker != "2" {
		s.Errorf("%+v", page)
	}
	head, err := s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: key, PartNumber: aws.Int32(2)})
	must(s, err)
	if *head.PartsCount != 3 || *head.ContentLength != 5*mib+1 {
		s.Errorf("part 2 of %d has %d bytes", *head.PartsCount, *head.ContentLength)
	}
}

func listVersions(s shop) {
	s.versioning(types.BucketVersioningStatusEnabled)
	names := []string{"o/a-b", "o/a.c", "o/a/1", "o/a/2", "o/a0", "o/z", "top", "x//y", "x/./y"}
	want := map[string]bool{}
	for round := range 3 {
		for _, k := range names {
			want[k+" "+*s.put(k, fmt.Sprint(round)).VersionId] = true
		}
	}
	out, err := s.DeleteObject(s.ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String("o/z")})
	must(s, err)
	want["o/z "+*out.VersionId] = true
	for _, limit := range []int32{1, 2, 3, 7, 1000} {
		got, latest := map[string]bool{}, 0
		in := &s3.ListObjectVersionsInput{Bucket: s.bucket, MaxKeys: &limit}
		last := ""
		for p := s3.NewListObjectVersionsPaginator(s, in); p.HasMorePages(); {
			page, err := p.NextPage(s.ctx)
			must(s, err)
			for _, v := range page.Versions {
				id := *v.Key + " " + *v.VersionId
				if got[id] || *v.Key < last {
					s.Errorf("in pages of %d %s comes twice or late", limit, id)
				}
				got[id], last = true, *v.Key
				if *v.IsLatest {
					latest++
				}
			}
			for _, m := range page.DeleteMarkers {
				got[*m.Key+" "+*m.VersionId] = true
				if *m.IsLatest {
					latest++
				}
			}
		}
		if len(got) != len(want) || latest != len(names) {
			s.Errorf("in pages of %d: %d versions of %d, %d latest of %d", limit, len(got), len(want), latest, len(names))
		}
	}
	defer emptied(s)
	// With a delimiter, page by page.
	var seen []string
	in := &s3.ListObjectVersionsInput{Bucket: s.bucket, MaxKeys: aws.Int32(2), Delimiter: aws.String("/"), Prefix: aws.String("o/")}
	for p := s3.NewListObjectVersionsPaginator(s, in); p.HasMorePages(); {
		page, err := p.NextPage(s.ctx)
		must(s, err)
		for _, cp := range page.CommonPrefixes {
			seen = append(seen, *cp.Prefix)
		}
		for _, v := range page.Versions {
			seen = append(seen, *v.Key)
		}
		for _, m := range page.DeleteMarkers {
			seen = append(seen, *m.Key)
		}
	}
	slices.Sort(seen)
	if got := strings.Join(seen, " "); got != "o/a-b o/a-b o/a-b o/a.c o/a.c o/a.c o/a/ o/a0 o/a0 o/a0 o/z o/z o/z o/z" {
		s.Errorf("by delimiter: %s", got)
	}
}

// emptied deletes the versions of each page before it asks for the next.
func emptied(s shop) {
	s.versioning(types.BucketVersioningStatusSuspended)
	s.put("o/a.c", "null")
	s.versioning(types.BucketVersioningStatusEnabled)
	s.put("o/a.c", "above null")
	for p := s3.NewListObjectVersionsPaginator(s, &s3.ListObjectVersionsInput{Bucket: s.bucket, MaxKeys: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(s.ctx)
		must(s, err)
		var all []types.ObjectIdentifier
		for _, v := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(all) == 0 {
			continue
		}
		out, err := s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Objects: all}})
		must(s, err)
		if len(out.Errors) > 0 {
			s.Errorf("%v", out.Errors)
		}
	}
	if _, err := s.DeleteBucket(s.ctx, &s3.DeleteBucketInput{Bucket: s.bucket}); err != nil {
		s.Errorf("something is left: %v", err)
	}
}

func perVersion(s shop) {
	s.versioning(types.BucketVersioningStatusEnabled)
	key := "k"
	var ids []*string
	for i := range 3 {
		out, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: &key, Body: strings.NewReader(fmt.Sprint("v", i)), Metadata: map[string]string{"n": fmt.Sprint(i)}, Tagging: aws.String(fmt.Sprint("n=", i))})
		must(s, err)
		ids = append(ids, out.VersionId)
	}
	_, err := s.PutObjectTagging(s.ctx, &s3.PutObjectTaggingInput{Bucket: s.bucket, Key: &key, VersionId: ids[1], Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("n"), Value: aws.String("changed")}}}})
	must(s, err)
	for i, want := range []string{"0", "changed", "2"} {
		tags, err := s.GetObjectTagging(s.ctx, &s3.GetObjectTaggingInput{Bucket: s.bucket, Key: &key, VersionId: ids[i]})
		must(s, err)
		head, err := s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: &key, VersionId: ids[i]})
		must(s, err)
		if *tags.TagSet[0].Value != want || head.Metadata["n"] != fmt.Sprint(i) || s.get(key, ids[i]) != fmt.Sprint("v", i) {
			s.Errorf("version %d: tag %s, metadata %v", i, *tags.TagSet[0].Value, head.Metadata)
		}
	}
	_, err = s.CopyObject(s.ctx, &s3.CopyObjectInput{Bucket: s.bucket, Key: aws.String("copy"), CopySource: aws.String(*s.bucket + "/" + key + "?versionId=" + *ids[0])})
	must(s, err)
	if got := s.get("copy", nil); got != "v0" {
		s.Errorf("the copy of an old version is %q", got)
	}
	at, err := s.GetObjectAttributes(s.ctx, &s3.GetObjectAttributesInput{Bucket: s.bucket, Key: &key, VersionId: ids[0], ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectSize}})
	must(s, err)
	if *at.ObjectSize != 2 || aws.ToString(at.VersionId) != *ids[0] {
		s.Errorf("attributes of an old version: %d bytes of %v", *at.ObjectSize, at.VersionId)
	}
	marker, err := s.DeleteObject(s.ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: &key})
	must(s, err)
	_, err = s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: &key})
	wantCode(s, err, "NoSuchKey", 404, "below a marker")
	_, err = s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: &key, VersionId: marker.VersionId})
	wantCode(s, err, "MethodNotAllowed", 405, "a marker")
	_, err = s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: &key, VersionId: marker.VersionId})
	wantCode(s, err, "MethodNotAllowed", 405, "a marker's head")
	must(s, s.delete(key, ids[1]))
	_, err = s.GetObject(s.ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: &key, VersionId: ids[1]})
	wantCode(s, err, "NoSuchVersion", 404, "a deleted version")
	must(s, s.delete(key, marker.VersionId))
	if got := s.get(key, nil); got != "v2" {
		s.Errorf("without its marker the object is %q", got)
	}
}

func suspended(s shop) {
	s.put("k", "before")
	s.versioning(types.BucketVersioningStatusEnabled)
	kept := s.put("k", "version").VersionId
	s.versioning(types.BucketVersioningStatusSuspended)
	if id := aws.ToString(s.put("k", "null").VersionId); id != "" && id != "null" {
		s.Errorf("a put while suspended made version %s", id)
	}
	if got := s.get("k", aws.String("null")) + s.get("k", kept) + s.get("k", nil); got != "nullversionnull" {
		s.Errorf("null, kept, current: %s", got)
	}
	must(s, s.delete("k", nil))
	out, err := s.ListObjectVersions(s.ctx, &s3.ListObjectVersionsInput{Bucket: s.bucket})
	must(s, err)
	if len(out.Versions) != 1 || len(out.DeleteMarkers) != 1 || *out.DeleteMarkers[0].VersionId != "null" {
		s.Errorf("after a deletion while suspended: %d versions, markers %v", len(out.Versions), out.DeleteMarkers)
	}
	must(s, s.delete("k", aws.String("null")))
	if got := s.get("k", nil); got != "version" {
		s.Errorf("without the null marker: %s", got)
	}
}

func conditionalDeletes(s shop) {
	etag := s.put("k", "x").ETag
	head, err := s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String("k")})
	must(s, err)
	del := func(in s3.DeleteObjectInput) error {
		in.Bucket = s.bucket
		if in.Key == nil {
			in.Key = aws.String("k")
		}
		_, err := s.DeleteObject(s.ctx, &in)
		return err
	}
	wantCode(s, del(s3.DeleteObjectInput{IfMatch: aws.String(`"0"`)}), "PreconditionFailed", 412, "another ETag")
	wantCode(s, del(s3.DeleteObjectInput{IfMatchSize: aws.Int64(2)}), "PreconditionFailed", 412, "another size")
	wantCode(s, del(s3.DeleteObjectInput{IfMatchLastModifiedTime: aws.Time(head.LastModified.Add(time.Hour))}), "PreconditionFailed", 412, "another time")
	wantCode(s, del(s3.DeleteObjectInput{Key: aws.String("none"), IfMatch: aws.String("*")}), "PreconditionFailed", 412, "nothing there")
	must(s, del(s3.DeleteObjectInput{IfMatch: etag, IfMatchSize: aws.Int64(1), IfMatchLastModifiedTime: head.LastModified}))
	s.put("k", "x")
	must(s, del(s3.DeleteObjectInput{IfMatch: aws.String("*")}))

	// Of many, each by its own conditions.
	s.put("a", "x")
	b := s.put("b", "y").ETag
	out, err := s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a"), ETag: aws.String(`"0"`)}, {Key: aws.String("b"), ETag: b, Size: aws.Int64(1)}, {Key: aws.String("none")}}}})
	must(s, err)
	if len(out.Errors) != 1 || *out.Errors[0].Key != "a" || *out.Errors[0].Code != "PreconditionFailed" || len(out.Deleted) != 2 {
		s.Errorf("deleted %v, errors %v", out.Deleted, out.Errors)
	}
	if s.get("a", nil) != "x" {
		s.Error("a is gone")
	}
	s.put("b", "y")
	out, err = s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Quiet: aws.Bool(true), Objects: []types.ObjectIdentifier{
		{Key: aws.String("a"), ETag: aws.String(`"0"`)}, {Key: aws.String("b")}}}})
	must(s, err)
	if len(out.Errors) != 1 || len(out.Deleted) != 0 {
		s.Errorf("quietly deleted %v, errors %v", out.Deleted, out.Errors)
	}
	many := make([]types.ObjectIdentifier, 1001)
	for i := range many {
		many[i].Key = aws.String(fmt.Sprint(i))
	}
	_, err = s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Objects: many}})
	wantCode(s, err, "MalformedXML", 400, "more than a thousand")
}

func conditionalCopies(s shop) {
	s.put("src", "x")
	etag := s.put("dst", "y").ETag
	copyTo := func(key string, match, none *string) error {
		_, err := s.CopyObject(s.ctx, &s3.CopyObjectInput{Bucket: s.bucket, Key: &key, CopySource: aws.String(*s.bucket + "/src"), IfMatch: match, IfNoneMatch: none})
		return err
	}
	wantCode(s, copyTo("dst", aws.String(`"0"`), nil), "PreconditionFailed", 412, "another ETag")
	wantCode(s, copyTo("dst", nil, aws.String("*")), "PreconditionFailed", 412, "something there")
	must(s, copyTo("new", nil, aws.String("*")))
	must(s, copyTo("dst", etag, nil))
}

func uploads(s shop) {
	var want []string
	for _, k := range []string{"a", "a", "a", "b/1", "b/2", "c"} {
		up, err := s.CreateMultipartUpload(s.ctx, &s3.CreateMultipartUploadInput{Bucket: s.bucket, Key: &k})
		must(s, err)
		want = append(want, k+" "+*up.UploadId)
	}
	for _, limit := range []int32{1, 2, 4, 1000} {
		var got []string
		for p := s3.NewListMultipartUploadsPaginator(s, &s3.ListMultipartUploadsInput{Bucket: s.bucket, MaxUploads: &limit}); p.HasMorePages(); {
			page, err := p.NextPage(s.ctx)
			must(s, err)
			for _, u := range page.Uploads {
				got = append(got, *u.Key+" "+*u.UploadId)
			}
		}
		if !slices.Equal(got, want) {
			s.Errorf("in pages of %d: %q, want %q", limit, got, want)
		}
	}
	out, err := s.ListMultipartUploads(s.ctx, &s3.ListMultipartUploadsInput{Bucket: s.bucket, Delimiter: aws.String("/"), KeyMarker: aws.String("a")})
	must(s, err)
	if len(out.CommonPrefixes) != 1 || *out.CommonPrefixes[0].Prefix != "b/" || len(out.Uploads) != 1 || *out.Uploads[0].Key != "c" {
		s.Errorf("by delimiter: %v %v", out.CommonPrefixes, out.Uploads)
	}
	key, id, _ := strings.Cut(want[0], " ")
	for n := range int32(5) {
		_, err := s.UploadPart(s.ctx, &s3.UploadPartInput{Bucket: s.bucket, Key: &key, UploadId: &id, PartNumber: aws.Int32(n*2 + 1), Body: strings.NewReader("part")})
		must(s, err)
	}
	var parts []int32
	for p := s3.NewListPartsPaginator(s, &s3.ListPartsInput{Bucket: s.bucket, Key: &key, UploadId: &id, MaxParts: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(s.ctx)
		must(s, err)
		for _, x := range page.Parts {
			parts = append(parts, *x.PartNumber)
		}
	}
	if !slices.Equal(parts, []int32{1, 3, 5, 7, 9}) {
		s.Errorf("parts %v", parts)
	}
	for _, n := range []int32{0, 10_001} {
		_, err := s.UploadPart(s.ctx, &s3.UploadPartInput{Bucket: s.bucket, Key: &key, UploadId: &id, PartNumber: &n, Body: strings.NewReader("part")})
		wantCode(s, err, "InvalidArgument", 400, fmt.Sprint("part ", n))
	}
	_, err = s.AbortMultipartUpload(s.ctx, &s3.AbortMultipartUploadInput{Bucket: s.bucket, Key: &key, UploadId: &id})
	must(s, err)
	_, err = s.ListParts(s.ctx, &s3.ListPartsInput{Bucket: s.bucket, Key: &key, UploadId: &id})
	wantCode(s, err, "NoSuchUpload", 404, "an aborted upload")
}

func legalHold(s shop) {
	key := "k"
	id := s.put(key, "x").VersionId
	hold := func(status types.ObjectLockLegalHoldStatus) {
		s.Helper()
		_, err := s.PutObjectLegalHold(s.ctx, &s3.PutObjectLegalHoldInput{Bucket: s.bucket, Key: &key, VersionId: id, LegalHold: &types.ObjectLockLegalHold{Status: status}})
		must(s, err)
	}
	// A retention that passes does not take the hold with it.
	until := time.Now().Add(2 * time.Second)
	_, err := s.PutObjectRetention(s.ctx, &s3.PutObjectRetentionInput{Bucket: s.bucket, Key: &key, VersionId: id, Retention: &types.ObjectLockRetention{Mode: "GOVERNANCE", RetainUntilDate: &until}})
	must(s, err)
	hold(types.ObjectLockLegalHoldStatusOn)
	must(s, s.delete(key, nil)) // a marker above it
	wantCode(s, s.delete(key, id), "AccessDenied", 403, "under hold and retention")
	time.Sleep(time.Until(until) + 50*time.Millisecond)
	wantCode(s, s.delete(key, id), "AccessDenied", 403, "under hold, the retention passed")
	out, err := s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, BypassGovernanceRetention: aws.Bool(true), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &key, VersionId: id}}}})
	must(s, err)
	if len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		s.Errorf("of many: %v %v", out.Deleted, out.Errors)
	}
	got, err := s.GetObjectLegalHold(s.ctx, &s3.GetObjectLegalHoldInput{Bucket: s.bucket, Key: &key, VersionId: id})
	must(s, err)
	if got.LegalHold.Status != types.ObjectLockLegalHoldStatusOn {
		s.Error("the hold is", got.LegalHold.Status)
	}
	hold(types.ObjectLockLegalHoldStatusOff)
	must(s, s.delete(key, id))
}

func retained(s shop, key string, mode types.ObjectLockMode, until time.Time) *string {
	s.Helper()
	out, err := s.PutObject(s.ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: &key, Body: strings.NewReader("x"), ObjectLockMode: mode, ObjectLockRetainUntilDate: &until})
	must(s, err)
	return out.VersionId
}

func governance(s shop) {
	id := retained(s, "k", types.ObjectLockModeGovernance, time.Now().Add(time.Hour))
	wantCode(s, s.delete("k", id), "AccessDenied", 403, "under governance")
	// Only who may bypass it can.
	in := &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String("k"), VersionId: id, BypassGovernanceRetention: aws.Bool(true)}
	_, err := s.l.client(userKey, userSecret).DeleteObject(s.ctx, in)
	wantCode(s, err, "AccessDenied", 403, "a user")
	_, err = s.DeleteObject(s.ctx, in)
	must(s, err)
	id = retained(s, "k", types.ObjectLockModeGovernance, time.Now().Add(time.Hour))
	out, err := s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k"), VersionId: id}}}})
	must(s, err)
	if len(out.Errors) != 1 {
		s.Errorf("without bypass: deleted %v", out.Deleted)
	}
	out, err = s.DeleteObjects(s.ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, BypassGovernanceRetention: aws.Bool(true), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k"), VersionId: id}}}})
	must(s, err)
	if len(out.Deleted) != 1 {
		s.Errorf("with bypass: %v", out.Errors)
	}
}

func compliance(s shop) {
	until := time.Now().Add(2 * time.Second)
	id := retained(s, "k", types.ObjectLockModeCompliance, until)
	in := &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String("k"), VersionId: id, BypassGovernanceRetention: aws.Bool(true)}
	_, err := s.DeleteObject(s.ctx, in)
	wantCode(s, err, "AccessDenied", 403, "under compliance, with bypass")
	sooner := time.Now().Add(time.Second)
	_, err = s.PutObjectRetention(s.ctx, &s3.PutObjectRetentionInput{Bucket: s.bucket, Key: aws.String("k"), VersionId: id, BypassGovernanceRetention: aws.Bool(true),
		Retention: &types.ObjectLockRetention{Mode: "COMPLIANCE", RetainUntilDate: &sooner}})
	wantCode(s, err, "AccessDenied", 403, "shorter")
	time.Sleep(time.Until(until) + 50*time.Millisecond)
	_, err = s.DeleteObject(s.ctx, in)
	must(s, err)
}

// A default retention is each version's own from when it is made.
func defaultRetention(s shop) {
	older := s.put("k", "before")
	_, err := s.PutObjectLockConfiguration(s.ctx, &s3.PutObjectLockConfigurationInput{Bucket: s.bucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled, Rule: &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: "GOVERNANCE", Days: aws.Int32(3)}}}})
	must(s, err)
	id := s.put("k", "after").VersionId
	head, err := s.HeadObject(s.ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String("k")})
	must(s, err)
	if left := time.Until(aws.ToTime(head.ObjectLockRetainUntilDate)); head.ObjectLockMode != "GOVERNANCE" || left < 71*time.Hour || left > 73*time.Hour {
		s.Errorf("%s until %v", head.ObjectLockMode, head.ObjectLockRetainUntilDate)
	}
	wantCode(s, s.delete("k", id), "AccessDenied", 403, "made after")
	must(s, s.delete("k", older.VersionId))
}

func races(s shop) {
	for what, condition := range map[string]func(in *s3.PutObjectInput){
		"If-None-Match": func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") },
		"If-Match":      nil,
	} {
		key := what
		if condition == nil {
			etag := s.put(key, "first").ETag
			condition = func(in *s3.PutObjectInput) { in.IfMatch = etag }
		}
		const writers = 64
		var wg sync.WaitGroup
		won := make(chan int, writers)
		for i := range writers {
			wg.Go(func() {
				in := &s3.PutObjectInput{Bucket: s.bucket, Key: &key, Body: strings.NewReader(fmt.Sprint(i))}
				condition(in)
				_, err := s.PutObject(s.ctx, in)
				var api smithy.APIError
				switch {
				case err == nil:
					won <- i
				case !errors.As(err, &api) || api.ErrorCode() != "PreconditionFailed":
					s.Errorf("%s: %v", what, err)
				}
			})
		}
		wg.Wait()
		close(won)
		var winners []int
		for i := range won {
			winners = append(winners, i)
		}
		if len(winners) != 1 || s.get(key, nil) != fmt.Sprint(winners[0]) {
			s.Errorf("%s: winners %v, the object is %s", what, winners, s.get(key, nil))
		}
	}
}
