package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/test/lake"
)

// Users, groups, roles and policies by the command lines that people have, and what
// they may do by them.
func TestIAMWithTheRealCommandLines(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	for name, aws := range cliClients(t) {
		t.Run(name, func(t *testing.T) {
			cli := func(args ...string) string {
				t.Helper()
				return strings.TrimSpace(l.Run(t, aws, append([]string{"--endpoint-url", l.AWS, "--output", "text"}, args...)...))
			}
			user, group, role, bucket := "ada-"+name, "readers-"+name, "auditor-"+name, "iam-"+strings.ToLower(name)
			cli("s3", "mb", "s3://"+bucket)
			arn := cli("iam", "create-user", "--user-name", user, "--query", "User.Arn")
			if arn != "arn:aws:iam::000000000000:user/"+user {
				t.Error(arn)
			}
			cli("iam", "create-group", "--group-name", group)
			policy := cli("iam", "create-policy", "--policy-name", "read-"+name, "--query", "Policy.Arn",
				"--policy-document", `{"Version":"2012-10-17","Statement":[{"Sid":"List","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::`+bucket+`"}]}`)
			cli("iam", "attach-group-policy", "--group-name", group, "--policy-arn", policy)
			cli("iam", "add-user-to-group", "--group-name", group, "--user-name", user)
			var key struct {
				AccessKey struct{ AccessKeyID, SecretAccessKey string }
			}
			if err := json.Unmarshal([]byte(l.Run(t, aws, "--endpoint-url", l.AWS, "--output", "json", "iam", "create-access-key", "--user-name", user)), &key); err != nil {
				t.Fatal(err)
			}
			// as runs the command line with other credentials.
			as := func(id, secret, token string, args ...string) (string, error) {
				t.Helper()
				file := filepath.Join(t.TempDir(), "credentials")
				text := "[lethe]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
				if token != "" {
					text += "aws_session_token = " + token + "\n"
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return l.Try("env", append([]string{"AWS_SHARED_CREDENTIALS_FILE=" + file, aws, "--endpoint-url", l.AWS, "--output", "text"}, args...)...)
			}
			ada := func(args ...string) (string, error) {
				t.Helper()
				return as(key.AccessKey.AccessKeyID, key.AccessKey.SecretAccessKey, "", args...)
			}
			if out, err := ada("s3", "ls", "s3://"+bucket); err != nil {
				t.Error(out, err)
			}
			if out, err := ada("s3", "rb", "s3://"+bucket); err == nil || !strings.Contains(out, "AccessDenied") {
				t.Error("she removes a bucket", out, err)
			}
			if out, err := ada("iam", "list-users"); err == nil || !strings.Contains(out, "is not authorized to perform: iam:ListUsers") {
				t.Error("she lists users", out, err)
			}

			// A role that trusts her.
			roleARN := cli("iam", "create-role", "--role-name", role, "--query", "Role.Arn", "--assume-role-policy-document",
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+arn+`"},"Action":"sts:AssumeRole"}}`)
			cli("iam", "attach-role-policy", "--role-name", role, "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
			out, err := ada("sts", "assume-role", "--role-arn", roleARN, "--role-session-name", "today", "--query", "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]")
			c := strings.Fields(out)
			if err != nil || len(c) != 3 {
				t.Fatal(out, err)
			}
			if out, err := as(c[0], c[1], c[2], "s3", "ls", "s3://"+bucket); err != nil {
				t.Error("the role's session lists nothing", out, err)
			}
			if out, err := as(c[0], c[1], "", "s3", "ls", "s3://"+bucket); err == nil {
				t.Error("without its token the session's key works", out)
			}

			// Why.
			why := l.Run(t, lake.Binary(t), "access", "explain", "--data", l.Data, "--as", user, "--action", "s3:ListBucket", "--resource", "arn:aws:s3:::"+bucket)
			if !strings.Contains(why, "allowed") || !strings.Contains(why, policy) || !strings.Contains(why, "statement List") {
				t.Error(why)
			}
			cli("iam", "put-user-policy", "--user-name", user, "--policy-name", "no", "--policy-document", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`)
			why = l.Run(t, lake.Binary(t), "access", "explain", "--data", l.Data, "--as", user, "--action", "s3:ListBucket", "--resource", "arn:aws:s3:::"+bucket)
			if !strings.Contains(why, "denied") || !strings.Contains(why, "user/"+user+"/no") {
				t.Error(why)
			}
			if out, err := ada("s3", "ls", "s3://"+bucket); err == nil {
				t.Error("she lists what a statement denies", out)
			}
		})
	}
	if out := l.Run(t, lake.Binary(t), "access", "verify", filepath.Join(l.Data, "audit.jsonl")); !strings.Contains(out, "are whole") {
		t.Error(out)
	}
}
