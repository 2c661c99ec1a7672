package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
)

// ObjectStore is another S3, in which some buckets of the lake are.
type ObjectStore struct {
	// Endpoint is its URL; "" means Amazon's of the region.
	Endpoint string `yaml:"endpoint"`
	// Region is what requests are signed for; with an endpoint, "" means us-east-1.
	Region string `yaml:"region"`
	// PathStyle puts the bucket into the path: what most servers other than
	// Amazon's want.
	PathStyle bool `yaml:"path_style"`
	// NoChecksums leaves out the checksums that older servers do not know.
	NoChecksums bool `yaml:"no_checksums"`
	// Buckets are those that are in this store.
	Buckets []string `yaml:"buckets"`

	// The credentials; without a key those of Profile in the shared AWS files, or
	// without that what AWS's tools find: environment, files, the machine's role.
	AccessKeyID     string `yaml:"access_key_id"`
	SecretAccessKey Secret `yaml:"secret_access_key"`
	SessionToken    Secret `yaml:"session_token"`
	Profile         string `yaml:"profile"`
}

var (
	storeName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// checkStores reports the first field of stores that cannot be used.
func (c *Config) checkStores() error {
	in := map[string]string{} // bucket: store
	for _, name := range slices.Sorted(maps.Keys(c.Stores)) {
		s := c.Stores[name]
		field := func(f string) string { return "stores." + name + "." + f }
		if !storeName.MatchString(name) {
			return &Error{"stores", name, "must be a name of lower-case letters, digits and hyphens"}
		}
		if s.Endpoint != "" {
			u, err := url.Parse(s.Endpoint)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
				value := s.Endpoint
				if err == nil && u.User != nil {
					value = u.Redacted()
				}
				return &Error{field("endpoint"), value, "must be http://host:port or https://host, without a path or credentials"}
			}
			if s.Region == "" {
				s.Region = "us-east-1"
				c.Stores[name] = s
			}
		}
		if !regionName.MatchString(s.Region) {
			return &Error{field("region"), s.Region, "must look like a region, as eu-central-1"}
		}
		switch {
		case (s.AccessKeyID == "") != (s.SecretAccessKey == ""):
			return &Error{field("access_key_id"), s.AccessKeyID, "must be set together with secret_access_key"}
		case s.SessionToken != "" && s.AccessKeyID == "":
			return &Error{field("session_token"), s.SessionToken.String(), "needs access_key_id and secret_access_key"}
		case s.Profile != "" && s.AccessKeyID != "":
			return &Error{field("profile"), s.Profile, "must not be set together with access_key_id"}
		case len(s.Buckets) == 0:
			return &Error{field("buckets"), "", "must name the buckets that are in this store"}
		}
		for _, b := range s.Buckets {
			if !bucketName.MatchString(b) {
				return &Error{field("buckets"), b, "is no bucket name"}
			}
			if other, twice := in[b]; twice {
				return &Error{field("buckets"), b, fmt.Sprintf("is in store %s already", other)}
			}
			in[b] = name
		}
	}
	return nil
}
