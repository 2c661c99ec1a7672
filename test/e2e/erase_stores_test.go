package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/go-sql-driver/mysql"

	"lethe/erasure"
	"lethe/erasure/index/dynamodb"
	"lethe/erasure/index/postgres"
	"lethe/test/lake"
	"lethe/test/need"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

const (
	goneUser = "V34qejxNsCbcgD8C0HVk-Q"
	goneMail = "vera.gone@example.org"
	keptUser = "ofKDkJKXSKZXu5xJNGiiBQ"
)

// holderDB is a database that holds persons, as the framework names them: db.table.column.
type holderDB struct {
	*sql.DB
	url string
}

func (d holderDB) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := d.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows are the rows of a query of one column.
func (d holderDB) rows(t *testing.T, query string) (all []string) {
	t.Helper()
	rows, err := d.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// crmAndShop make a PostgreSQL database with customers and their orders, and a MariaDB
// database with buyers.
func crmAndShop(t *testing.T) (crm, shop holderDB) {
	t.Helper()
	crm.url, shop.url = need.Postgres(t), need.MariaDB(t)
	u, err := url.Parse(shop.url)
	if err != nil {
		t.Fatal(err)
	}
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	c.Passwd, _ = u.User.Password()
	for db, at := range map[*holderDB][2]string{&crm: {"pgx", crm.url}, &shop: {"mysql", c.FormatDSN()}} {
		if db.DB, err = sql.Open(at[0], at[1]); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
	}
	crm.exec(t, `CREATE TABLE customers (id integer PRIMARY KEY, email text)`, `CREATE TABLE orders (id integer, customer integer REFERENCES customers)`,
		`INSERT INTO customers VALUES (1, 'Vera.Gone@Example.org'), (2, 'other@example.org')`, `INSERT INTO orders VALUES (1, 1), (2, 1), (3, 2)`)
	shop.exec(t, `CREATE TABLE buyers (userid varchar(40), what varchar(40))`,
		fmt.Sprintf(`INSERT INTO buyers VALUES ('%s', 'a'), ('%s', 'b'), ('%s', 'c')`, goneUser, goneUser, keptUser))
	return crm, shop
}

// eraser is a lake as its privacy officer uses it.
type eraser struct {
	*lake.Lake
	t    *testing.T
	file string // its configuration
	// logged says that the index's database has logs and backups of its own, which each
	// certificate names.
	logged bool
}

func (e eraser) lethe(args ...string) string {
	e.t.Helper()
	return e.Run(e.t, lake.Binary(e.t), append([]string{args[0], "--data", e.Data}, args[1:]...)...)
}

// erase runs lethe erase.
func (e eraser) erase(args ...string) string {
	e.t.Helper()
	return e.lethe(append([]string{"erase"}, args...)...)
}

// scan looks for the person in all files of a folder.
func (e eraser) scan(dir string) {
	e.t.Helper()
	out, err := e.Try(lake.Binary(e.t), "erase", "scan", "--dir", dir, "--for", goneUser, "--for", goneMail, "--for", "Vera.Gone@Example.org")
	if err != nil || strings.Contains(out, "not decoded") {
		e.t.Errorf("%s: %s", dir, out)
	}
}

// startEraser starts a lake with an index, and makes the identifier types.
func startEraser(t *testing.T, data, index, more string) eraser {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lethe.yaml")
	write(t, file, []byte("erasure:\n  index: "+index+"\n"+more))
	e := eraser{lake.Start(t, data, "serve", "--config", file), t, file, strings.Contains(index, "postgres://")}
	e.erase("type", "user_id")
	e.erase("type", "mail", "--form", "email")
	mapping := filepath.Join(t.TempDir(), "mapping.json")
	write(t, mapping, []byte(`{"name": "reviews", "location": "s3://people/reviews/", "format": "jsonl", "identifiers": [
		{"type": "user_id", "columns": ["user_id"]}, {"type": "mail", "columns": ["mail"]}]}`))
	if !strings.Contains(more, "stores:") {
		e.Bucket(t, "people")
	}
	e.erase("map", "-f", mapping)
	return e
}

// objects makes two objects, of which one has an older version, that hold the person.
func (e eraser) objects() {
	e.t.Helper()
	line := func(user, mail string) string {
		return fmt.Sprintf("{\"user_id\":%q,\"mail\":%q,\"body\":\"x\"}\n", user, mail)
	}
	bucket := "people"
	_, err := e.S3(e.t).PutBucketVersioning(e.t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		e.t.Fatal(err)
	}
	e.Put(e.t, bucket, "reviews/1.json", line(goneUser, "x@example.org"))
	e.Put(e.t, bucket, "reviews/1.json", line(goneUser, "x@example.org")+line(keptUser, "y@example.org"))
	e.Put(e.t, bucket, "reviews/2.json", line("other", goneMail)+line(keptUser, "z@example.org"))
	e.Put(e.t, bucket, "reviews/3.json", line("other", "o@example.org"))
}

// holdersIn is the configuration of two databases.
func holdersIn(crm, shop holderDB) string {
	return fmt.Sprintf(`  databases:
    - name: crm
      dsn: %q
      tables:
        - table: public.customers
          identifiers: [{type: mail, columns: [email]}]
        - table: public.orders
    - name: shop
      dsn: %q
      tables:
        - table: %s.buyers
          identifiers: [{type: user_id, columns: [userid]}]
`, crm.url, shop.url, shop.url[strings.LastIndex(shop.url, "/")+1:])
}

// killed approves a request, kills the server while it waits for a customer's row, in the
// middle of the erasure, and starts it again.
func (e *eraser) killed(id string, crm holderDB) {
	t := e.t
	t.Helper()
	row, err := crm.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer row.Rollback()
	if _, err := row.Exec(`SELECT FROM customers WHERE id = 1 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	e.erase("approve", id)
	waiting := `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for began := time.Now(); crm.rows(t, waiting)[0] == "0"; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("nobody wants to erase the customer: %s", e.erase("status", id))
		}
	}
	e.Kill()
	if err := row.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := crm.rows(t, `SELECT email FROM customers WHERE id = 1`); len(got) != 1 {
		t.Errorf("the customer is %q before the server has come back", got)
	}
	e.Lake = lake.Start(t, e.Data, "serve", "--config", e.file)
}

// forget erases the person, and checks what each step says. It returns the file of the
// certificate.
func (e eraser) forget(crm, shop holderDB, approve func(e *eraser, id string, crm holderDB)) (certificate string) {
	t := e.t
	t.Helper()
	e.lethe("index", "build")
	if out := e.lethe("index", "status"); !strings.HasPrefix(out, "4 objects, ") {
		t.Errorf("the index: %s", out)
	}
	id := strings.TrimSpace(e.erase("request", "--id", "user_id="+goneUser, "--id", "mail="+goneMail, "--wait", "reported"))
	text := e.erase("report", id)
	var report erasure.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err, text)
	}
	held := map[string]int64{}
	for _, h := range report.Holdings {
		_, place, _ := strings.Cut(h.Place, ".") // without the schema, which in MariaDB is the database
		held[h.Holder+" "+place] += h.Records
	}
	for at, n := range map[string]int64{"postgres:crm customers": 1, "postgres:crm orders": 2, "mysql:shop buyers": 2} {
		if held[at] != n {
			t.Errorf("the report has %v, and not %d at %s", held, n, at)
		}
	}
	if !strings.Contains(text, "reviews/1.json") || !strings.Contains(text, "reviews/2.json") || strings.Contains(text, "reviews/3.json") || strings.Contains(text, goneUser) {
		t.Errorf("the report: %s", text)
	}
	approve(&e, id, crm)
	if out := e.erase("status", id, "--wait", "done"); !strings.Contains(out, " done ") {
		t.Errorf("the request: %s", out)
	}
	certificate = filepath.Join(t.TempDir(), "certificate.json")
	e.erase("certificate", id, "-o", certificate)
	exceptions := "in 0 exceptions"
	if e.logged {
		exceptions = "in 1 exceptions"
	}
	if out := e.erase("verify", certificate); !strings.Contains(out, "the person is in 0 of ") || !strings.Contains(out, exceptions) || strings.Contains(out, "lake backups") {
		t.Errorf("verified: %s", out)
	}

	if got := crm.rows(t, `SELECT email FROM customers`); !slices.Equal(got, []string{"other@example.org"}) {
		t.Errorf("customers: %q", got)
	}
	if got := crm.rows(t, `SELECT id FROM orders`); !slices.Equal(got, []string{"3"}) {
		t.Errorf("orders: %q", got)
	}
	if got := shop.rows(t, `SELECT userid FROM buyers`); !slices.Equal(got, []string{keptUser}) {
		t.Errorf("buyers: %q", got)
	}
	e.scan(e.Data)
	return certificate
}

// extract makes a data set of the objects that is imported.
func (e eraser) extract() (dataSet string) {
	t := e.t
	t.Helper()
	e.SQL(t, "CREATE EXTERNAL TABLE reviews (user_id string, mail string, body string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://people/reviews/'")
	status, said := logIn(t, e.Lake, "lethe").do(t, "POST", "/data-sets", `{"name": "reviews", "mode": "extract", "read_as": "viewer",
		"fields": [{"name": "who", "column": "user_id"}, {"name": "mail", "column": "mail"}], "source": {"sql": "SELECT user_id, mail FROM reviews"}}`)
	var set struct{ ID string }
	if err := json.Unmarshal(said, &set); err != nil || status != http.StatusCreated {
		t.Fatal(status, string(said), err)
	}
	return set.ID
}

// extracted waits until a data set has an extract of a number of rows.
func (e eraser) extracted(dataSet string, rows int) {
	t := e.t
	t.Helper()
	c := logIn(t, e.Lake, "lethe")
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		status, said := c.do(t, "GET", "/data-sets/"+dataSet+"/extract", "")
		var x struct {
			ID   string
			Rows int
		}
		if err := json.Unmarshal(said, &x); err != nil || status != http.StatusOK {
			t.Fatal(status, string(said), err)
		}
		if x.ID != "" && x.Rows == rows {
			return
		}
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("there is no extract of %d rows: %s", rows, said)
		}
	}
}

// hashes are those of the person, by the lake's key.
func (e eraser) hashes() (hs []erasure.Hash) {
	e.t.Helper()
	raw, err := os.ReadFile(filepath.Join(e.Data, "keys", "identifiers"))
	if err != nil {
		e.t.Fatal(err)
	}
	key, err := erasure.NewHashKey(raw)
	if err != nil {
		e.t.Fatal(err)
	}
	return []erasure.Hash{key.Hash("user_id", goneUser), key.Hash("mail", goneMail), key.Hash("user_id", keptUser)}
}

// checkIndex wants that an index finds whoever was kept, and nobody else of the two.
func (e eraser) checkIndex(x erasure.Index) {
	e.t.Helper()
	defer x.Close()
	for i, h := range e.hashes() {
		n := 0
		for _, err := range x.Find(e.t.Context(), h) {
			if err != nil {
				e.t.Fatal(err)
			}
			n++
		}
		if want := []int{0, 0, 2}[i]; n != want {
			e.t.Errorf("the index has identifier %d in %d objects, want %d", i, n, want)
		}
	}
}

// TestErasureWithASharedIndex: an erasure from objects, PostgreSQL and MariaDB in one
// request, with its index in PostgreSQL, which another process shares that has the
// objects by S3: what the first has erased, the second does not find.
func TestErasureWithASharedIndex(t *testing.T) {
	crm, shop := crmAndShop(t)
	at := need.Postgres(t)
	index := fmt.Sprintf("%q", at)
	first := startEraser(t, t.TempDir(), index, holdersIn(crm, shop))
	first.objects()
	reviews := first.extract()
	first.extracted(reviews, 5)

	// The second has the keys of the first, and the same index.
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"identifiers", "certificates"} {
		raw, err := os.ReadFile(filepath.Join(first.Data, "keys", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(data, "keys", name), raw)
	}
	key, err := first.AWSConfig(t).Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := startEraser(t, data, index, fmt.Sprintf("stores:\n  first: {endpoint: %q, region: %s, path_style: true, access_key_id: %s, secret_access_key: %q, buckets: [people]}\n",
		first.AWS, first.Region, key.AccessKeyID, key.SecretAccessKey))
	second.lethe("index", "build")
	before := strings.TrimSpace(second.erase("request", "--id", "user_id="+goneUser, "--wait", "reported"))
	if out := second.erase("report", before); !strings.Contains(out, "reviews/1.json") {
		t.Errorf("the second reports: %s", out)
	}
	second.erase("reject", before, "--reason", "the first erases")

	certificate := first.forget(crm, shop, func(e *eraser, id string, _ holderDB) {
		if report := e.erase("report", id); !strings.Contains(report, "extracts of data sets") {
			t.Errorf("the extract is not in the report: %s", report)
		}
		e.erase("approve", id)
	})
	// The extract went with the person, and another was made of what is left.
	first.extracted(reviews, 3)
	if _, said := logIn(t, first.Lake, "lethe").do(t, "POST", "/data-sets/"+reviews+"/query", `{"dimensions":[{"field":"who"}]}`); strings.Contains(string(said), goneUser) || !strings.Contains(string(said), keptUser) {
		t.Errorf("the data set answers %s", said)
	}
	first.scan(first.Data)

	if out := second.erase("verify", certificate); !strings.Contains(out, "the person is in 0 of ") {
		t.Errorf("the second verifies: %s", out)
	}
	if out := second.lethe("index", "build"); !strings.HasPrefix(out, "0 objects read") {
		t.Errorf("the second reads what the first has indexed: %s", out)
	}
	after := strings.TrimSpace(second.erase("request", "--id", "user_id="+goneUser, "--id", "mail="+goneMail, "--wait", "reported"))
	var q erasure.Request
	if err := json.Unmarshal([]byte(second.erase("status", after, "--json")), &q); err != nil || q.Found != (erasure.Found{Holdings: 1}) {
		t.Errorf("the second finds %+v, %v", q.Found, err)
	}
	// What it names is the index's database, whose logs and backups are nobody's here.
	if out := second.erase("report", after); strings.Contains(out, "reviews/") || !strings.Contains(out, "its write-ahead log and backups") {
		t.Errorf("the second reports: %s", out)
	}
	second.erase("reject", after, "--reason", "nobody is there")
	second.scan(second.Data)

	x, err := postgres.Open(t.Context(), postgres.Config{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	first.checkIndex(x)
	// The index's files, as PostgreSQL keeps them.
	db, err := sql.Open("pgx", at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := holderDB{db, at}
	d.exec(t, "CHECKPOINT")
	dir := d.rows(t, `SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()`)
	first.scan(dir[0])
}

// TestErasureWithDynamoDB: the same erasure with the index in DynamoDB, and with a server
// that is killed in the middle of it.
func TestErasureWithDynamoDB(t *testing.T) {
	crm, shop := crmAndShop(t)
	endpoint := need.DynamoDB(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	l := startEraser(t, t.TempDir(), fmt.Sprintf("%q", "dynamodb://eu-central-1/lethe-index?endpoint="+url.QueryEscape(endpoint)), holdersIn(crm, shop))
	l.objects()
	l.forget(crm, shop, (*eraser).killed)
	x, err := dynamodb.Open(t.Context(), dynamodb.Config{Region: "eu-central-1", Table: "lethe-index", Endpoint: endpoint, AccessKeyID: "local", SecretAccessKey: "local"})
	if err != nil {
		t.Fatal(err)
	}
	l.checkIndex(x)
}
