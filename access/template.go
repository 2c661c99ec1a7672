package access

import (
	"regexp"
	"strings"

	"lethe"
)

// The policies of the walk-through, with parameters ${Bucket}, ${Region},
// ${Account} and ${Function}.
const (
	// DataBucketReadAccessPolicy lets its holder read a bucket.
	DataBucketReadAccessPolicy = "DataBucketReadAccessPolicy"
	// HiveMetastoreDataSourceAccessPolicy lets its holder use a connector.
	HiveMetastoreDataSourceAccessPolicy = "HiveMetastoreDataSourceAccessPolicy"
	// PictureAuthorAccessPolicy lets its holder make data sets, analyses and dashboards.
	PictureAuthorAccessPolicy = "PictureAuthorAccessPolicy"
)

var parameter = regexp.MustCompile(`\$\{[A-Z][A-Za-z]*\}`)

// Template returns a policy of the walk-through with its parameters filled in.
func Template(name string, parameters map[string]string) (document string, err error) {
	text, err := managedFiles.ReadFile("managed/" + name + ".template")
	if err != nil {
		return "", lethe.Errorf(lethe.NotFound, "there is no policy template %s", name)
	}
	missing := ""
	document = parameter.ReplaceAllStringFunc(string(text), func(p string) string {
		v, ok := parameters[strings.Trim(p, "${}")]
		if !ok {
			missing = p
		}
		return v
	})
	if missing != "" {
		return "", lethe.Errorf(lethe.Invalid, "policy template %s needs a value for %s", name, missing)
	}
	return document, nil
}
