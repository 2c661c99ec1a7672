package access

import (
	"fmt"
	"path/filepath"
	"testing"

	"lethe"
	"lethe/lib/policy"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// BenchmarkDecide measures a decision with its audit, by the number of policies of the
// user, of which the last allows. (More than about 150 is beyond IAM's quotas.)
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			db, err := state.Open(b.Context(), filepath.Join(dir, "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			audit, err := OpenAudit(filepath.Join(dir, "audit.jsonl"))
			if err != nil {
				b.Fatal(err)
			}
			defer audit.Close()
			s, err := Open(b.Context(), db, sealtest.Keyring(b, db), audit)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			u, err := s.CreateUser(b.Context(), NewUser{Name: "ada"})
			if err != nil {
				b.Fatal(err)
			}
			p := lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
			r, err := s.rights(b.Context(), p)
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				bucket := fmt.Sprint("bucket-", i)
				if i == n-1 {
					bucket = "data"
				}
				if err := s.add(&r.set.Identity, bucket, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
					{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/home/${aws:username}/*"]},
					{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::%[1]s/tables/*"}]}`, bucket)); err != nil {
					b.Fatal(err)
				}
			}
			ctx := WithRequest(b.Context(), &Request{SourceIP: "192.0.2.1", UserAgent: "aws-cli", Region: lethe.DefaultRegion})
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Decide(ctx, p, "s3:GetObject", "arn:aws:s3:::data/tables/orders/part-0.parquet"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParse measures what a change of a policy costs the next decision.
func BenchmarkParse(b *testing.B) {
	text := []byte(managed[awsPolicyPrefix+"/AmazonAthenaFullAccess"].document)
	for b.Loop() {
		if _, err := policy.Parse(text, policy.Identity); err != nil {
			b.Fatal(err)
		}
	}
}
