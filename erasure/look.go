package erasure

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/object"
)

// look is a mapping that holds for an object version, with what is known of the
// version beside its records: by its key, its partition, its tags and its metadata
// file.
type look struct {
	cover
	partition []string // values of the partition's keys; nil where nobody asks
	claims    []claim
	// listed says that the metadata file lists the records of every identifier that
	// is in columns, of exactly these bytes: they need not be read for the index.
	listed bool
	// doc is the metadata file that the version itself is; raw are its bytes.
	doc *sidecar
	raw []byte
	// unknown says why it is not known whose the version is.
	unknown error
	print   string // what the above depends on
}

// claim says that an object, or a record of it, is a person's.
type claim struct {
	typ, value string // normalised
	row        int64  // Whole, or the record's
	inKey      bool   // its key says so
	from       int    // which of the mapping's identifiers it is
}

// looker looks at object versions. It reads a metadata file once, however many
// objects it is of, so it must not be kept for long.
type looker struct {
	s *Service
	c *scope
	// Memory of this looker only, by bucket and key.
	mu    sync.Mutex
	sides map[string][]*sidecarVersion
}

func (s *Service) looker(c *scope) *looker {
	return &looker{s: s, c: c, sides: map[string][]*sidecarVersion{}}
}

// sidecarVersion is a version of a metadata file.
type sidecarVersion struct {
	object.Object
	read sync.Once
	raw  []byte
	doc  sidecar
	err  error
}

// at looks at a version; newer is when the version after it was written, zero for
// the newest. Errors of kind NotFound and Conflict say that the version is gone.
func (l *looker) at(ctx context.Context, v object.Version, newer time.Time) (looks []look, err error) {
	var tags map[string]string
	asked := false
	for _, c := range l.c.covers(v.Bucket, v.Key) {
		k := look{cover: c}
		if folder, ok := c.sidecarFolder(v.Key); ok {
			if v.Marker {
				continue
			}
			if err := l.lookAtSidecar(ctx, &k, v.Object, folder); err != nil {
				return nil, err
			}
			looks = append(looks, k)
			continue
		}
		k.lookAtKey(v.Key)
		if v.Marker {
			if len(k.claims) > 0 { // a name that is a person's, and nothing more
				k.unknown = nil
				looks = append(looks, k)
			}
			continue
		}
		if c.tagged() && !asked {
			d, err := l.s.Store.Describe(ctx, v.Bucket, v.Key, v.Version)
			if err != nil {
				return nil, err
			}
			if d.ETag != v.ETag {
				return nil, lethe.Errorf(lethe.Conflict, "s3://%s/%s was replaced while its tags were read", v.Bucket, v.Key)
			}
			tags, asked = d.Tags, true
		}
		k.lookAtTags(tags)
		if err := l.lookBeside(ctx, &k, v, newer); err != nil {
			return nil, err
		}
		looks = append(looks, k)
	}
	return looks, nil
}

// tagged says whether a cover has identifiers in tags.
func (c cover) tagged() bool {
	return slices.ContainsFunc(c.Identifiers, func(id Identifier) bool { return len(id.Tags) > 0 })
}

// sidecarFolder reports whether a key is of a metadata file of the cover, and the
// folder of what it describes.
func (c cover) sidecarFolder(key string) (folder string, ok bool) {
	for i, id := range c.Identifiers {
		if id.Sidecar == "" {
			continue
		}
		if folder, _, ok := c.sides[i].is(key, c.root); ok {
			return folder, true
		}
	}
	return "", false
}

func (k *look) claim(i int, values []string, row int64, inKey bool) {
	if v, ok := k.types[i].Normal(values); ok {
		c := claim{k.Identifiers[i].Type, v, row, inKey, i}
		if !slices.Contains(k.claims, c) {
			k.claims = append(k.claims, c)
		}
	}
}

func (k *look) dependOn(format string, args ...any) { k.print += fmt.Sprintf(format+"\n", args...) }

// lookAtKey finds the identifiers in a key, and in the partition that it is in.
func (k *look) lookAtKey(key string) {
	for i, id := range k.Identifiers {
		if p := k.keys[i]; p != nil {
			k.dependOn("root %d", k.root)
			for _, values := range p.values(key, k.root) {
				k.claim(i, values, Whole, true)
			}
		}
		if !slices.ContainsFunc(id.Columns, func(c string) bool { return partitionKey(k.table, c) >= 0 }) {
			continue
		}
		if k.partition == nil {
			if k.partition = k.cover.partitionOf(key); k.partition == nil {
				k.unknown = lethe.Errorf(lethe.Invalid, "it lies in no partition of %s.%s, so that its %s is not known", k.table.Database, k.table.Name, strings.Join(id.Columns, " and ")).
					WithHint("add the partition, or move the object out of the table")
				k.dependOn("no partition")
				return
			}
			k.dependOn("partition %q", k.partition)
		}
		if !k.inFiles(id) {
			k.claimPartition(i)
		}
	}
}

// claimPartition claims for those whose identifiers are in the partition's values and
// nowhere else.
func (k *look) claimPartition(i int) {
	var of [][]string
	for _, c := range k.Identifiers[i].Columns {
		of = append(of, k.partitionValue(partitionKey(k.table, c)))
	}
	for values := range identifiers(of) {
		k.claim(i, values, Whole, true)
	}
}

// partitionOf returns the values of the partition that a key is in: the catalog's,
// or what its folders say, as day=3; nil if neither tells.
func (c cover) partitionOf(key string) []string {
	if c.values != nil {
		return c.values
	}
	values := make([]string, len(c.table.Partitions))
	folders := strings.Split(key[c.root:], "/")
	for i, p := range c.table.Partitions {
		if i >= len(folders)-1 {
			return nil
		}
		name, value, ok := strings.Cut(folders[i], "=")
		if !ok || !strings.EqualFold(catalog.UnescapePath(name), p.Name) {
			return nil
		}
		values[i] = catalog.UnescapePath(value)
	}
	return values
}

// partitionValue is the value of a partition key, as a column's: none where it is null.
func (k *look) partitionValue(i int) []string {
	if i >= len(k.partition) || k.partition[i] == catalog.DefaultValue || k.partition[i] == "" {
		return nil
	}
	return []string{k.partition[i]}
}

// lookAtTags finds the identifiers in an object's tags.
func (k *look) lookAtTags(tags map[string]string) {
	for i, id := range k.Identifiers {
		if len(id.Tags) == 0 {
			continue
		}
		values := make([]string, len(id.Tags))
		for j, t := range id.Tags {
			values[j] = tags[t]
		}
		k.dependOn("tags %q", values)
		k.claim(i, values, Whole, false)
	}
}

// lookBeside finds the identifiers in the metadata file of an object.
func (l *looker) lookBeside(ctx context.Context, k *look, v object.Version, newer time.Time) error {
	seen := map[string]bool{}
	for _, id := range k.Identifiers {
		if id.Sidecar == "" || seen[id.Sidecar] {
			continue
		}
		seen[id.Sidecar] = true
		if err := l.lookBesideAt(ctx, k, id.Sidecar, v, newer); err != nil {
			return err
		}
	}
	return nil
}

func (l *looker) lookBesideAt(ctx context.Context, k *look, name string, v object.Version, newer time.Time) error {
	at := slices.IndexFunc(k.Identifiers, func(id Identifier) bool { return id.Sidecar == name })
	side := k.sides[at]
	var said *described
	var damaged error
	for _, key := range side.of(v.Key, k.root) {
		versions, err := l.sidecars(ctx, v.Bucket, key)
		if err != nil {
			return err
		}
		for _, m := range versions {
			if err := l.readSidecar(ctx, m, side.each); err != nil {
				if !stays(err) {
					return err
				}
				k.dependOn("damaged %s %s", m.Version, m.ETag)
				if damaged == nil {
					damaged = err
				}
				continue
			}
			folder, _, _ := side.is(key, k.root)
			for _, d := range m.describes(v.Key, folder) {
				if d.fits(v, newer) && (said == nil || d.exact && !said.exact) {
					said = &d
				}
			}
		}
	}
	switch {
	case said != nil:
		k.dependOn("sidecar %v %q", said.exact, said.entries)
		k.take(name, *said)
	case damaged != nil:
		k.unknown = damaged
	default:
		k.dependOn("no sidecar")
		k.unknown = lethe.Errorf(lethe.Invalid, "no metadata file says whose it is: %s is missing, or is older than the object", name).
			WithHint("write it after the object, or give the object's ETag in it")
	}
	return nil
}

// described is what a version of a metadata file says of an object.
type described struct {
	exact   bool // it gives the object's ETag
	etag    string
	written time.Time
	entries []sidecarEntry
}

func bare(etag string) string { return strings.Trim(etag, `"`) }

// describes returns what a metadata file says of an object in its folder.
func (m *sidecarVersion) describes(key, folder string) (ds []described) {
	d := described{written: m.Modified}
	if !m.doc.Written.IsZero() {
		d.written = m.doc.Written
	}
	if m.doc.Objects == nil {
		d.etag, d.entries = bare(m.doc.ETag), m.doc.Identifiers
		d.exact = d.etag != ""
		return []described{d}
	}
	for _, o := range m.doc.Objects {
		if folder+o.Object == key {
			d.etag, d.entries = bare(o.ETag), o.Identifiers
			d.exact = d.etag != ""
			ds = append(ds, d)
		}
	}
	return ds
}

// fits reports whether it is about a version: by its ETag, or by having been
// written after it and before the next.
func (d described) fits(v object.Version, newer time.Time) bool {
	if d.exact {
		return d.etag == bare(v.ETag)
	}
	return !d.written.Before(v.Modified) && (newer.IsZero() || d.written.Before(newer))
}

// take makes claims of what a metadata file says.
func (k *look) take(name string, d described) {
	listed := d.exact
	for _, e := range d.entries {
		i := slices.IndexFunc(k.Identifiers, func(id Identifier) bool { return id.Sidecar == name && id.Type == e.Type })
		if i < 0 {
			continue
		}
		if e.Rows == nil {
			k.claim(i, e.values(), Whole, false)
			continue
		}
		if !slices.ContainsFunc(k.Identifiers, func(id Identifier) bool { return id.Type == e.Type && k.inFiles(id) }) {
			k.unknown = lethe.Errorf(lethe.Invalid, "its metadata file names records of type %s, and the mapping no columns of it: a record is never cut by its number alone", e.Type)
			return
		}
		if d.exact {
			for _, r := range e.Rows {
				k.claim(i, e.values(), r, false)
			}
		}
	}
	// The metadata file spares reading where it has all types that records hold.
	for _, id := range k.Identifiers {
		if k.inFiles(id) && !slices.ContainsFunc(k.Identifiers, func(o Identifier) bool { return o.Sidecar == name && o.Type == id.Type }) {
			listed = false
		}
	}
	k.listed = k.listed || listed
}

// sidecars are the versions of a metadata file, the newest first.
func (l *looker) sidecars(ctx context.Context, bucket, key string) ([]*sidecarVersion, error) {
	l.mu.Lock()
	ms, ok := l.sides[bucket+"/"+key]
	l.mu.Unlock()
	if ok {
		return ms, nil
	}
	vs, err := l.s.versions(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	for _, v := range vs {
		if !v.Marker {
			ms = append(ms, &sidecarVersion{Object: v.Object})
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have, ok := l.sides[bucket+"/"+key]; ok { // somebody was faster
		return have, nil
	}
	l.sides[bucket+"/"+key] = ms
	return ms, nil
}

// readSidecar reads a metadata file, once.
func (l *looker) readSidecar(ctx context.Context, m *sidecarVersion, each bool) error {
	m.read.Do(func() {
		if m.raw, m.err = l.s.readSidecar(ctx, m.Object); m.err == nil {
			m.doc, m.err = parseSidecar(m.raw, each)
		}
	})
	return m.err
}

// readSidecar reads the bytes of a metadata file.
func (s *Service) readSidecar(ctx context.Context, o object.Object) ([]byte, error) {
	if o.Size > maxSidecar {
		return nil, lethe.Errorf(lethe.BadData, "the metadata file has %d bytes: at most %d", o.Size, maxSidecar)
	}
	return io.ReadAll(io.NewSectionReader(content{ctx, s.Store, o}, 0, o.Size))
}

// lookAtSidecar looks at a version that is a metadata file: it holds the
// identifiers that it has of others.
func (l *looker) lookAtSidecar(ctx context.Context, k *look, o object.Object, folder string) error {
	each := false
	for i, id := range k.Identifiers {
		if f, _, ok := k.sides[i].is(o.Key, k.root); id.Sidecar != "" && ok && f == folder {
			each = k.sides[i].each
		}
	}
	raw, err := l.s.readSidecar(ctx, o)
	if err == nil {
		var d sidecar
		if d, err = parseSidecar(raw, each); err == nil {
			k.doc, k.raw = &d, raw
		}
	}
	if err != nil && stays(err) {
		k.unknown, err = err, nil
	}
	if err != nil || k.doc == nil {
		return err
	}
	for n, e := range k.doc.entries() {
		for i, id := range k.Identifiers {
			if id.Sidecar != "" && id.Type == e.Type && len(e.values()) == k.types[i].parts() {
				k.claim(i, e.values(), int64(n), false)
				break
			}
		}
	}
	return nil
}

// of returns the keys of the objects that a metadata file has entries of which is
// says yes to.
func (k *look) of(key string, is func(sidecarEntry) bool) (keys []string) {
	for i, id := range k.Identifiers {
		if id.Sidecar == "" {
			continue
		}
		folder, object, ok := k.sides[i].is(key, k.root)
		if !ok {
			continue
		}
		if object != "" && slices.ContainsFunc(k.doc.Identifiers, is) {
			keys = append(keys, object)
		}
		for _, o := range k.doc.Objects {
			if slices.ContainsFunc(o.Identifiers, is) {
				keys = append(keys, folder+o.Object)
			}
		}
		break
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// is says whether an entry of a metadata file is a person's.
func (k *look) is(sub subject) func(sidecarEntry) bool {
	return func(e sidecarEntry) bool {
		for i, id := range k.Identifiers {
			if id.Sidecar != "" && id.Type == e.Type && len(e.values()) == k.types[i].parts() {
				v, ok := k.types[i].Normal(e.values())
				return ok && sub.is(e.Type, v)
			}
		}
		return false
	}
}

// whole returns a claim by which all of a version is a person's.
func (k *look) whole(sub subject) (claim, bool) {
	for _, c := range k.claims {
		if c.row == Whole && sub.is(c.typ, c.value) {
			return c, true
		}
	}
	return claim{}, false
}

// versions looks at all versions of a key, the newest first. Those that are gone by
// now are marked so.
func (l *looker) versions(ctx context.Context, vs []object.Version) ([]task, error) {
	tasks := make([]task, len(vs))
	var newer time.Time
	for i, v := range vs {
		looks, err := l.at(ctx, v, newer)
		if err != nil && !gone(err) {
			return nil, err
		}
		tasks[i], newer = task{v, looks, err != nil}, v.Modified
	}
	return tasks, nil
}

// stays reports whether reading again would end alike.
func stays(err error) bool {
	u := Unread{Kind: lethe.KindOf(err)}
	return u.stays()
}

// gone reports whether an error says that a version is there no more.
func gone(err error) bool { return lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Conflict) }
