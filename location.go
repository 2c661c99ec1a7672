package lethe

import "strings"

// Location is a place in an object store: a bucket and a key or key prefix.
type Location struct{ Bucket, Key string }

// ParseLocation reads s3://bucket/key; the schemes s3a and s3n, which Hadoop
// writes into metastores, mean the same. Other schemes are refused by name. Bucket
// names follow S3's rules only as far as safety needs; the store checks the rest.
func ParseLocation(s string) (Location, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		if strings.HasPrefix(s, "file:/") || strings.HasPrefix(s, "hdfs:/") {
			scheme, _, _ = strings.Cut(s, ":") // Hadoop writes file:/path, too
			return Location{}, otherScheme(scheme, s)
		}
		return Location{}, Errorf(Invalid, "location %q is not of the form s3://bucket/prefix", s)
	}
	switch strings.ToLower(scheme) {
	case "s3", "s3a", "s3n":
	default:
		return Location{}, otherScheme(scheme, s)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return Location{}, Errorf(Invalid, "location %q names no bucket", s)
	}
	return Location{bucket, key}, nil
}

// otherScheme says of a location that is no S3's what it is, and what to do.
func otherScheme(scheme, s string) error {
	what, hint := "a scheme that lethe does not know", "lethe reads s3://bucket/prefix, also as s3a and s3n"
	switch strings.ToLower(scheme) {
	case "file":
		what, hint = "a folder of some machine", "upload the files with aws s3 cp or lethe ingest, and name their s3:// location"
	case "hdfs", "viewfs", "webhdfs", "swebhdfs", "har":
		what, hint = "Hadoop's file system", "copy the files with hadoop distcp to a bucket of lethe, and name their s3a:// location"
	case "gs":
		what, hint = "Google Cloud Storage", "configure its S3 endpoint (https://storage.googleapis.com, with an HMAC key) under stores, and name the location s3://bucket/prefix"
	case "wasb", "wasbs", "abfs", "abfss", "adl":
		what, hint = "Azure's storage", "copy the files to a bucket of lethe or of another S3, and name their s3:// location"
	case "http", "https":
		what, hint = "a web address", "configure an S3 endpoint under stores, and name the location s3://bucket/prefix"
	}
	return Errorf(Unsupported, "location %q is in %s (%s://), which lethe does not read", s, what, scheme).WithHint("%s", hint)
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
