package s3_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func read(t testing.TB, c *s3.Client, in *s3.GetObjectInput) ([]byte, *s3.GetObjectOutput) {
	t.Helper()
	in.Bucket = aws.String(bucket)
	out, err := c.GetObject(context.Background(), in)
	must(t, err)
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	must(t, err)
	return b, out
}

func TestObjectRoundTrip(t *testing.T) {
	l, c, ctx := withBucket(t)
	body := bytes.Repeat([]byte("lethe "), 100_000)
	in := &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("a/b c"), Body: bytes.NewReader(body),
		ContentType: aws.String("text/plain"), CacheControl: aws.String("max-age=1"), ContentDisposition: aws.String("inline"),
		Metadata: map[string]string{"owner": "x y", "n": "1"}, Tagging: aws.String("k=v&team=a+b"),
	}
	out, err := c.PutObject(ctx, in)
	must(t, err)
	etag := fmt.Sprintf(`"%x"`, md5.Sum(body))
	if *out.ETag != etag || out.ChecksumCRC32 == nil {
		t.Errorf("put answered %s, CRC32 %v", *out.ETag, out.ChecksumCRC32)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
	must(t, err)
	if *head.ContentLength != int64(len(body)) || *head.ContentType != "text/plain" || *head.CacheControl != "max-age=1" ||
		*head.ContentDisposition != "inline" || !maps.Equal(head.Metadata, in.Metadata) || *head.ETag != etag {
		t.Errorf("head: %+v", head)
	}
	if got, o := read(t, c, &s3.GetObjectInput{Key: in.Key}); !bytes.Equal(got, body) || *o.TagCount != 2 {
		t.Error("get: other bytes or tags")
	}
	tags, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: in.Bucket, Key: in.Key})
	must(t, err)
	if len(tags.TagSet) != 2 {
		t.Errorf("tags: %v", tags.TagSet)
	}
	_, err = c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: in.Bucket, Key: in.Key,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("only"), Value: aws.String("one")}}}})
	must(t, err)
	tags, err = c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: in.Bucket, Key: in.Key})
	must(t, err)
	if len(tags.TagSet) != 1 || *tags.TagSet[0].Key != "only" {
		t.Errorf("tags after replacing: %v", tags.TagSet)
	}
	// lethe's own parts see the same object.
	o, err := l.store.Head(ctx, bucket, "a/b c")
	must(t, err)
	if o.ETag != etag || o.ContentType != "text/plain" || o.Metadata["owner"] != "x y" {
		t.Errorf("the store says %+v", o)
	}
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: in.Bucket, Key: in.Key})
	must(t, err)
	_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
	wantCode(t, err, "NotFound", 404, "head after delete")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
	wantCode(t, err, "NoSuchKey", 404, "get after delete")
}

func TestRanges(t *testing.T) {
	_, c, ctx := withBucket(t)
	put(t, c, "k", "0123456789")
	for rng, want := range map[string]string{"bytes=5-9": "56789", "bytes=0-0": "0", "bytes=-7": "3456789", "bytes=8-": "89", "bytes=3-99": "3456789"} {
		got, out := read(t, c, &s3.GetObjectInput{Key: aws.String("k"), Range: &rng})
		if string(got) != want || out.ContentRange == nil {
			t.Errorf("%s: %q %v", rng, got, out.ContentRange)
		}
	}
	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), Range: aws.String("bytes=10-")})
	wantCode(t, err, "InvalidRange", 416, "range behind the end")
}

// Keys arrive as they are, through a proxy that might clean paths.
func TestOddKeys(t *testing.T) {
	l, c, ctx := withBucket(t)
	keys := []string{"x//y", "./x", "p/../q", "dir/", "n", "n/child", "a b+c%20d", "a=b/c&d;e,f@g:h'i(j)!k*", "_#?[]{}^`|~\"<>\\",
		"new\nline", "größe/日本/👻", "/lead", "trail//", strings.Repeat("k", 1024)}
	for _, k := range keys {
		put(t, c, k, "of "+k)
	}
	for _, k := range keys {
		if got, _ := read(t, c, &s3.GetObjectInput{Key: &k}); string(got) != "of "+k {
			t.Errorf("%q holds %q", k, got)
		}
		if _, err := l.store.Head(ctx, bucket, k); err != nil {
			t.Errorf("the store does not know %q: %v", k, err)
		}
	}
	out, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	must(t, err)
	var got []string
	for _, o := range out.Contents {
		got = append(got, *o.Key)
	}
	if !slices.Equal(got, sorted(keys)) {
		t.Errorf("listed %q", got)
	}
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(strings.Repeat("k", 1025)), Body: strings.NewReader("x")})
	wantCode(t, err, "KeyTooLongError", 400, "a key of 1025 bytes")
	// As in AWS, a key may not climb higher than it went down.
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("a/../../b"), Body: strings.NewReader("x")})
	wantCode(t, err, "400", 400, "a key that climbs out")
}

func TestListing(t *testing.T) {
	_, c, ctx := withBucket(t)
	for i := range 25 {
		put(t, c, fmt.Sprintf("d%d/%02d", i%3, i), "x")
	}
	var keys, prefixes []string
	pages := 0
	p := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), MaxKeys: aws.Int32(7)})
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		must(t, err)
		pages++
		for _, o := range out.Contents {
			keys = append(keys, *o.Key)
		}
	}
	if len(keys) != 25 || pages != 4 || !slices.IsSorted(keys) {
		t.Errorf("%d keys on %d pages: %q", len(keys), pages, keys)
	}
	out, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Delimiter: aws.String("/"), StartAfter: aws.String("d0/99")})
	must(t, err)
	for _, p := range out.CommonPrefixes {
		prefixes = append(prefixes, *p.Prefix)
	}
	if !slices.Equal(prefixes, []string{"d1/", "d2/"}) {
		t.Errorf("prefixes %q", prefixes)
	}
	b, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
	must(t, err)
	if len(b.Buckets) != 1 || *b.Buckets[0].Name != bucket {
		t.Errorf("buckets: %v", b.Buckets)
	}
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(bucket)})
	wantCode(t, err, "BucketNotEmpty", 409, "delete a full bucket")
	var ids []types.ObjectIdentifier
	for _, k := range keys {
		ids = append(ids, types.ObjectIdentifier{Key: &k})
	}
	del, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: ids}})
	must(t, err)
	if len(del.Deleted) != 25 || len(del.Errors) != 0 {
		t.Errorf("deleted %d, errors %v", len(del.Deleted), del.Errors)
	}
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(bucket)})
	must(t, err)
}

func TestConditions(t *testing.T) {
	_, c, ctx := withBucket(t)
	try := func(body string, in s3.PutObjectInput) error {
		in.Bucket, in.Key, in.Body = aws.String(bucket), aws.String("k"), strings.NewReader(body)
		_, err := c.PutObject(ctx, &in)
		return err
	}
	wantCode(t, try("x", s3.PutObjectInput{IfMatch: aws.String(`"none"`)}), "NoSuchKey", 404, "If-Match on nothing")
	must(t, try("one", s3.PutObjectInput{IfNoneMatch: aws.String("*")}))
	wantCode(t, try("two", s3.PutObjectInput{IfNoneMatch: aws.String("*")}), "PreconditionFailed", 412, "If-None-Match on something")
	etag := fmt.Sprintf(`"%x"`, md5.Sum([]byte("one")))
	wantCode(t, try("two", s3.PutObjectInput{IfMatch: aws.String(`"other"`)}), "PreconditionFailed", 412, "If-Match of another")
	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), IfNoneMatch: &etag})
	wantCode(t, err, "NotModified", 304, "If-None-Match of the same")
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), IfMatch: aws.String(`"other"`)})
	wantCode(t, err, "PreconditionFailed", 412, "delete of another")
	var mu sync.Mutex
	var wg sync.WaitGroup
	wins := 0
	for i := range 64 {
		wg.Go(func() {
			if err := try(fmt.Sprint(i), s3.PutObjectInput{IfMatch: &etag}); err == nil {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if wins != 1 {
		t.Errorf("%d of 64 conditional puts won", wins)
	}
}

func TestChecksums(t *testing.T) {
	_, c, ctx := withBucket(t)
	for _, algo := range types.ChecksumAlgorithm("").Values() {
		if strings.HasPrefix(string(algo), "XXH") || algo == types.ChecksumAlgorithmSha512 || algo == types.ChecksumAlgorithmMd5 {
			continue // the SDK computes only the first five
		}
		key := "sum/" + string(algo)
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("checked"), ChecksumAlgorithm: algo})
		must(t, err)
		got, out := read(t, c, &s3.GetObjectInput{Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if string(got) != "checked" || out.ChecksumType != types.ChecksumTypeFullObject {
			t.Errorf("%s: %q, %s", algo, got, out.ChecksumType)
		}
	}
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("bad"), Body: strings.NewReader("x"), ChecksumCRC32: aws.String("AAAAAA==")})
	wantCode(t, err, "BadDigest", 400, "wrong CRC32")
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("bad"), Body: strings.NewReader("x"), ContentMD5: aws.String("AAAAAAAAAAAAAAAAAAAAAA==")})
	wantCode(t, err, "BadDigest", 400, "wrong MD5")
	_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("bad")})
	wantCode(t, err, "NotFound", 404, "head of what was refused")
}

func TestCopy(t *testing.T) {
	_, c, ctx := withBucket(t)
	put(t, c, "from here", "copied")
	_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("to"), CopySource: aws.String(bucket + "/from%20here")})
	must(t, err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("from here")})
	must(t, err)
	if got, _ := read(t, c, &s3.GetObjectInput{Key: aws.String("to")}); string(got) != "copied" {
		t.Errorf("the copy holds %q", got)
	}
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("to"), CopySource: aws.String(bucket + "/to"),
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"a": "b"}})
	must(t, err)
	_, out := read(t, c, &s3.GetObjectInput{Key: aws.String("to")})
	if out.Metadata["a"] != "b" {
		t.Errorf("metadata %v", out.Metadata)
	}
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("to"), CopySource: aws.String(bucket + "/nothing")})
	wantCode(t, err, "NoSuchKey", 404, "copy of nothing")
}

func TestMultipart(t *testing.T) {
	l, c, ctx := withBucket(t)
	parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), bytes.Repeat([]byte("b"), 5<<20), []byte("end")}
	whole := slices.Concat(parts...)
	key := aws.String("multi/part")
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: key,
		ContentType: aws.String("x/y"), Metadata: map[string]string{"m": "1"}, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	must(t, err)
	var done []types.CompletedPart
	for i, p := range parts {
		out, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(p)})
		must(t, err)
		done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(int32(i + 1)), ChecksumCRC32: out.ChecksumCRC32})
	}
	listed, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId})
	must(t, err)
	ups, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	must(t, err)
	if len(listed.Parts) != 3 || len(ups.Uploads) != 1 {
		t.Errorf("%d parts, %d uploads", len(listed.Parts), len(ups.Uploads))
	}
	if l, err := l.store.List(ctx, bucket, object.ListOptions{}); err != nil || len(l.Objects) != 0 {
		t.Errorf("an unfinished upload is listed: %v %v", l.Objects, err)
	}
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done[:1]}, IfMatch: aws.String(`"x"`)})
	wantCode(t, err, "NoSuchKey", 404, "conditional completion on nothing")
	out, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}, IfNoneMatch: aws.String("*")})
	must(t, err)
	if !strings.HasSuffix(*out.ETag, `-3"`) {
		t.Errorf("ETag %s", *out.ETag)
	}
	got, o := read(t, c, &s3.GetObjectInput{Key: key})
	if !bytes.Equal(got, whole) || *o.ContentType != "x/y" || o.Metadata["m"] != "1" {
		t.Error("the object holds other bytes or headers")
	}
	if got, _ := read(t, c, &s3.GetObjectInput{Key: key, PartNumber: aws.Int32(3)}); string(got) != "end" {
		t.Errorf("part 3 holds %d bytes", len(got))
	}
	if got, _ := read(t, c, &s3.GetObjectInput{Key: key, Range: aws.String("bytes=5242879-5242881")}); string(got) != "abb" {
		t.Errorf("across the seam: %q", got)
	}
	up, err = c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: key})
	must(t, err)
	cp, err := c.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1),
		CopySource: aws.String(bucket + "/multi/part"), CopySourceRange: aws.String("bytes=0-5242880")})
	must(t, err)
	if cp.CopyPartResult.ETag == nil {
		t.Error("a copied part has no ETag")
	}
	_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId})
	must(t, err)
	_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: aws.String(bucket), Key: key, UploadId: up.UploadId})
	wantCode(t, err, "NoSuchUpload", 404, "abort twice")
}

func TestPresigned(t *testing.T) {
	l, c, ctx := withBucket(t)
	p := s3.NewPresignClient(c)
	do := func(method, url, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, string(b)
	}
	key := "pre/signed key+ü"
	up, err := p.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key})
	must(t, err)
	if code, body := do("PUT", up.URL, "uploaded"); code != 200 {
		t.Fatalf("presigned PUT: %d %s", code, body)
	}
	down, err := p.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key, ResponseContentType: aws.String("x/y")})
	must(t, err)
	if code, body := do("GET", down.URL, ""); code != 200 || body != "uploaded" {
		t.Errorf("presigned GET: %d %s", code, body)
	}
	for why, c := range map[string]struct{ method, url, code string }{
		"other key":    {"GET", strings.Replace(down.URL, "pre/", "pro/", 1), "SignatureDoesNotMatch"},
		"other method": {"DELETE", down.URL, "SignatureDoesNotMatch"},
		"other query":  {"GET", strings.Replace(down.URL, "x%2Fy", "x%2Fz", 1), "SignatureDoesNotMatch"},
		"unknown key":  {"GET", strings.Replace(down.URL, adminKey, "AKIANOBODY", 1), "InvalidAccessKeyId"},
		"other region": {"GET", strings.Replace(down.URL, "eu-central-1", "mars-1", 1), "AuthorizationQueryParametersError"},
		"long expired": {"GET", expired(t, l, key), "AccessDenied"},
	} {
		if code, body := do(c.method, c.url, ""); code < 400 || !strings.Contains(body, "<Code>"+c.code+"</Code>") {
			t.Errorf("%s: %d %s, want %s", why, code, body, c.code)
		}
	}
	if o, err := l.store.Head(ctx, bucket, key); err != nil || o.Size != 8 {
		t.Errorf("in the end: %+v %v", o, err)
	}
}

// expired is a presigned URL whose time is over.
func expired(t *testing.T, l *lake, key string) string {
	t.Helper()
	p := s3.NewPresignClient(l.admin(), func(o *s3.PresignOptions) { o.Presigner = pastSigner{} })
	r, err := p.PresignGetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	must(t, err)
	return r.URL
}

func TestVersions(t *testing.T) {
	l, c, ctx := withBucket(t)
	_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	must(t, err)
	first := put(t, c, "k", "one")
	second := put(t, c, "k", "two")
	if got, _ := read(t, c, &s3.GetObjectInput{Key: aws.String("k"), VersionId: first.VersionId}); string(got) != "one" {
		t.Errorf("the first version holds %q", got)
	}
	must(t, l.store.Delete(ctx, bucket, "k", object.Condition{})) // through the other face
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
	wantCode(t, err, "NoSuchKey", 404, "get after the marker")
	vs, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	must(t, err)
	if len(vs.Versions) != 2 || len(vs.DeleteMarkers) != 1 || *vs.Versions[0].VersionId != *second.VersionId {
		t.Fatalf("versions %v, markers %v", vs.Versions, vs.DeleteMarkers)
	}
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), VersionId: vs.DeleteMarkers[0].VersionId})
	must(t, err)
	o, err := l.store.Head(ctx, bucket, "k")
	must(t, err)
	if o.Version != *second.VersionId {
		t.Errorf("the store says version %q, S3 says %q", o.Version, *second.VersionId)
	}
}

// A stream that cannot be rewound is signed in chunks, with a checksum behind.
func TestUnseekable(t *testing.T) {
	l, _, ctx := withBucket(t)
	c := l.client(adminKey, adminSecret, func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
	body := bytes.Repeat([]byte("stream"), 50_000)
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), Body: io.MultiReader(bytes.NewReader(body)), ContentLength: aws.Int64(int64(len(body)))},
		s3.WithAPIOptions(unsignedPayload))
	must(t, err)
	if got, _ := read(t, c, &s3.GetObjectInput{Key: aws.String("k")}); !bytes.Equal(got, body) {
		t.Error("other bytes came back")
	}
}
