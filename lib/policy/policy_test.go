package policy

import "testing"

func TestSmoke(t *testing.T) {
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::h/${aws:username}/*"},{"Sid":"no","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::h/ann/secret*","Condition":{"Bool":{"aws:SecureTransport":false}}}]}`), Identity)
	if err != nil {
		t.Fatal(err)
	}
	s := Set{Identity: []Named{{"p", p}}}
	r := Request{Principal: Principal{Type: User, Name: "ann", Account: "123456789012"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::h/ann/x", Context: map[string][]string{"AWS:SecureTransport": {"false"}}}
	if d := s.Evaluate(&r); !d.Allowed {
		t.Error(d)
	}
	r.Resource = "arn:aws:s3:::h/ann/secret1"
	if d := s.Evaluate(&r); d.Allowed || !d.Explicit || d.Statement != "no" {
		t.Error(d)
	}
	r.Resource = "arn:aws:s3:::h/bob/x"
	if d := s.Evaluate(&r); d.Allowed || d.Explicit {
		t.Error(d)
	}
}
