package e2e

import (
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	athenasdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe/lib/hms"
	"lethe/lib/thrift"
	"lethe/test/lake"
	"lethe/test/need"
)

// walk sends every operation of every wire in every way that must be refused.
type walk struct {
	t      *testing.T
	l      *lake.Lake
	admin  aws.Credentials
	nobody aws.Credentials // a user without policies
	// analyst may query, and read all data.
	analyst *athenasdk.Client
	// refused are the requests of nobody, by the ids that their answers told, with
	// the actions of which one must have been refused.
	refused map[string]refusal
}

type refusal struct {
	what    string
	actions []string // nil: any of the service
}

// TestEveryOperationIsDecided takes the operations from where they are registered:
// models, tables, the interface file and the description of the console's API. One that
// is added is walked too; if it cannot be sent as the others are, the test fails until
// it is told how.
func TestEveryOperationIsDecided(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	ctx := context.Background()
	w := &walk{t: t, l: l, refused: map[string]refusal{}}
	var err error
	if w.admin, err = l.AWSConfig(t).Credentials.Retrieve(ctx); err != nil {
		t.Fatal(err)
	}
	users := iam.NewFromConfig(l.AWSConfig(t))
	if _, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("nobody")}); err != nil {
		t.Fatal(err)
	}
	made, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	// An analyst may query and read all data, and not the audit.
	if _, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("analyst")}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"AmazonAthenaFullAccess", "AmazonS3FullAccess"} {
		if _, err := users.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("analyst"), PolicyArn: aws.String("arn:aws:iam::aws:policy/" + p)}); err != nil {
			t.Fatal(err)
		}
	}
	analyst, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("analyst")})
	if err != nil {
		t.Fatal(err)
	}
	w.analyst = athenasdk.NewFromConfig(aws.Config{Region: l.Region, BaseEndpoint: aws.String(l.AWS),
		Credentials: credentials.NewStaticCredentialsProvider(*analyst.AccessKey.AccessKeyId, *analyst.AccessKey.SecretAccessKey, "")})
	w.nobody = aws.Credentials{AccessKeyID: *made.AccessKey.AccessKeyId, SecretAccessKey: *made.AccessKey.SecretAccessKey}
	l.Bucket(t, "walk")
	l.Put(t, "walk", "key", "x")

	t.Run("AWS", func(t *testing.T) { w.t = t; w.services() })
	t.Run("Lambda", func(t *testing.T) { w.t = t; w.lambda() })
	t.Run("S3", func(t *testing.T) { w.t = t; w.s3() })
	t.Run("console", func(t *testing.T) { w.t = t; w.console() })
	t.Run("metastore", func(t *testing.T) { w.t = t; w.metastore() })
	t.Run("health", func(t *testing.T) { w.t = t; w.health() })
	t.Run("audit", func(t *testing.T) { w.t = t; w.audit() })
	t.Run("secrets", func(t *testing.T) { w.t = t; w.secrets() })
}

// call is a request before it is signed.
type call struct {
	what, service      string
	method, path, body string // path with query
	header             map[string]string
	actions            []string
	open               bool // to whoever has signed: nothing is decided
	unimplemented      bool
	each               bool // is decided about each of several, and says so in what it answers
}

// do sends a call, signed by who at a time, and returns its answer.
func (w *walk) do(c call, who aws.Credentials, at time.Time, change func(*http.Request)) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequest(c.method, w.l.AWS+c.path, strings.NewReader(c.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	if who.AccessKeyID != "" {
		sum := sha256.Sum256([]byte(c.body))
		hash := hex.EncodeToString(sum[:])
		r.Header.Set("X-Amz-Content-Sha256", hash)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
		if err := signer.SignHTTP(context.Background(), who, r, hash, c.service, w.l.Region, at); err != nil {
			w.t.Fatal(err)
		}
	}
	if change != nil {
		change(r)
	}
	return w.send(r)
}

func (w *walk) send(r *http.Request) (*http.Response, string) {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(body)
}

// refuse sends a call in every way that must be refused.
func (w *walk) refuse(c call) {
	w.t.Helper()
	now := time.Now()
	wrong, unknown, stolen := w.admin, w.admin, w.admin
	wrong.SecretAccessKey += "x"
	unknown.AccessKeyID = "AKIANOBODY0000000000"
	stolen.SessionToken = "stolen"
	body := func(r *http.Request) {
		changed := c.body + " "
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	}
	for _, x := range []struct {
		why    string
		who    aws.Credentials
		at     time.Time
		change func(*http.Request)
	}{
		{"unsigned", aws.Credentials{}, now, nil},
		{"with a wrong secret", wrong, now, nil},
		{"with an unknown key", unknown, now, nil},
		{"with a token that is none", stolen, now, nil},
		{"signed an hour ago", w.admin, now.Add(-time.Hour), nil},
		{"signed in an hour", w.admin, now.Add(time.Hour), nil},
		{"with another body", w.admin, now, body},
		{"with another path", w.admin, now, func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" }},
		{"with another query", w.admin, now, func(r *http.Request) { r.URL.RawQuery += "&x=1" }},
		{"with another method", w.admin, now, func(r *http.Request) { r.Method = map[bool]string{true: "PUT", false: "POST"}[r.Method == "POST"] }},
	} {
		if x.why == "with another body" && (c.method == "GET" || c.method == "HEAD" || c.method == "DELETE") {
			continue
		}
		if resp, said := w.do(c, x.who, x.at, x.change); resp.StatusCode < 400 || resp.StatusCode >= 500 && resp.StatusCode != 501 {
			w.t.Errorf("%s %s: %s %.300s", c.what, x.why, resp.Status, said)
		}
	}
	resp, said := w.do(c, w.nobody, now, nil)
	switch {
	case c.open:
		if resp.StatusCode != http.StatusOK {
			w.t.Errorf("%s is open to whoever has signed, and answers %s %.300s", c.what, resp.Status, said)
		}
	case c.unimplemented:
		if resp.StatusCode != http.StatusNotImplemented && resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusMethodNotAllowed {
			w.t.Errorf("%s is not implemented, and answers %s %.300s", c.what, resp.Status, said)
		}
	default:
		id := resp.Header.Get("X-Amzn-Requestid")
		if c.service == "s3" {
			id = resp.Header.Get("X-Amz-Request-Id")
		}
		denied := strings.Contains(said, "AccessDenied") || strings.HasPrefix(resp.Header.Get("X-Amzn-Errortype"), "AccessDenied") || c.method == "HEAD" && resp.StatusCode == http.StatusForbidden
		if !denied || resp.StatusCode < 400 && !c.each || id == "" {
			w.t.Errorf("%s by nobody: %s %q %.300s", c.what, resp.Status, id, said)
			return
		}
		w.refused[id] = refusal{c.what, c.actions}
	}
}

// model is what the walk needs of a service's description.
type model struct {
	Metadata struct {
		SigningName, Protocol, APIVersion, JSONVersion, TargetPrefix string
	}
	Operations map[string]*struct{ Input *struct{ Shape string } }
	Shapes     map[string]*shape
	execution  string // of somebody else
}

type shape struct {
	Type     string
	Required []string
	Members  map[string]struct{ Shape string }
	Member   *struct{ Shape, LocationName string }
	Enum     []string
	Min      float64
}

// value makes the least value of a shape that is valid.
func (m *model) value(name, of string) any {
	s := m.Shapes[of]
	switch {
	case s == nil:
		return "x"
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case "structure":
		v := map[string]any{}
		for _, r := range s.Required {
			v[r] = m.value(r, s.Members[r].Shape)
		}
		return v
	case "list":
		item := m.value(strings.TrimSuffix(name, "s"), s.Member.Shape)
		if v, ok := item.(map[string]any); ok && len(v) == 0 {
			// The Query protocol has no word for a structure with nothing in it.
			for member, of := range m.Shapes[s.Member.Shape].Members {
				v[member] = m.value(member, of.Shape)
			}
		}
		return list{cmp.Or(s.Member.LocationName, "member"), item}
	case "map":
		return map[string]any{}
	case "integer", "long":
		return max(1, s.Min)
	case "boolean":
		return true
	case "timestamp":
		return 1.7e9
	case "blob":
		return "eA=="
	}
	switch {
	case strings.HasSuffix(name, "PolicyDocument"), name == "PolicyInputList", name == "ResourcePolicy":
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"*"}}}`
	case name == "ResourceARN":
		return "arn:aws:athena:eu-central-1:000000000000:workgroup/primary"
	case strings.HasPrefix(name, "Role") && strings.HasSuffix(name, "Arn"):
		return "arn:aws:iam::000000000000:role/none-at-all"
	case strings.HasSuffix(name, "Arn"), name == "PermissionsBoundary":
		return "arn:aws:iam::000000000000:policy/none-at-all"
	case name == "AccessKeyId":
		return "AKIA0123456789ABCDEF"
	case name == "VersionId":
		return "v1"
	case name == "ClientRequestToken":
		return strings.Repeat("t", 40)
	case strings.HasSuffix(name, "ExecutionId"):
		return m.execution
	case name == "WorkGroup":
		return "primary"
	case name == "QueryString":
		return "SELECT 1"
	case name == "ActionName":
		return "s3:GetObject"
	case strings.HasSuffix(name, "Password"):
		return "correct horse"
	}
	return "none" + strings.Repeat("x", max(0, int(s.Min)-4))
}

// list has one value, which the Query protocol gives a name.
type list struct {
	name string
	item any
}

// MarshalJSON writes it for the JSON protocols.
func (l list) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.item}) }

// form flattens a value as the Query protocol does.
func form(into url.Values, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			form(into, strings.TrimPrefix(name+"."+k, "."), x)
		}
	case list:
		form(into, name+"."+v.name+".1", v.item)
	default:
		into.Set(name, fmt.Sprint(v))
	}
}

// services walks the services that have models.
func (w *walk) services() {
	// What everyone may who has signed (STS API Reference).
	open := []string{"sts:GetCallerIdentity", "sts:GetSessionToken"}
	// What is decided under another action than its name's, or by the objects that it names.
	actions := map[string][]string{
		"secretsmanager:BatchGetSecretValue": {"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"},
	}
	files, err := filepath.Glob(filepath.Join(need.Root(), "wire", "*", "model.json"))
	if err != nil || len(files) < 3 {
		w.t.Fatal(files, err)
	}
	started, err := w.l.Athena(w.t).StartQueryExecution(context.Background(), &athenasdk.StartQueryExecutionInput{QueryString: aws.String("SELECT '" + privately + "'")})
	if err != nil {
		w.t.Fatal(err)
	}
	walked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		m := model{execution: *started.QueryExecutionId}
		if err := json.Unmarshal(text, &m); err != nil {
			w.t.Fatal(err)
		}
		service := m.Metadata.SigningName
		for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
			if m.Operations[name] == nil {
				continue // known to exist on AWS, answered NotImplemented
			}
			walked++
			full := service + ":" + name
			c := call{what: full, service: service, method: "POST", path: "/", header: map[string]string{}, actions: []string{full}, open: slices.Contains(open, full)}
			if a := actions[full]; a != nil {
				c.actions = a
			}
			var input any = map[string]any{}
			if in := m.Operations[name].Input; in != nil {
				input = m.value(name, in.Shape)
			}
			if m.Metadata.Protocol == "json" {
				body, err := json.Marshal(input)
				if err != nil {
					w.t.Fatal(err)
				}
				c.body = string(body)
				c.header["Content-Type"] = "application/x-amz-json-" + m.Metadata.JSONVersion
				c.header["X-Amz-Target"] = m.Metadata.TargetPrefix + "." + name
			} else {
				v := url.Values{"Action": {name}, "Version": {m.Metadata.APIVersion}}
				form(v, "", input)
				c.body = v.Encode()
				c.header["Content-Type"] = "application/x-www-form-urlencoded"
			}
			w.refuse(c)
		}
	}
	if walked < 110 {
		w.t.Errorf("only %d operations", walked)
	}
}

// lambda walks the readings of connectors.
func (w *walk) lambda() {
	for name, path := range map[string]string{"ListFunctions": "/2015-03-31/functions/", "GetFunction": "/2015-03-31/functions/lethe-hive-metastore"} {
		w.refuse(call{what: "lambda:" + name, service: "lambda", method: "GET", path: path, actions: []string{"lambda:" + name}})
	}
}

// s3 walks the table of S3's operations.
func (w *walk) s3() {
	text, err := os.ReadFile(filepath.Join(need.Root(), "wire", "s3", "operations.go"))
	if err != nil {
		w.t.Fatal(err)
	}
	bodies := map[string]string{
		"tagging":                 `<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`,
		"policy":                  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::walk/*"}]}`,
		"versioning":              `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`,
		"delete":                  `<Delete><Object><Key>key</Key></Object></Delete>`,
		"cors":                    `<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>`,
		"lifecycle":               `<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
		"notification":            `<NotificationConfiguration></NotificationConfiguration>`,
		"ownershipControls":       `<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`,
		"object-lock":             `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`,
		"retention":               `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>`,
		"requestPayment":          `<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`,
		"website":                 `<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>`,
		"publicAccessBlock":       `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"legal-hold":              `<LegalHold><Status>ON</Status></LegalHold>`,
		"CompleteMultipartUpload": `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag></Part></CompleteMultipartUpload>`,
	}
	queries := map[string]string{
		"AbortMultipartUpload": "uploadId=none", "CompleteMultipartUpload": "uploadId=none", "ListParts": "uploadId=none", "UploadPart": "partNumber=1&uploadId=none", "UploadPartCopy": "partNumber=1&uploadId=none",
		"ListObjectsV2": "list-type=2",
	}
	walked, decided := 0, 0
	row := regexp.MustCompile(`\{"([A-Z][A-Za-z0-9]+)", "([A-Z]+)", (theService|aBucket|anObject), "([^"]*)", [^,]+, [^,]+, ([^}]*)\},`)
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		name, sub := m[1], m[4]
		c := call{what: "s3:" + name, service: "s3", method: m[2], unimplemented: m[5] != `""`, header: map[string]string{},
			path: map[string]string{"theService": "/", "aBucket": "/walk", "anObject": "/walk/key"}[m[3]]}
		var query []string
		if sub != "" {
			query = append(query, url.QueryEscape(sub)+"=")
		}
		if q := queries[name]; q != "" {
			query = append(query, q)
		}
		if len(query) > 0 {
			c.path += "?" + strings.Join(query, "&")
		}
		if c.method == "PUT" || c.method == "POST" {
			if c.body = bodies[name]; c.body == "" {
				c.body = bodies[sub]
			}
			if c.body != "" {
				sum := md5sum(c.body)
				c.header["Content-Md5"] = sum
			}
		}
		switch name {
		case "CopyObject", "UploadPartCopy":
			c.header["X-Amz-Copy-Source"] = "walk/key"
		case "DeleteObjects":
			c.each = true
		case "GetObjectAttributes":
			c.header["X-Amz-Object-Attributes"] = "ETag"
		}
		w.refuse(c)
		walked++
		if !c.unimplemented {
			decided++
			w.presigned(c)
		}
	}
	w.t.Logf("%d operations, of which %d are implemented", walked, decided)
	if walked < 100 || decided < 45 {
		w.t.Errorf("only %d operations were found, %d of them implemented", walked, decided)
	}
}

// presigned sends a request whose signature stands in its URL, after its time and by nobody.
func (w *walk) presigned(c call) {
	w.t.Helper()
	for _, x := range []struct {
		why    string
		who    aws.Credentials
		at     time.Time
		change func(url.Values)
	}{
		{"presigned, too late", w.admin, time.Now().Add(-time.Hour), nil},
		{"presigned, by nobody", w.nobody, time.Now(), nil},
		{"presigned, for longer than it was", w.admin, time.Now().Add(-time.Hour), func(q url.Values) { q.Set("X-Amz-Expires", "86400") }},
		{"presigned, without its signature", w.admin, time.Now(), func(q url.Values) { q.Del("X-Amz-Signature") }},
	} {
		r, err := http.NewRequest(c.method, w.l.AWS+c.path, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		q := r.URL.Query()
		q.Set("X-Amz-Expires", "60")
		r.URL.RawQuery = q.Encode()
		signed, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
			PresignHTTP(context.Background(), x.who, r, "UNSIGNED-PAYLOAD", "s3", w.l.Region, x.at)
		if err != nil {
			w.t.Fatal(err)
		}
		u, err := url.Parse(signed)
		if err != nil {
			w.t.Fatal(err)
		}
		if x.change != nil {
			q := u.Query()
			x.change(q)
			u.RawQuery = q.Encode()
		}
		if r, err = http.NewRequest(c.method, u.String(), strings.NewReader(c.body)); err != nil {
			w.t.Fatal(err)
		}
		if resp, said := w.send(r); resp.StatusCode < 400 || resp.StatusCode >= 500 && resp.StatusCode != 501 {
			w.t.Errorf("%s %s: %s %.300s", c.what, x.why, resp.Status, said)
		}
	}
}

// console walks the operations of the description of the console's API.
func (w *walk) console() {
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string      `json:"operationId"`
			Actions     []string    `json:"x-actions"`
			Security    *[]struct{} `json:"security"`
		}
	}
	resp, said := w.ask("GET", "/openapi.json", "", nil)
	if err := json.Unmarshal([]byte(said), &d); err != nil {
		w.t.Fatal(resp.Status, err)
	}
	login := func(who aws.Credentials) string {
		resp, said := w.ask("POST", "/session", fmt.Sprintf(`{"name":%q,"password":%q,"token":true}`, who.AccessKeyID, who.SecretAccessKey), nil)
		var s struct{ Token string }
		if err := json.Unmarshal([]byte(said), &s); err != nil || s.Token == "" {
			w.t.Fatal(resp.Status, said, err)
		}
		return s.Token
	}
	nobody, ended := login(w.nobody), login(w.admin)
	if resp, said := w.ask("DELETE", "/session", "", http.Header{"Authorization": {"Bearer " + ended}}); resp.StatusCode != http.StatusNoContent {
		w.t.Fatal(resp.Status, said)
	}
	// What is before a login: the description, and the ways to log in.
	public := []string{"getOpenAPI", "createSession", "listLoginProviders", "beginLogin", "finishLogin", "endLogin"}
	// What is about the caller alone.
	open := []string{"getSession", "deleteSession"}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.Security != nil && len(*op.Security) == 0 {
				if !slices.Contains(public, op.OperationID) {
					w.t.Errorf("%s is open to everyone", op.OperationID)
				}
				continue
			}
			method = strings.ToUpper(method)
			x, ok := consoleCalls[op.OperationID]
			at := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllStringFunc(path, func(p string) string {
				if v := map[string]string{"{catalog}": "AwsDataCatalog", "{database}": "default", "{bucket}": "walk", "{key}": "key"}[p]; v != "" {
					return v
				}
				return "none"
			})
			if x.query != "" {
				at += "?" + x.query
			}
			for why, h := range map[string]http.Header{
				"without a login": nil, "with a token that is none": {"Authorization": {"Bearer xyz"}}, "with a login that has ended": {"Authorization": {"Bearer " + ended}},
				"with a cookie that is none": {"Cookie": {"lethe_session=xyz"}}, "with an access key": {"Authorization": {"Bearer " + w.admin.SecretAccessKey}},
			} {
				if resp, said := w.ask(method, at, x.body, h); resp.StatusCode != http.StatusUnauthorized {
					w.t.Errorf("%s %s: %s %.300s", op.OperationID, why, resp.Status, said)
				}
			}
			if slices.Contains(open, op.OperationID) {
				continue
			}
			if method != "GET" && method != "HEAD" {
				h := http.Header{"Cookie": {"lethe_session=" + nobody}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
				if resp, said := w.ask(method, at, x.body, h); resp.StatusCode != http.StatusForbidden || !strings.Contains(said, "another site") {
					w.t.Errorf("%s from another site's page: %s %.300s", op.OperationID, resp.Status, said)
				}
			}
			resp, said := w.ask(method, at, x.body, http.Header{"Authorization": {"Bearer " + nobody}})
			switch {
			case x.filtered:
				if resp.StatusCode != http.StatusOK {
					w.t.Errorf("%s by nobody: %s %.300s", op.OperationID, resp.Status, said)
				}
			case resp.StatusCode != http.StatusForbidden:
				w.t.Errorf("%s by nobody (has a case: %v): %s %.300s", op.OperationID, ok, resp.Status, said)
			default:
				w.refused[resp.Header.Get("X-Request-Id")] = refusal{op.OperationID, op.Actions}
			}
		}
	}
}

// consoleCalls are the queries and bodies that operations of the console want before
// they decide. Those that are filtered answer everyone what the caller may see.
var consoleCalls = map[string]struct {
	query, body string
	filtered    bool
}{
	"startQuery":      {body: `{"statement":"SELECT 1"}`},
	"explainAccess":   {query: "action=s3:GetObject&as=admin"},
	"startIngest":     {body: `{"sources":["s3://walk/key"],"table":"t","location":"s3://walk/t/"}`},
	"putConnector":    {body: `{"description":"x","uris":["thrift://127.0.0.1:1"]}`},
	"redeliverEvents": {query: "receiver=target/none"},
	"discardEvents":   {query: "receiver=target/none"},
	"putObject":       {body: "x"},
}

// ask sends a request to the console's API.
func (w *walk) ask(method, path, body string, h http.Header) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.l.Console+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	maps.Copy(r.Header, h)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return w.send(r)
}

// metastore walks the interface of Hive's metastore, as a client that has not logged
// in: it is nobody. Those that concern nobody's data answer.
func (w *walk) metastore() {
	without := strings.Fields(`aliveSince flushCache getCounters getMetaConf getName getStatus getStatusDetails getVersion heartbeat get_config_value get_role_names list_roles
		get_all_functions get_principals_in_role get_privilege_set get_role_grants_for_principal list_privileges
		partition_name_has_valid_characters partition_name_to_spec partition_name_to_vals setMetaConf set_ugi`)
	walked := 0
	for name, m := range hms.Methods {
		if m.Oneway {
			continue
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.l.HMS, "thrift://"))
		if err != nil {
			w.t.Fatal(err)
		}
		walked++
		conn.SetDeadline(time.Now().Add(time.Minute))
		err = thrift.NewClient(conn, thrift.Transport{}).Call(name, m.Args(), m.Result())
		conn.Close()
		if err == nil && !slices.Contains(without, name) {
			w.t.Errorf("%s answers nobody", name)
		}
	}
	if walked < 150 {
		w.t.Errorf("only %d methods", walked)
	}
}

// health asks for what machines read.
func (w *walk) health() {
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200} {
		r, err := http.NewRequest("GET", w.l.Console+path, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		if resp, said := w.send(r); resp.StatusCode != want {
			w.t.Errorf("%s: %s %.100s", path, resp.Status, said)
		}
	}
	for _, h := range []http.Header{{"X-Forwarded-For": {"192.0.2.1"}}, {"Authorization": {"Bearer x"}, "Forwarded": {"for=192.0.2.1"}}} {
		r, err := http.NewRequest("GET", w.l.Console+"/metrics", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Header = h
		if resp, said := w.send(r); resp.StatusCode != http.StatusUnauthorized {
			w.t.Errorf("/metrics from elsewhere: %s %.100s", resp.Status, said)
		}
	}
}

// audit finds every refusal of nobody in the audit, by the id that its answer told.
func (w *walk) audit() {
	rows := w.l.SQL(w.t, `SELECT request_id, array_join(array_agg(DISTINCT action), ' ') FROM lethe.audit
		WHERE principal LIKE '%:user/nobody' AND event = 'decision' AND outcome = 'denied' AND source_ip = '127.0.0.1' GROUP BY request_id`)
	decided := map[string][]string{}
	for _, r := range rows {
		id, actions, _ := strings.Cut(r, "|")
		decided[id] = strings.Fields(actions)
	}
	if len(rows) >= 999 {
		w.t.Fatalf("%d rows do not fit a page of results", len(rows))
	}
	for id, r := range w.refused {
		if !slices.ContainsFunc(decided[id], func(a string) bool { return r.actions == nil || slices.Contains(r.actions, a) }) {
			w.t.Errorf("request %s, %s: the audit has refusals of %q, not of one of %q", id, r.what, decided[id], r.actions)
		}
	}
	w.t.Logf("%d refusals, all in the audit", len(w.refused))
	if len(w.refused) < 200 {
		w.t.Errorf("only %d requests were refused to nobody", len(w.refused))
	}
	// Who may not read the audit does not find it.
	for _, statement := range []string{"SELECT * FROM lethe.audit", "DESCRIBE lethe.audit", "SHOW TABLES IN lethe"} {
		if rows, err := w.l.QueryBy(w.t, w.analyst, statement); err == nil && len(rows) > 0 {
			w.t.Errorf("the analyst is told %q by %s", rows, statement)
		} else if err != nil && !strings.Contains(strings.ToLower(err.Error()), "not found") && !strings.Contains(err.Error(), "does not exist") {
			w.t.Errorf("the analyst is told by %s: %v", statement, err)
		}
	}
	if rows, err := w.l.QueryBy(w.t, w.analyst, "SHOW DATABASES"); err != nil || slices.Contains(rows, "lethe") {
		w.t.Error(rows, err)
	}
	if rows := w.l.SQL(w.t, "SHOW TABLES IN lethe"); !slices.Contains(rows, "audit") {
		w.t.Error(rows)
	}
	if rows, err := w.l.Query(w.t, "DROP TABLE lethe.audit"); err == nil {
		w.t.Error("the audit was dropped", rows)
	}
	// Lines that were just written are there, with their types.
	rows = w.l.SQL(w.t, `SELECT count(*) > 0, max(time) > min(time), bool_and(time > TIMESTAMP '2020-01-01 00:00:00'), max(seq) = count(*) FROM lethe.audit`)
	if !slices.Equal(rows, []string{"true|true|true|true"}) {
		w.t.Error(rows)
	}
}

// privately stands for everything that must not be in the audit: in statements, in names of
// objects, and as the name of a login that somebody got wrong.
const privately = "ada.lovelace@example.com"

// secrets looks for what must not be in the audit.
func (w *walk) secrets() {
	w.l.Put(w.t, "walk", "people/"+privately+"/letter.txt", "Dear "+privately)
	c := s3.NewPresignClient(w.l.S3(w.t))
	signed, err := c.PresignGetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("walk"), Key: aws.String("people/" + privately + "/letter.txt")})
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequest("GET", signed.URL, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Referer", "https://example.com/?who="+privately)
	if resp, said := w.send(r); resp.StatusCode != http.StatusOK || !strings.Contains(said, privately) {
		w.t.Fatal(resp.Status, said)
	}
	if resp, _ := w.ask("POST", "/session", `{"name":"`+privately+`","password":"hunter2-`+privately+`"}`, nil); resp.StatusCode != http.StatusUnauthorized {
		w.t.Error(resp.Status)
	}
	for _, statement := range []string{"SELECT '" + privately + "' AS x", "SELECT x FROM \"" + privately + "\"", "SELECT " + privately} {
		_, _ = w.l.Query(w.t, statement) // some of them fail, as people's do
	}
	password, err := os.ReadFile(filepath.Join(w.l.Data, "console-password"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.Stop(w.t) // so that every line is there
	files, err := filepath.Glob(filepath.Join(w.l.Data, "audit*"))
	if err != nil || len(files) == 0 {
		w.t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, secret := range []string{"lovelace", "hunter2", "SELECT", "letter", strings.TrimSpace(string(password)), w.admin.SecretAccessKey, w.nobody.SecretAccessKey, r.URL.Query().Get("X-Amz-Signature"), "X-Amz-Signature"} {
			if strings.Contains(string(text), secret) {
				i := strings.Index(string(text), secret)
				w.t.Errorf("the audit holds %q: %s", secret, text[max(0, i-300):min(len(text), i+100)])
			}
		}
	}
	if out := w.l.Run(w.t, lake.Binary(w.t), "access", "verify", filepath.Join(w.l.Data, "audit.jsonl")); !strings.Contains(out, "are whole") {
		w.t.Error(out)
	}
}

func md5sum(s string) string {
	sum := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
