package policy

import (
	"fmt"
	"strings"
	"testing"
)

// policiesFor makes n policies of the kinds a company has; the last one allows
// what the benchmark asks.
func policiesFor(b *testing.B, n int) []Named {
	services := []string{"athena", "glue", "rds", "iam", "sts", "lambda", "secretsmanager", "s3"}
	out := make([]Named, n)
	for i := range out {
		service := services[i%len(services)]
		if i == n-1 {
			service = "s3"
		}
		text := fmt.Sprintf(`{"Sid":"A","Effect":"Allow","Action":["%[1]s:Get*","%[1]s:List*","%[1]s:Describe*"],"Resource":["arn:aws:%[1]s:::b%[2]d","arn:aws:%[1]s:::b%[2]d/${aws:username}/*"]},
			{"Sid":"B","Effect":"Allow","Action":"%[1]s:Put*","Resource":"arn:aws:%[1]s:::b%[2]d/*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}},
			{"Sid":"C","Effect":"Deny","Action":"%[1]s:*","Resource":"arn:aws:%[1]s:::secret/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, service, i)
		text = strings.ReplaceAll(text, "arn:aws:iam:::b", "arn:aws:iam:::user/b")
		text = strings.ReplaceAll(text, "arn:aws:iam:::secret", "arn:aws:iam:::user/secret")
		out[i] = Named{fmt.Sprint("policy", i), parse(b, text, Identity)}
	}
	return out
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n, "policies"), func(b *testing.B) {
			set := Set{Identity: policiesFor(b, n)}
			r := Request{
				Principal: callers["ann"], Action: "s3:GetObject", Resource: fmt.Sprintf("arn:aws:s3:::b%d/ann/k", n-1), ResourceAccount: account,
				Context: map[string][]string{"aws:sourceip": {"10.1.2.3"}, "aws:securetransport": {"true"}, "aws:currenttime": {"2026-11-22T16:00:00Z"}},
			}
			b.ReportAllocs()
			for b.Loop() {
				if d := set.Evaluate(&r); !d.Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}

// BenchmarkWorstPattern matches what most needs going back.
func BenchmarkWorstPattern(b *testing.B) {
	p := parse(b, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::`+strings.Repeat("a*", 200)+`b"}`, Identity)
	set := Set{Identity: []Named{{"p", p}}}
	r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::" + strings.Repeat("a", 1024)}
	for b.Loop() {
		set.Evaluate(&r)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(wrap(`{"Sid":"A","Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/${aws:username}/*"]},
		{"Sid":"C","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, Identity); err != nil {
			b.Fatal(err)
		}
	}
}
