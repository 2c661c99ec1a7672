package lake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// AWSConfig returns a configuration of Go clients for the lake's administrator.
func (l *Lake) AWSConfig(t testing.TB) aws.Config { return l.As(t, "lethe") }

// As returns a configuration of Go clients for whose key a profile holds.
func (l *Lake) As(t testing.TB, profile string) aws.Config {
	t.Helper()
	credential := regexp.MustCompile(`\[` + profile + `\]\s+aws_access_key_id = (\S+)\s+aws_secret_access_key = (\S+)`)
	text, err := os.ReadFile(filepath.Join(l.Data, "aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	m := credential.FindStringSubmatch(string(text))
	if m == nil {
		t.Fatal("the credentials file holds no key of " + profile)
	}
	return aws.Config{Region: l.Region, BaseEndpoint: aws.String(l.AWS), HTTPClient: awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider(m[1], m[2], "")}
}

// S3 returns a client of the lake's object store.
func (l *Lake) S3(t testing.TB) *s3.Client {
	return s3.NewFromConfig(l.AWSConfig(t), func(o *s3.Options) { o.UsePathStyle = true })
}

// Athena returns a client of the lake's queries.
func (l *Lake) Athena(t testing.TB) *athena.Client { return athena.NewFromConfig(l.AWSConfig(t)) }

// Put writes an object.
func (l *Lake) Put(t testing.TB, bucket, key, content string) {
	t.Helper()
	_, err := l.S3(t).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

// Bucket makes a bucket.
func (l *Lake) Bucket(t testing.TB, bucket string) {
	t.Helper()
	if _, err := l.S3(t).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
}

// Query runs a statement to its end and returns the rows of its first page,
// without a header, values joined by | and nulls as NULL. The error is what the
// lake says.
func (l *Lake) Query(t testing.TB, statement string) ([]string, error) {
	t.Helper()
	return l.QueryBy(t, l.Athena(t), statement)
}

// QueryBy is Query by a client.
func (l *Lake) QueryBy(t testing.TB, c *athena.Client, statement string) ([]string, error) {
	t.Helper()
	ctx := context.Background()
	started, err := c.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{QueryString: &statement})
	if err != nil {
		return nil, err
	}
	var x *types.QueryExecution
	for {
		got, err := c.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			return nil, err
		}
		if x = got.QueryExecution; x.Status.State != types.QueryExecutionStateQueued && x.Status.State != types.QueryExecutionStateRunning {
			break
		}
		time.Sleep(5 * time.Millisecond) // between polls of a client
	}
	if x.Status.State != types.QueryExecutionStateSucceeded {
		return nil, errors.New(aws.ToString(x.Status.StateChangeReason))
	}
	page, err := c.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
	if err != nil {
		return nil, err
	}
	rows := page.ResultSet.Rows
	if x.StatementType == types.StatementTypeDml && len(rows) > 0 {
		rows = rows[1:]
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		values := make([]string, len(r.Data))
		for k, v := range r.Data {
			if values[k] = "NULL"; v.VarCharValue != nil {
				values[k] = *v.VarCharValue
			}
		}
		out[i] = strings.Join(values, "|")
	}
	return out, nil
}

// SQL is Query for statements that must succeed.
func (l *Lake) SQL(t testing.TB, statement string) []string {
	t.Helper()
	rows, err := l.Query(t, statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows
}
