package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	athenasdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/test/lake"
)

// member is somebody of the lake, with a client of each kind.
type member struct {
	t      *testing.T
	l      *lake.Lake
	athena *athenasdk.Client
	s3     *s3.Client
	token  string // of the console
}

// join makes a user with a policy, in a group or none.
func join(t *testing.T, l *lake.Lake, name, group, policy string) member {
	t.Helper()
	ctx, admin := t.Context(), iam.NewFromConfig(l.AWSConfig(t))
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	ok(err)
	for _, arn := range []string{"AmazonAthenaFullAccess"} {
		_, err = admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/" + arn)})
		ok(err)
	}
	_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &policy})
	ok(err)
	if group != "" {
		_, err = admin.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &group})
		ok(err)
		_, err = admin.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &group, UserName: &name})
		ok(err)
	}
	key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	ok(err)
	id, secret := *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey
	cfg := aws.Config{Region: l.Region, BaseEndpoint: aws.String(l.AWS), HTTPClient: awshttp.NewBuildableClient(), Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	m := member{t: t, l: l, athena: athenasdk.NewFromConfig(cfg), s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })}
	status, text := m.console("POST", "/session", map[string]any{"name": id, "password": secret, "token": true})
	var session struct{ Token string }
	if err := json.Unmarshal([]byte(text), &session); err != nil || session.Token == "" {
		t.Fatalf("%s logs in: %d %s", name, status, text)
	}
	m.token = session.Token
	return m
}

// console calls the console's API.
func (m member) console(method, path string, in any) (status int, text string) {
	m.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		m.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(m.t.Context(), method, strings.TrimSuffix(m.l.Console, "/")+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if m.token != "" {
		r.Header.Set("Authorization", "Bearer "+m.token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// sql runs a statement and returns its rows, or why there are none.
func (m member) sql(statement string) (rows []string, reason string) {
	m.t.Helper()
	state, reason, id := ends(m.t, m.athena, statement)
	if state != "SUCCEEDED" {
		return nil, reason
	}
	page, err := m.athena.GetQueryResults(m.t.Context(), &athenasdk.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, r := range page.ResultSet.Rows {
		values := make([]string, len(r.Data))
		for i, v := range r.Data {
			if values[i] = "NULL"; v.VarCharValue != nil {
				values[i] = *v.VarCharValue
			}
		}
		rows = append(rows, strings.Join(values, "|"))
	}
	return rows, ""
}

func refused(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && (strings.HasPrefix(e.ErrorCode(), "AccessDenied") || e.ErrorCode() == "Forbidden")
}

// What is behind the rule of the table orders: none of it may be seen by sales.
var behind = []string{"hidden", "phonenumber", "+33", "4999", "Francia"}

// tells reports what a text tells of what is behind the rule, beside what was asked.
func tells(text, asked string) (list []string) {
	for _, secret := range behind {
		if strings.Contains(text, secret) && !strings.Contains(asked, secret) {
			list = append(list, secret)
		}
	}
	return list
}

// A table with a rule: the group sales sees the rows of one country, no phone numbers
// and coarse amounts; others see no table; a trusted engine and administrators see
// it whole.
func TestNobodyGetsRoundTheRulesOfATable(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(conf, []byte("metastore:\n  anonymous: sam\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, t.TempDir(), "serve", "--config", conf)
	l.Bucket(t, "shop")
	l.Put(t, "shop", "orders/country=Germania/1.csv", "1,anna@example.org,+49 1,1234\n2,bert@example.org,+49 2,5678\n")
	l.Put(t, "shop", "orders/country=Francia/1.csv", "3,hidden@example.org,+33 3,4999\n")
	l.Put(t, "shop", "far/country=Italia/1.csv", "4,hidden2@example.org,+39 4,1\n")
	l.Put(t, "shop", "public/1.csv", "5\n")
	l.SQL(t, "CREATE EXTERNAL TABLE orders (id int, email string, phonenumber string, amount int) PARTITIONED BY (country string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://shop/orders/'")
	l.SQL(t, "MSCK REPAIR TABLE orders")
	l.SQL(t, "ALTER TABLE orders ADD PARTITION (country = 'Italia') LOCATION 's3://shop/far/country=Italia/'")
	l.SQL(t, "CREATE EXTERNAL TABLE public (id int) LOCATION 's3://shop/public/'")

	const read = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]},
		{"Effect": "Allow", "Action": ["glue:*", "lambda:InvokeFunction", "lethe:StartIngest", "lethe:GetIngest", "s3:ListAllMyBuckets"], "Resource": "*"}%s]}`
	policy := strings.Replace(read, "%s", "", 1)
	trusted := strings.Replace(read, "%s", `, {"Effect": "Allow", "Action": "lethe:BypassTableRules", "Resource": "*"}`, 1)
	sales, other, spark := join(t, l, "sam", "sales", policy), join(t, l, "olga", "", policy), join(t, l, "spark", "", trusted)

	// Without a rule everyone who may read the files sees the table.
	if rows, reason := other.sql("SELECT count(*) FROM orders"); !slices.Equal(rows, []string{"_col0", "4"}) {
		t.Fatal(rows, reason)
	}
	out := l.Run(t, lake.Binary(t), "access", "rules", "put", "germania", "--data", l.Data, "--table", "default.orders", "--for", "group/sales",
		"--filter", "country = 'Germania' AND in_group('sales') AND current_user = 'sam'", "--mask", "email=hash", "--mask", "phonenumber=hide", "--mask", "amount=amount / 1000 * 1000")
	if strings.TrimSpace(out) != "" {
		t.Error(out)
	}
	if out := l.Run(t, lake.Binary(t), "access", "rules", "list", "--data", l.Data); !strings.Contains(out, "default.orders  germania  group/sales") {
		t.Error(out)
	}
	if out, err := l.Try(lake.Binary(t), "access", "rules", "put", "wrong", "--data", l.Data, "--table", "orders", "--for", "*", "--filter", "id = 'x'"); err == nil || !strings.Contains(out, "row filter: line 1:4: Cannot apply operator: integer = varchar(1)") {
		t.Error(out, err)
	}

	t.Run("what is seen", func(t *testing.T) {
		rows, reason := sales.sql("SELECT id, length(email), amount, country FROM orders ORDER BY id")
		if want := []string{"id|_col1|amount|country", "1|64|1000|Germania", "2|64|5000|Germania"}; !slices.Equal(rows, want) {
			t.Error(rows, reason)
		}
		rows, reason = spark.sql("SELECT id, phonenumber FROM orders ORDER BY id")
		if want := []string{"id|phonenumber", "1|+49 1", "2|+49 2", "3|+33 3", "4|+39 4"}; !slices.Equal(rows, want) {
			t.Error(rows, reason)
		}
		if rows := l.SQL(t, "SELECT count(*) FROM orders"); !slices.Equal(rows, []string{"4"}) {
			t.Error(rows)
		}
		out := l.Run(t, lake.Binary(t), "access", "explain", "--data", l.Data, "--as", "sam", "--action", "glue:GetTable", "--resource", lethe.TableARN(l.Region, "default", "orders"))
		if !strings.Contains(out, "table default.orders is seen through rule germania") {
			t.Error(out)
		}
		out = l.Run(t, lake.Binary(t), "access", "explain", "--data", l.Data, "--as", "olga", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::shop/orders/x")
		if !strings.HasPrefix(out, "denied") || !strings.Contains(out, "has rules of which none applies") {
			t.Error(out)
		}
	})

	t.Run("statements", func(t *testing.T) {
		for _, s := range []string{
			"SELECT * FROM orders", "SELECT o.* FROM orders o", "TABLE orders", "SELECT * FROM (SELECT * FROM orders) x", "WITH o AS (SELECT * FROM orders) SELECT * FROM o a JOIN o b ON a.id = b.id",
			"SELECT * FROM AwsDataCatalog.default.orders", "SELECT * FROM \"ORDERS\"", "SELECT * FROM demo_hive_metastore.default.orders",
			"SELECT phonenumber FROM orders", "SELECT orders.phonenumber FROM orders", "SELECT \"$path\" FROM orders", "SELECT count(phonenumber) FROM orders",
			"SELECT email FROM orders WHERE country = 'Francia' OR true", "SELECT * FROM orders UNION SELECT * FROM orders",
			"SELECT country, max(email) FROM orders GROUP BY GROUPING SETS ((country), ())", "SELECT email, rank() OVER (ORDER BY amount DESC) FROM orders",
			"SELECT * FROM public p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.amount > p.id)", "SELECT (SELECT max(amount) FROM orders) FROM public",
			"SELECT * FROM orders TABLESAMPLE BERNOULLI (100)", "SELECT 1 / (amount - 4000) FROM orders", "SELECT CAST(email AS integer) FROM orders",
			"SELECT * FROM orders CROSS JOIN UNNEST(ARRAY[email, country]) AS u (x)", "SELECT min_by(email, id), array_agg(amount), map_agg(country, email) FROM orders",
			"SELECT * FROM orders FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'",
			"EXPLAIN SELECT * FROM orders", "CREATE TABLE mine AS SELECT * FROM orders", "CREATE VIEW mine AS SELECT * FROM orders", "PREPARE p FROM SELECT * FROM orders",
			"EXECUTE p", "INSERT INTO public SELECT id FROM orders", "INSERT INTO orders SELECT * FROM orders", "UNLOAD (SELECT * FROM orders) TO 's3://shop/mine/' WITH (format = 'PARQUET')",
			"DELETE FROM orders", "UPDATE orders SET amount = 1",
			"DESCRIBE orders", "DESCRIBE FORMATTED orders", "DESCRIBE orders phonenumber", "SHOW COLUMNS IN orders", "SHOW CREATE TABLE orders", "SHOW PARTITIONS orders", "SHOW TBLPROPERTIES orders",
			"SHOW TABLES", "SHOW STATS FOR orders", "SELECT * FROM information_schema.columns", "SELECT * FROM information_schema.tables", "SELECT * FROM \"orders$partitions\"", "SELECT * FROM \"orders$files\"",
			"DROP TABLE orders", "ALTER TABLE orders RENAME TO mine", "ALTER TABLE orders SET LOCATION 's3://shop/public/'", "ALTER TABLE orders REPLACE COLUMNS (id int, phonenumber string)", "ALTER TABLE orders SET TBLPROPERTIES ('a' = 'b')",
			"ALTER TABLE orders DROP PARTITION (country = 'Germania')", "ALTER TABLE orders ADD PARTITION (country = 'x') LOCATION 's3://shop/public/'", "MSCK REPAIR TABLE orders", "DROP DATABASE default CASCADE",
			// A table of their own over the same files.
			"CREATE EXTERNAL TABLE copy (id int, email string, phonenumber string, amount int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://shop/orders/'", "SELECT * FROM copy",
			"CREATE EXTERNAL TABLE all_files (line string) LOCATION 's3://shop/'", "SELECT * FROM all_files",
			"CREATE EXTERNAL TABLE parts (id int, email string) PARTITIONED BY (country string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://shop/orders/'", "MSCK REPAIR TABLE parts", "SHOW PARTITIONS parts",
			"ALTER TABLE parts ADD PARTITION (country = 'Francia')", "SELECT * FROM parts",
			"CREATE EXTERNAL TABLE far (id int, email string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://shop/far/'", "SELECT * FROM far",
		} {
			rows, reason := sales.sql(s)
			// What somebody has named is not told to them.
			if told := tells(strings.Join(rows, "\n")+reason, s); len(told) > 0 {
				t.Errorf("%s tells %q: %q %s", s, told, rows, reason)
			}
		}
		if rows, _ := sales.sql("SHOW PARTITIONS orders"); !slices.Equal(rows, []string{"country=Germania"}) {
			t.Error(rows)
		}
		for _, table := range []string{"copy", "all_files", "far"} {
			if rows, reason := sales.sql("SELECT * FROM " + table); !strings.Contains(reason, "not authorized") && !strings.Contains(reason, "does not exist") {
				t.Error(table, rows, reason)
			}
		}
		if rows := l.SQL(t, "SELECT count(*) FROM orders"); !slices.Equal(rows, []string{"4"}) {
			t.Error("the table was changed:", rows)
		}
	})

	t.Run("a column that is hidden is refused like one that is not there", func(t *testing.T) {
		for _, s := range []string{"SELECT %s FROM orders", "SELECT o.%s FROM orders o", "SELECT id FROM orders ORDER BY %s", "SELECT id FROM orders WHERE %s = 'x'", "DESCRIBE orders %s", "SELECT count(*) FROM orders a JOIN orders b USING (%s)"} {
			_, hidden := sales.sql(strings.ReplaceAll(s, "%s", "phonenumber"))
			_, absent := sales.sql(strings.ReplaceAll(s, "%s", "nosuchthing"))
			if hidden == "" || strings.ReplaceAll(hidden, "phonenumber", "nosuchthing") != absent {
				t.Errorf("%s: %q, and %q", s, hidden, absent)
			}
		}
	})

	t.Run("to others there is no table", func(t *testing.T) {
		for _, s := range []string{"SELECT * FROM %s", "DESCRIBE %s", "SHOW CREATE TABLE %s", "SHOW COLUMNS IN %s", "SHOW PARTITIONS %s", "SHOW TBLPROPERTIES %s", "DROP TABLE %s", "MSCK REPAIR TABLE %s",
			"ALTER TABLE %s ADD PARTITION (country = 'x')", "ALTER TABLE %s SET LOCATION 's3://shop/public/'"} {
			_, closed := other.sql(strings.ReplaceAll(s, "%s", "orders"))
			_, absent := other.sql(strings.ReplaceAll(s, "%s", "absent"))
			if closed == "" || strings.ReplaceAll(closed, "orders", "absent") != absent {
				t.Errorf("%s: %q, and %q", s, closed, absent)
			}
		}
		if rows, _ := other.sql("SHOW TABLES"); slices.Contains(rows, "orders") {
			t.Error(rows)
		}
	})

	t.Run("objects", func(t *testing.T) {
		ctx, bucket, key := t.Context(), "shop", "orders/country=Germania/1.csv"
		for who, m := range map[string]member{"sales": sales, "other": other} {
			for _, key := range []string{key, "orders/country=Francia/1.csv", "far/country=Italia/1.csv", "orders/absent"} {
				_, err := m.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if !refused(err) {
					t.Errorf("%s gets %s: %v", who, key, err)
				}
				_, err = m.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
				if !refused(err) {
					t.Errorf("%s heads %s: %v", who, key, err)
				}
				_, err = m.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("public/mine"), CopySource: aws.String(bucket + "/" + url.PathEscape(key))})
				if !refused(err) {
					t.Errorf("%s copies %s: %v", who, key, err)
				}
				signed, err := s3.NewPresignClient(m.s3).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					t.Fatal(err)
				}
				got, err := http.Get(signed.URL)
				if err != nil {
					t.Fatal(err)
				}
				got.Body.Close()
				if got.StatusCode != http.StatusForbidden {
					t.Errorf("%s, presigned %s: %s", who, key, got.Status)
				}
			}
			for _, in := range []s3.ListObjectsV2Input{{}, {Prefix: aws.String("orders/")}, {Prefix: aws.String("orders/c"), Delimiter: aws.String("/")}, {Prefix: aws.String("orders/"), Delimiter: aws.String("/")},
				{Prefix: aws.String("far/country="), Delimiter: aws.String("a")}, {StartAfter: aws.String("orders/country=E")}} {
				in.Bucket = &bucket
				if _, err := m.s3.ListObjectsV2(ctx, &in); !refused(err) {
					t.Errorf("%s lists %v %v: %v", who, aws.ToString(in.Prefix), aws.ToString(in.Delimiter), err)
				}
			}
			if _, err := m.s3.ListObjects(ctx, &s3.ListObjectsInput{Bucket: &bucket}); !refused(err) {
				t.Errorf("%s lists: %v", who, err)
			}
			if _, err := m.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket}); !refused(err) {
				t.Errorf("%s lists versions: %v", who, err)
			}
			if _, err := m.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket}); !refused(err) {
				t.Errorf("%s lists uploads: %v", who, err)
			}
			// What lies beside the table is theirs to see.
			if got, err := m.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Delimiter: aws.String("/")}); err != nil || len(got.CommonPrefixes) != 3 {
				t.Errorf("%s lists the bucket's folders: %v %v", who, got, err)
			}
			if _, err := m.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("public/1.csv")}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
		if _, err := spark.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Errorf("a trusted engine reads the files: %v", err)
		}
		if _, err := spark.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket}); err != nil {
			t.Errorf("a trusted engine lists the files: %v", err)
		}
	})

	t.Run("the console", func(t *testing.T) {
		for _, path := range []string{
			"/catalogs/AwsDataCatalog/databases/default/tables?columns=true", "/catalogs/AwsDataCatalog/databases/default/tables/orders", "/catalogs/AwsDataCatalog/databases/DEFAULT/tables/ORDERS",
			"/catalogs/AwsDataCatalog/databases/default/tables/orders/partitions", "/buckets/shop/objects", "/buckets/shop/objects?prefix=orders/", "/buckets/shop/objects?prefix=orders/&delimiter=/",
			"/buckets/shop/objects/orders/country%3DFrancia/1.csv", "/buckets/shop/preview/orders/country%3DFrancia/1.csv", "/buckets/shop/preview/orders/country%3DGermania/1.csv",
			"/access/rules", "/access/rules/default/orders/germania", "/access/explain?action=s3:GetObject&resource=*", "/audit",
		} {
			status, text := sales.console("GET", path, nil)
			if told := tells(text, path); len(told) > 0 {
				t.Errorf("%s: %d tells %q: %s", path, status, told, text)
			}
			if status, text := other.console("GET", path, nil); status == http.StatusOK && strings.Contains(text, "orders") {
				t.Errorf("%s tells somebody to whom no rule applies: %s", path, text)
			}
		}
		if status, text := sales.console("GET", "/buckets/shop/preview/orders/country%3DGermania/1.csv", nil); status != http.StatusForbidden {
			t.Error(status, text)
		}
		if status, text := sales.console("DELETE", "/access/rules/default/orders/germania", nil); status != http.StatusForbidden {
			t.Error(status, text)
		}
		status, text := sales.console("POST", "/ingests", map[string]any{"sources": []string{"s3://shop/orders/"}, "table": "stolen", "location": "s3://shop/stolen/", "format": "csv"})
		if told := tells(text, ""); len(told) > 0 {
			t.Error(status, text)
		}
		if status == http.StatusAccepted || status == http.StatusCreated {
			var run struct{ ID string }
			if err := json.Unmarshal([]byte(text), &run); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the ingest ends", func() bool {
				_, text = sales.console("GET", "/ingests/"+run.ID+"?wait_ms=1000", nil)
				return !strings.Contains(text, `"running"`)
			})
			if told := tells(text, ""); len(told) > 0 || !strings.Contains(text, "not authorized") {
				t.Error(told, text)
			}
		}
	})

	t.Run("the metastore port", func(t *testing.T) {
		c, err := hive.Open(hive.Config{URIs: []string{l.HMS}, Age: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx := t.Context()
		table, err := c.Table(ctx, "default", "orders")
		if err != nil {
			t.Fatal(err)
		}
		ps, err := c.Partitions(ctx, "default", "orders", catalog.PartitionPage{})
		if err != nil {
			t.Fatal(err)
		}
		names, err := c.PartitionNames(ctx, "default", "orders", catalog.PartitionPage{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{table, ps, names})
		if err != nil {
			t.Fatal(err)
		}
		if told := tells(string(text), ""); len(told) > 0 || len(names) != 1 || len(ps) != 1 {
			t.Errorf("%q: %s", told, text)
		}
		table.Parameters["a"] = "b"
		if err := c.AlterTable(ctx, "default", "orders", table); err == nil {
			t.Error("sales changed the table")
		}
		if err := c.DropTable(ctx, "default", "orders"); err == nil {
			t.Error("sales dropped the table")
		}
	})

	t.Run("a rule that fits no more closes the table", func(t *testing.T) {
		l.SQL(t, "ALTER TABLE orders REPLACE COLUMNS (id int, email string)")
		if rows, reason := sales.sql("SELECT id FROM orders"); !strings.Contains(reason, "is closed: its rules do not fit it any more") || strings.Contains(reason, "phonenumber") {
			t.Error(rows, reason)
		}
		if rows := l.SQL(t, "SELECT count(*) FROM orders"); !slices.Equal(rows, []string{"4"}) {
			t.Error(rows)
		}
		l.Run(t, lake.Binary(t), "access", "rules", "delete", "germania", "--data", l.Data, "--table", "default.orders")
		if rows, reason := other.sql("SELECT count(*) FROM orders"); !slices.Equal(rows, []string{"_col0", "4"}) {
			t.Error(rows, reason)
		}
		if _, err := sales.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String("orders/country=Francia/1.csv")}); err != nil {
			t.Error(err)
		}
	})
}
