package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe/test/lake"
)

// TestTablesInAnotherStore runs a lake whose buckets are partly in a second one,
// as they might be at Amazon.
func TestTablesInAnotherStore(t *testing.T) {
	other := lake.Start(t, t.TempDir(), "serve")
	other.Bucket(t, "events")
	other.Bucket(t, "archive")
	other.Bucket(t, "vault")
	other.Put(t, "events", "clicks/day=2026-01-01/a.json", "{\"user\":1,\"page\":\"/\"}\n{\"user\":2,\"page\":\"/a\"}\n")
	other.Put(t, "events", "clicks/day=2026-01-02/b.json", "{\"user\":1,\"page\":\"/b\"}\n")

	keys := regexp.MustCompile(`(?s)aws_access_key_id = (\S+)\s+aws_secret_access_key = (\S+)`)
	text, err := os.ReadFile(filepath.Join(other.Data, "aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	key := keys.FindStringSubmatch(string(text))
	dir := t.TempDir()
	file := filepath.Join(dir, "lethe.yaml")
	write(t, filepath.Join(dir, "secret"), []byte(key[2]+"\n"))
	write(t, file, []byte(fmt.Sprintf(`
stores:
  partner:
    endpoint: %s
    region: %s
    path_style: true
    access_key_id: %s
    secret_access_key: {file: %s}
    buckets: [events, archive, vault]
  away:
    endpoint: http://127.0.0.1:1
    path_style: true
    access_key_id: none
    secret_access_key: none
    buckets: [unreachable]
backups:
  - {to: "s3://vault/lake/", every: 2400h, keep: 2400h}
`, other.AWS, other.Region, key[1], filepath.Join(dir, "secret"))))
	l := lake.Start(t, t.TempDir(), "serve", "--config", file)
	l.Bucket(t, "mine")

	t.Run("a query reads it", func(t *testing.T) {
		l.SQL(t, "CREATE EXTERNAL TABLE clicks (`user` bigint, page string) PARTITIONED BY (day string) "+
			"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3a://events/clicks/'")
		l.SQL(t, "MSCK REPAIR TABLE clicks")
		if got := strings.Join(l.SQL(t, `SELECT "user", page, day FROM clicks ORDER BY page`), " "); got != "1|/|2026-01-01 2|/a|2026-01-01 1|/b|2026-01-02" {
			t.Error(got)
		}
		other.Put(t, "events", "clicks/day=2026-01-02/b.json", "{\"user\":7,\"page\":\"/new\"}\n")
		if got := strings.Join(l.SQL(t, `SELECT "user" FROM clicks WHERE day = '2026-01-02'`), " "); got != "7" {
			t.Error("a replaced object:", got)
		}
	})
	t.Run("an ingest reads and writes it", func(t *testing.T) {
		ingest := func(args ...string) string {
			t.Helper()
			return l.Run(t, lake.Binary(t), append([]string{"ingest", "--data", l.Data, "-q"}, args...)...)
		}
		for range 2 { // again replaces what is there
			ingest("--table", "pages", "--location", "s3://archive/pages/", "--sql", "SELECT page, 1 AS n FROM source", "s3://events/clicks/")
			if got := strings.Join(l.SQL(t, "SELECT page, n FROM pages ORDER BY page"), " "); got != "/|1 /a|1 /new|1" {
				t.Error(got)
			}
		}
		list, err := other.S3(t).ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("archive")})
		if err != nil || len(list.Contents) != 1 || !strings.HasPrefix(aws.ToString(list.Contents[0].Key), "pages/") {
			t.Errorf("in the other store: %+v %v", list, err)
		}
	})
	t.Run("its objects are not served here", func(t *testing.T) {
		_, err := l.S3(t).GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("events"), Key: aws.String("clicks/day=2026-01-01/a.json")})
		if err == nil || !strings.Contains(err.Error(), "NoSuchBucket") || !strings.Contains(err.Error(), "store partner") {
			t.Error(err)
		}
		_, err = l.S3(t).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("events")})
		if err == nil || !strings.Contains(err.Error(), "BucketAlreadyExists") {
			t.Error(err)
		}
	})
	t.Run("a store that is away is named", func(t *testing.T) {
		l.SQL(t, "CREATE EXTERNAL TABLE gone (a bigint) STORED AS PARQUET LOCATION 's3://unreachable/gone/'")
		if _, err := l.Query(t, "SELECT * FROM gone"); err == nil || !strings.Contains(err.Error(), "store away cannot be reached") {
			t.Error(err)
		}
	})
	t.Run("it is backed up there, by itself and by a command", func(t *testing.T) {
		const to = "s3://vault/lake/"
		for end := time.Now().Add(2 * time.Minute); !strings.Contains(l.Output(), "A scheduled backup was made"); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it did not back itself up")
			}
		}
		lethe := func(args ...string) string {
			t.Helper()
			return l.Run(t, lake.Binary(t), append(args, "--config", file)...)
		}
		lethe("backup", "--data", l.Data, "--to", to)
		if got := lethe("backup", "list", "--from", to, "--json"); strings.Count(got, `"state": "whole"`) != 2 {
			t.Errorf("the backups are %s", got)
		}
		if got := lethe("backup", "verify", "--from", to); !strings.Contains(got, "2 backups read: 0 files") {
			t.Errorf("they are not as they were written: %s", got)
		}
		again := filepath.Join(dir, "again")
		lethe("restore", "--from", to, "--data", again)
		if _, err := os.Stat(filepath.Join(again, "state.db")); err != nil {
			t.Error(err)
		}
	})
	t.Run("other file systems are refused", func(t *testing.T) {
		for location, says := range map[string]string{"hdfs://namenode:8020/w/t": "distcp", "file:///w/t": "upload the files"} {
			if _, err := l.Query(t, "CREATE EXTERNAL TABLE elsewhere (a bigint) STORED AS PARQUET LOCATION '"+location+"'"); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", location, err)
			}
		}
	})
	if strings.Contains(l.Output(), key[2]) {
		t.Error("the log shows the secret")
	}
	l.Stop(t)
}
