package lethe

import "strings"

// Location is a place in an object store: a bucket and a key or key prefix.
type Location struct{ Bucket, Key string }

// ParseLocation reads s3://bucket/key; the schemes s3a and s3n, which Hadoop
// writes into metastores, mean the same. Bucket names follow S3's rules only as
// far as safety needs; the store checks the rest.
func ParseLocation(s string) (Location, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || (scheme != "s3" && scheme != "s3a" && scheme != "s3n") {
		return Location{}, Errorf(Invalid, "location %q is not of the form s3://bucket/prefix", s)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return Location{}, Errorf(Invalid, "location %q names no bucket", s)
	}
	return Location{bucket, key}, nil
}

// String writes the location as s3://bucket/key.
func (l Location) String() string { return "s3://" + l.Bucket + "/" + l.Key }

// Dir returns the location with a slash at its end, so that as a prefix it
// holds only what lies below it.
func (l Location) Dir() Location {
	if l.Key != "" && !strings.HasSuffix(l.Key, "/") {
		l.Key += "/"
	}
	return l
}

// Join appends path elements to the location, with single slashes between.
func (l Location) Join(elem ...string) Location {
	for _, e := range elem {
		l = l.Dir()
		l.Key += strings.TrimPrefix(e, "/")
	}
	return l
}
