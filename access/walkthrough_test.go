package access_test

import (
	"os"
	"strings"
	"testing"

	"lethe/lib/policy"
)

// TestWalkThroughPolicies asks what the two people of the walk-through may do
// with the policies as they are shipped. Both hold AmazonAthenaFullAccess; only
// the engineer's group has the two policies of the stack.
func TestWalkThroughPolicies(t *testing.T) {
	fill := strings.NewReplacer("${Region}", "us-east-1", "${Account}", "000000000000", "${Bucket}", "lake", "${Function}", "athena-hms-HiveMetastoreFunction")
	load := func(name string) policy.Named {
		text, err := os.ReadFile("managed/" + name)
		if err != nil {
			t.Fatal(err)
		}
		filled := fill.Replace(string(text))
		if strings.HasSuffix(name, ".template") && strings.Contains(filled, "${") {
			t.Errorf("%s has another parameter: %s", name, filled)
		}
		p, err := policy.Parse([]byte(filled), policy.Identity)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w := p.Warnings(); len(w) > 0 {
			t.Logf("%s: %v", name, w)
		}
		return policy.Named{Name: name, Policy: p}
	}
	sales := policy.Set{Identity: []policy.Named{load("AmazonAthenaFullAccess.json")}}
	engineer := policy.Set{Identity: append(sales.Identity[:1:1], load("DataBucketReadAccessPolicy.template"), load("HiveMetastoreDataSourceAccessPolicy.template"))}
	for _, c := range []struct {
		action, resource string
		engineer, sales  bool
	}{
		{"athena:StartQueryExecution", "arn:aws:athena:us-east-1:000000000000:workgroup/primary", true, true},
		{"athena:GetQueryResults", "arn:aws:athena:us-east-1:000000000000:workgroup/primary", true, true},
		{"athena:GetDataCatalog", "arn:aws:athena:us-east-1:000000000000:datacatalog/demo_hive_metastore", true, true},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:athena-hms-HiveMetastoreFunction", true, false},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:other", false, false},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:000000000000:function:athena-hms-HiveMetastoreFunction", false, false},
		{"lambda:ListFunctions", "*", true, false},
		{"lambda:GetFunction", "arn:aws:lambda:us-east-1:000000000000:function:athena-hms-HiveMetastoreFunction", true, false},
		{"lambda:DeleteFunction", "arn:aws:lambda:us-east-1:000000000000:function:athena-hms-HiveMetastoreFunction", false, false},
		{"s3:GetObject", "arn:aws:s3:::lake/covid_data/parquet/part-0.parquet", true, false},
		{"s3:PutObject", "arn:aws:s3:::lake/covid_data/parquet/part-0.parquet", false, false},
		{"s3:DeleteObject", "arn:aws:s3:::lake/covid_data/parquet/part-0.parquet", false, false},
		{"s3:PutObject", "arn:aws:s3:::lake/hms_spill/1/answer", true, false},
		{"s3:GetObject", "arn:aws:s3:::lake/hms_spill/1/answer", true, false},
		{"s3:PutObject", "arn:aws:s3:::lake/hms_spills/answer", false, false},
		{"s3:ListBucket", "arn:aws:s3:::lake", true, true}, // AmazonAthenaFullAccess lets both list
		{"s3:GetObject", "arn:aws:s3:::other/k", false, false},
		{"s3:PutObject", "arn:aws:s3:::aws-athena-query-results-000000000000-us-east-1/x.csv", true, true},
		{"glue:GetTable", "arn:aws:glue:us-east-1:000000000000:table/default/t", true, true},
		{"iam:ListUsers", "arn:aws:iam::000000000000:user/", false, false},
	} {
		r := policy.Request{Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::000000000000:user/x", Account: "000000000000", Name: "x"}, Action: c.action, Resource: c.resource}
		if d := engineer.Evaluate(&r); d.Allowed != c.engineer {
			t.Errorf("engineer: %s", d)
		}
		if d := sales.Evaluate(&r); d.Allowed != c.sales {
			t.Errorf("sales: %s", d)
		}
	}
}
