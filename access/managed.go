package access

import (
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"lethe/lib/policy"
)

// The policies that AWS provides and that make sense for a lake. A file's name is the
// policy's; its folder below managed is the policy's path.
//
//go:embed managed
var managedFiles embed.FS

const awsPolicyPrefix = "arn:aws:iam::aws:policy"

// AdministratorAccess is the managed policy that allows everything.
const AdministratorAccess = awsPolicyPrefix + "/AdministratorAccess"

// builtin is one of AWS's policies.
type builtin struct {
	ManagedPolicy
	document string
	policy   *policy.Policy
}

func (b builtin) version() Version {
	return Version{ID: b.Default, Document: b.document, Default: true, Created: b.Created}
}

// managed are AWS's policies by ARN, managedARNs their ARNs in order of their names.
var managed, managedARNs = loadManaged()

// builtinsMade is when these policies say they were made.
var builtinsMade = time.Date(2015, time.February, 6, 18, 39, 46, 0, time.UTC)

func loadManaged() (map[string]builtin, []string) {
	all := map[string]builtin{}
	err := fs.WalkDir(managedFiles, "managed", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".json" {
			return err
		}
		text, err := managedFiles.ReadFile(file)
		if err != nil {
			return err
		}
		p, err := policy.Parse(text, policy.Identity)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		dir, name := path.Split(strings.TrimPrefix(file, "managed"))
		b := builtin{ManagedPolicy{Name: strings.TrimSuffix(name, ".json"), Path: dir, Default: "v1", Created: builtinsMade, Updated: builtinsMade, aws: true}, strings.TrimSpace(string(text)), p}
		b.ID = stableID(b.ARN())
		all[b.ARN()] = b
		return nil
	})
	if err != nil {
		panic(err) // a defect of the program: a test loads them
	}
	arns := make([]string, 0, len(all))
	for arn := range all {
		arns = append(arns, arn)
	}
	slices.SortFunc(arns, func(a, b string) int { return strings.Compare(all[a].Name, all[b].Name) })
	return all, arns
}

// stableID makes the same identifier of the same ARN every time.
func stableID(arn string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	id := []byte(policyPrefix)
	h := fnv.New128a()
	h.Write([]byte(arn))
	for _, c := range h.Sum(nil) {
		id = append(id, letters[c%32])
	}
	return string(append(id, 'A'))
}
