//go:build nightly

package e2e_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

// terraformAWS is the version of Terraform's provider that testdata/terraform asks for.
const terraformAWS = "5.100.0"

// TestInstancesWithTerraform gives instances to Terraform's provider for AWS: made,
// planned again without a difference, changed in class, saved, copied to a read replica,
// found by its data sources, and destroyed. What differs from a configuration for AWS is
// the endpoints. The program terraform must be there, and its provider in a folder of
// mirrored providers that TF_CLI_CONFIG_FILE or LETHE_PEERS/terraform names.
func TestInstancesWithTerraform(t *testing.T) {
	need.Command(t, "pg_lsclusters", "apt-get install postgresql")
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("there is no program terraform")
	}
	rc := os.Getenv("TF_CLI_CONFIG_FILE")
	if rc == "" {
		mirror := filepath.Join(os.Getenv("LETHE_PEERS"), "terraform")
		if found, err := filepath.Glob(filepath.Join(mirror, "registry.terraform.io/hashicorp/aws", terraformAWS, "*")); err != nil || len(found) == 0 {
			t.Skip("neither TF_CLI_CONFIG_FILE nor LETHE_PEERS/terraform names a mirror with the provider hashicorp/aws " + terraformAWS)
		}
		rc = filepath.Join(t.TempDir(), "terraformrc")
		if err := os.WriteFile(rc, []byte("provider_installation {\n  filesystem_mirror { path = \""+mirror+"\" }\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := reachable(t)
	t.Cleanup(func() { endServers(t, data) })
	file := filepath.Join(data, "lethe.yaml")
	if err := os.WriteFile(file, []byte("instances: {memory_scale: 1/8}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, data, "serve", "--config", file)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/terraform")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TF_CLI_CONFIG_FILE", rc)
	t.Setenv("CHECKPOINT_DISABLE", "1") // it asks nobody for newer versions
	t.Setenv("TF_IN_AUTOMATION", "1")
	t.Setenv("TF_VAR_endpoint", l.AWS)
	terraform := func(args ...string) string {
		t.Helper()
		return l.Run(t, "terraform", append([]string{"-chdir=" + dir}, args...)...)
	}
	apply := func(class string) map[string]string {
		t.Helper()
		t.Setenv("TF_VAR_class", class)
		terraform("apply", "-auto-approve", "-no-color")
		// The status 2 would say that what is there is not what was asked for.
		if out, err := l.Try("terraform", "-chdir="+dir, "plan", "-no-color", "-detailed-exitcode"); err != nil {
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 2 {
				t.Fatalf("a second plan would change what the first has made:\n%s", out)
			}
			t.Fatalf("%v\n%s", err, out)
		}
		var outputs map[string]struct{ Value string }
		if err := json.Unmarshal([]byte(terraform("output", "-json")), &outputs); err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for name, o := range outputs {
			values[name] = o.Value
		}
		return values
	}
	terraform("init", "-no-color")
	for _, class := range []string{"db.m6g.large", "db.r6g.large"} {
		got := apply(class)
		if got["class"] != class || got["orderable"] != "db.r6g.large" || got["replica_of"] != "newsblog" || got["snapshot_of"] != "newsblog" {
			t.Errorf("%s: %v", class, got)
		}
		if !strings.HasPrefix(got["running"], got["version"]) {
			t.Errorf("%s: it runs %s, and %s is the latest", class, got["running"], got["version"])
		}
	}
	terraform("destroy", "-auto-approve", "-no-color")
	if left := processes(t, data); len(left) != 0 {
		t.Errorf("servers are left: %v", left)
	}
	if out := l.Run(t, need.Venv(t, "aws"), "--endpoint-url", l.AWS, "--region", "us-west-2", "--output", "text", "rds", "describe-db-instances", "--query", "DBInstances[].DBInstanceIdentifier"); strings.TrimSpace(out) != "" {
		t.Errorf("instances are left: %s", out)
	}
}
