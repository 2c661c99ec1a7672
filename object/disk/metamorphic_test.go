package disk

import (
	"bufio"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// The metamorphic test does random operations on a store and on a model of S3,
// with restarts, crashes and kills between, and holds one against the other:
// every answer, and again and again everything that is there.

// An op is one operation of S3, as it can be sent to another process.
type op struct {
	Kind    string
	Key     string            `json:",omitempty"`
	Body    string            `json:",omitempty"`
	ID      string            `json:",omitempty"` // of a version
	From    string            `json:",omitempty"`
	IfMatch *string           `json:",omitempty"`
	IfNone  *string           `json:",omitempty"`
	Tags    map[string]string `json:",omitempty"`
	Status  string            `json:",omitempty"`
	Upload  string            `json:",omitempty"`
	ETag    string            `json:",omitempty"`
}

// An answer is what S3 says to it.
type answer struct {
	Err    string `json:",omitempty"` // S3's code
	ID     string `json:",omitempty"`
	Marker bool   `json:",omitempty"`
	ETag   string `json:",omitempty"`
	Upload string `json:",omitempty"`
}

func (o op) do(g *gateway) (a answer) {
	bucket, key := testBucket, o.Key
	var err error
	switch o.Kind {
	case "put":
		var out s3response.PutObjectOutput
		out, err = g.PutObject(ctx, s3response.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(o.Body), IfMatch: o.IfMatch, IfNoneMatch: o.IfNone})
		a.ID, a.ETag = out.VersionID, out.ETag
	case "delete":
		in := &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}
		if o.ID != "" {
			in.VersionId = &o.ID
		}
		var out *s3.DeleteObjectOutput
		if out, err = g.DeleteObject(ctx, in); err == nil {
			a.ID, a.Marker = str(out.VersionId), out.DeleteMarker != nil && *out.DeleteMarker
		}
	case "copy":
		from, owner := bucket+"/"+o.From, "x"
		if o.ID != "" {
			from += "?versionId=" + o.ID
		}
		var out s3response.CopyObjectOutput
		out, err = g.CopyObject(ctx, s3response.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: &from, ExpectedBucketOwner: &owner, MetadataDirective: types.MetadataDirectiveReplace})
		a.ID = str(out.VersionId)
	case "versioning":
		err = g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatus(o.Status))
	case "tag":
		err = g.PutObjectTagging(ctx, bucket, key, o.ID, o.Tags)
	case "upload":
		var out s3response.InitiateMultipartUploadResult
		out, err = g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		a.Upload = out.UploadId
	case "part":
		var out *s3.UploadPartOutput
		if out, err = g.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: &o.Upload, PartNumber: ptr(int32(1)), Body: strings.NewReader(o.Body)}); err == nil {
			a.ETag = *out.ETag
		}
	case "complete":
		_, a.ID, err = g.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &o.Upload, IfNoneMatch: o.IfNone,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: ptr(int32(1)), ETag: &o.ETag}}}})
	case "abort":
		err = g.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &o.Upload})
	case "join": // what a query does
		path := fmt.Sprintf("%s/link-%d", g.dir, rand.Uint64())
		if v, ferr := g.live(bucket, key); ferr == nil {
			err = g.Link(ctx, bucket, key, v.ETag, path)
			os.Remove(path)
		}
	default:
		panic(o.Kind)
	}
	if e, ok := err.(s3err.S3Error); ok {
		return answer{Err: e.BaseError().Code}
	} else if err != nil {
		return answer{Err: err.Error()}
	}
	return a
}

// s3model is a bucket as S3 describes it.
type s3model struct {
	Versioning string
	Keys       map[string][]s3version // newest first
	Uploads    map[string]s3upload
}

type s3version struct {
	ID     string // "null", or as the store gave it
	Marker bool
	Body   string
	ETag   string
	Tags   map[string]string
}

type s3upload struct{ Key, Body, ETag string }

func (m *s3model) clone() *s3model {
	c := &s3model{m.Versioning, maps.Clone(m.Keys), maps.Clone(m.Uploads)}
	for k, v := range c.Keys {
		c.Keys[k] = slices.Clone(v)
	}
	return c
}

func (m *s3model) live(key string) *s3version {
	if v := m.Keys[key]; len(v) > 0 && !v[0].Marker {
		return &v[0]
	}
	return nil
}

func (m *s3model) named(key, id string) *s3version {
	if id == "" {
		if v := m.Keys[key]; len(v) > 0 {
			return &v[0]
		}
		return nil
	}
	for i, v := range m.Keys[key] {
		if v.ID == id {
			return &m.Keys[key][i]
		}
	}
	return nil
}

func (m *s3model) without(key, id string) {
	m.Keys[key] = slices.DeleteFunc(m.Keys[key], func(v s3version) bool { return v.ID == id })
	if len(m.Keys[key]) == 0 {
		delete(m.Keys, key)
	}
}

// above puts a version above the others, with the id that the store gave it.
func (m *s3model) above(key, id string, v s3version) {
	if m.Versioning != "Enabled" {
		id = "null"
		m.without(key, id)
	}
	v.ID = id
	m.Keys[key] = append([]s3version{v}, m.Keys[key]...)
}

// apply does to the model what S3 does, given the ids that the store gave, and
// answers the error that S3 answers.
func (m *s3model) apply(o op, a answer) (code string) {
	now := m.live(o.Key)
	switch {
	case o.IfMatch != nil && now == nil:
		return "NoSuchKey"
	case o.IfMatch != nil && *o.IfMatch != strings.Trim(now.ETag, `"`):
		return "PreconditionFailed"
	case o.IfNone != nil && now != nil && o.Kind != "complete":
		return "PreconditionFailed"
	}
	switch o.Kind {
	case "put":
		m.above(o.Key, a.ID, s3version{Body: o.Body, ETag: a.ETag})
	case "delete":
		v := m.named(o.Key, o.ID)
		switch {
		case v == nil && o.ID != "" && len(m.Keys[o.Key]) > 0:
			return "InvalidArgument"
		case v == nil:
		case o.ID != "":
			m.without(o.Key, o.ID)
		case m.Versioning == "":
			m.without(o.Key, "null")
		default:
			m.above(o.Key, a.ID, s3version{Marker: true})
		}
	case "copy":
		if o.ID != "" && m.Versioning == "" {
			return "InvalidArgument"
		}
		v := m.named(o.From, o.ID)
		switch {
		case v == nil && m.Versioning == "Enabled":
			return "NoSuchVersion"
		case v == nil || v.Marker:
			return "NoSuchKey"
		}
		m.above(o.Key, a.ID, s3version{Body: v.Body, ETag: v.ETag, Tags: v.Tags})
	case "versioning":
		m.Versioning = o.Status
	case "tag":
		v := m.named(o.Key, o.ID)
		switch {
		case v == nil && len(m.Keys[o.Key]) > 0:
			return "NoSuchVersion"
		case v == nil:
			return "NoSuchKey"
		case v.Marker:
			return "MethodNotAllowed"
		}
		v.Tags = o.Tags
	case "upload":
		m.Uploads[a.Upload] = s3upload{Key: o.Key}
	case "part":
		if u, ok := m.Uploads[o.Upload]; !ok || u.Key != o.Key {
			return "NoSuchUpload"
		}
		m.Uploads[o.Upload] = s3upload{o.Key, o.Body, fmt.Sprintf(`"%x"`, md5.Sum([]byte(o.Body)))}
	case "complete":
		u, ok := m.Uploads[o.Upload]
		switch {
		case !ok:
			return "NoSuchUpload"
		case o.IfNone != nil && now != nil:
			return "PreconditionFailed"
		case u.ETag == "" || u.ETag != o.ETag:
			return "InvalidPart"
		}
		m.above(o.Key, a.ID, s3version{Body: u.Body, ETag: "multipart"})
		delete(m.Uploads, o.Upload)
	case "abort":
		if _, ok := m.Uploads[o.Upload]; !ok {
			return "NoSuchUpload"
		}
		delete(m.Uploads, o.Upload)
	}
	return ""
}

// dump is everything, as text. Ids that known does not have are shown as "?".
func (m *s3model) dump(known map[string]bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "versioning %q\n", m.Versioning)
	for _, key := range slices.Sorted(maps.Keys(m.Keys)) {
		for i, v := range m.Keys[key] {
			dumpVersion(&b, known, key, v.ID, i == 0, v.Marker, v.Body, v.Tags)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.Uploads)) {
		dumpUpload(&b, known, m.Uploads[id].Key, id, m.Uploads[id].ETag)
	}
	return b.String()
}

func dumpVersion(b *strings.Builder, known map[string]bool, key, id string, latest, marker bool, body string, tags map[string]string) {
	if !known[id] {
		id = "?"
	}
	if marker {
		body = "(marker)"
	}
	t, _ := json.Marshal(tags)
	if len(tags) == 0 {
		t = nil
	}
	fmt.Fprintf(b, "%q %s latest=%v %.40q/%d tags=%s\n", key, id, latest, body, len(body), t)
}

func dumpUpload(b *strings.Builder, known map[string]bool, key, id, part string) {
	if !known[id] {
		id = "?"
	}
	fmt.Fprintf(b, "upload %q %s part=%s\n", key, id, part)
}

// dumpStore is the dump of what the store says, through listings and reads.
func dumpStore(t *testing.T, g *gateway, known map[string]bool, pages int32) string {
	t.Helper()
	bucket := testBucket
	var b strings.Builder
	status, err := g.GetBucketVersioning(ctx, bucket)
	must(t, err)
	if status.Status == nil {
		status.Status = ptr(types.BucketVersioningStatus(""))
	}
	fmt.Fprintf(&b, "versioning %q\n", *status.Status)
	current := map[string]string{} // key -> ETag of what is not hidden
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: &pages}
	for {
		l, err := g.ListObjectVersions(ctx, in)
		must(t, err)
		for len(l.Versions)+len(l.DeleteMarkers) > 0 { // in one order, as they lie
			var key, id string
			var latest bool
			v, m := len(l.Versions) > 0, len(l.DeleteMarkers) > 0
			if v && m {
				a, c := l.Versions[0], l.DeleteMarkers[0]
				v = *a.Key < *c.Key || *a.Key == *c.Key && newer(t, g, *a.Key, *a.VersionId, *c.VersionId)
			}
			if !v {
				x := l.DeleteMarkers[0]
				l.DeleteMarkers = l.DeleteMarkers[1:]
				dumpVersion(&b, known, *x.Key, *x.VersionId, *x.IsLatest, true, "", nil)
				continue
			}
			x := l.Versions[0]
			l.Versions = l.Versions[1:]
			key, id, latest = *x.Key, *x.VersionId, *x.IsLatest
			out, err := g.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: &id})
			must(t, err)
			body, err := io.ReadAll(out.Body)
			must(t, err)
			must(t, out.Body.Close())
			tags, err := g.GetObjectTagging(ctx, bucket, key, id)
			must(t, err)
			dumpVersion(&b, known, key, id, latest, false, string(body), tags)
			if latest {
				current[key] = *x.ETag
			}
		}
		if !*l.IsTruncated {
			break
		}
		in.KeyMarker, in.VersionIdMarker = l.NextKeyMarker, l.NextVersionIdMarker
	}
	ups, err := g.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, MaxUploads: ptr(int32(1000))})
	must(t, err)
	ids := map[string]string{}
	for _, u := range ups.Uploads {
		ids[u.UploadID] = u.Key
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		sum := ""
		must(t, g.parts(id, func(p *part) error { sum = p.ETag; return nil }))
		dumpUpload(&b, known, ids[id], id, sum)
	}
	listed := map[string]string{}
	var token *string
	for {
		l, err := g.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: &pages, ContinuationToken: token})
		must(t, err)
		for _, o := range l.Contents {
			listed[*o.Key] = *o.ETag
		}
		if token = l.NextContinuationToken; token == nil {
			break
		}
	}
	if !maps.Equal(listed, current) {
		t.Errorf("objects listed %v, of versions %v are current", listed, current)
	}
	return b.String()
}

// newer says which of two versions was written later.
func newer(t *testing.T, g *gateway, key, a, b string) bool {
	x, err := g.find(testBucket, key, a)
	must(t, err)
	y, err := g.find(testBucket, key, b)
	must(t, err)
	return x.id.Compare(y.id) > 0
}

// invent makes an operation that often does something.
func (m *s3model) invent(r *rand.Rand) op {
	keys := []string{"a", "a/", "a/b", "a//b", "ü", "z"}
	key := keys[r.IntN(len(keys))]
	body := strings.Repeat(fmt.Sprint(r.Uint32(), " "), r.IntN(50))
	anID := func(key string) string {
		if v := m.Keys[key]; len(v) > 0 && r.IntN(10) > 0 {
			return v[r.IntN(len(v))].ID
		}
		return []string{"null", "01K00000000000000000000000"}[r.IntN(2)]
	}
	anUpload := func() (string, s3upload) {
		if ids := slices.Sorted(maps.Keys(m.Uploads)); len(ids) > 0 {
			id := ids[r.IntN(len(ids))]
			return id, m.Uploads[id]
		}
		return "01900000-0000-7000-8000-000000000000", s3upload{Key: key, ETag: `"d41d8cd98f00b204e9800998ecf8427e"`}
	}
	switch n := r.IntN(100); {
	case n < 28:
		return op{Kind: "put", Key: key, Body: body}
	case n < 34:
		o := op{Kind: "put", Key: key, Body: body}
		if v := m.live(key); v != nil && v.ETag != "multipart" && r.IntN(2) == 0 {
			o.IfMatch = ptr(strings.Trim(v.ETag, `"`))
		} else if r.IntN(2) == 0 {
			o.IfNone = ptr("*")
		} else {
			o.IfMatch = ptr("0123")
		}
		return o
	case n < 42:
		return op{Kind: "delete", Key: key}
	case n < 58:
		return op{Kind: "delete", Key: key, ID: anID(key)}
	case n < 66:
		o := op{Kind: "copy", Key: key, From: keys[r.IntN(len(keys))]}
		if m.Versioning != "" && r.IntN(2) == 0 && len(m.Keys[o.From]) > 0 {
			o.ID = m.Keys[o.From][r.IntN(len(m.Keys[o.From]))].ID
		}
		return o
	case n < 72:
		o := op{Kind: "tag", Key: key, ID: anID(key)}
		if r.IntN(4) > 0 {
			o.Tags = map[string]string{"t": fmt.Sprint(r.IntN(100))}
		}
		return o
	case n < 76:
		return op{Kind: "versioning", Status: []string{"Enabled", "Enabled", "Suspended"}[r.IntN(3)]}
	case n < 81:
		return op{Kind: "upload", Key: key}
	case n < 88:
		id, u := anUpload()
		return op{Kind: "part", Key: u.Key, Upload: id, Body: body}
	case n < 93:
		id, u := anUpload()
		o := op{Kind: "complete", Key: u.Key, Upload: id, ETag: u.ETag}
		if o.ETag == "" {
			o.ETag = `"d41d8cd98f00b204e9800998ecf8427e"`
		}
		if r.IntN(4) == 0 {
			o.IfNone = ptr("*")
		}
		return o
	case n < 95:
		id, u := anUpload()
		return op{Kind: "abort", Key: u.Key, Upload: id}
	}
	return op{Kind: "join", Key: key}
}

const metaDir = "LETHE_DISK_META_DIR"

// TestMetamorphicChild does what it reads, and answers.
func TestMetamorphicChild(t *testing.T) {
	dir := os.Getenv(metaDir)
	if dir == "" {
		return // this is TestMetamorphic's child, not a test
	}
	s, err := Open(dir, Options{})
	must(t, err)
	in := json.NewDecoder(os.Stdin)
	for {
		var o op
		if in.Decode(&o) != nil {
			os.Exit(1) // the parent is gone
		}
		if _, err := os.Stdout.Write(append(encode(o.do(s.Gateway().(*gateway))), '\n')); err != nil {
			os.Exit(1)
		}
	}
}

// trial is a run of the metamorphic test.
type trial struct {
	t     *testing.T
	r     *rand.Rand
	dir   string
	m     *s3model
	known map[string]bool // ids
	done  []op            // of late, to tell when it fails
}

func TestMetamorphic(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	x := &trial{t: t, r: rand.New(rand.NewPCG(seed, 0)), dir: t.TempDir(), known: map[string]bool{"null": true},
		m: &s3model{Keys: map[string][]s3version{}, Uploads: map[string]s3upload{}}}
	s, err := Open(x.dir, Options{NoSync: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	must(t, s.Close())
	ops, kills := 0, 0
	for end := time.Now().Add(metamorphicTime); (time.Now().Before(end) || kills < 3) && !t.Failed(); {
		ops += x.inProcess(50 + x.r.IntN(150))
		if !t.Failed() {
			ops += x.killed(x.r.IntN(40))
			kills++
		}
	}
	t.Logf("%d operations, %d kills", ops, kills)
}

// learn takes an answer into the model, and tells if it is not S3's.
func (x *trial) learn(o op, a answer) {
	x.done = append(x.done, o)
	if code := x.m.apply(o, a); code != a.Err {
		x.t.Errorf("%+v: answered %q, S3 answers %q", o, a.Err, code)
		x.tell()
	}
	x.know(a)
}

func (x *trial) know(a answer) {
	for _, id := range []string{a.ID, a.Upload} {
		if id != "" {
			x.known[id] = true
		}
	}
}

func (x *trial) tell() {
	for _, o := range x.done[max(0, len(x.done)-20):] {
		x.t.Logf("%s", encode(o))
	}
}

func (x *trial) same(s *Store) {
	x.t.Helper()
	got := dumpStore(x.t, s.Gateway().(*gateway), x.known, int32(1+x.r.IntN(30)))
	if want := x.m.dump(x.known); got != want {
		x.t.Errorf("there is\n%s\nS3 has\n%s", got, want)
		x.tell()
	}
}

// inProcess does operations on a store in this process, and ends it well or badly.
func (x *trial) inProcess(n int) int {
	s, err := Open(x.dir, Options{NoSync: true})
	must(x.t, err)
	for i := range n {
		o := x.m.invent(x.r)
		x.learn(o, o.do(s.Gateway().(*gateway)))
		if i%20 == 0 || i == n-1 {
			x.same(s)
		}
		if x.t.Failed() {
			break
		}
	}
	if x.r.IntN(4) == 0 {
		must(x.t, s.Purge(ctx))
		x.same(s)
	}
	check(x.t, s)
	if x.r.IntN(2) == 0 {
		must(x.t, s.Close())
	} else {
		crash(x.t, s)
	}
	return n
}

// killed does operations in another process and kills it in the middle of one.
func (x *trial) killed(n int) int {
	t := x.t
	cmd := exec.Command(os.Args[0], "-test.run=^TestMetamorphicChild$")
	cmd.Env = append(os.Environ(), metaDir+"="+x.dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewReader(out)
	var last *op // sent, and not answered
	for i := 0; i <= n && last == nil; i++ {
		o := x.m.invent(x.r)
		_, err := in.Write(append(encode(o), '\n'))
		must(t, err)
		if i == n {
			time.Sleep(time.Duration(x.r.IntN(4000)) * time.Microsecond)
			must(t, cmd.Process.Signal(syscall.SIGKILL))
		}
		var a answer
		if b, err := lines.ReadBytes('\n'); err != nil || json.Unmarshal(b, &a) != nil {
			last = &o
			break
		}
		x.learn(o, a)
	}
	_ = cmd.Wait()
	s, err := Open(x.dir, Options{NoSync: true})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	check(t, s)
	if last == nil {
		x.same(s)
		return n
	}
	// It was done, or not.
	after := x.m.clone()
	_ = after.apply(*last, answer{ID: "?", Upload: "?"})
	g := s.Gateway().(*gateway)
	switch got := dumpStore(t, g, x.known, 1000); got {
	case x.m.dump(x.known):
	case after.dump(x.known):
		x.adopt(g, *last)
	default:
		t.Errorf("after a kill in %+v there is\n%s\nnot\n%s\nand not\n%s", *last, got, x.m.dump(x.known), after.dump(x.known))
		x.tell()
	}
	return n
}

// adopt takes into the model what an operation did whose answer was lost.
func (x *trial) adopt(g *gateway, o op) {
	a := answer{}
	if v, err := g.newest(testBucket, o.Key); err == nil && v != nil {
		a.ID, a.ETag = v.versionID(), v.ETag
	}
	if o.Kind == "upload" {
		ups, err := g.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: ptr(testBucket), MaxUploads: ptr(int32(1000))})
		must(x.t, err)
		for _, u := range ups.Uploads {
			if !x.known[u.UploadID] {
				a.Upload = u.UploadID
			}
		}
	}
	if o.Kind == "delete" && o.ID != "" {
		a.ID = ""
	}
	x.m.apply(o, a)
	x.know(a)
	x.done = append(x.done, o)
}
