package policy_test

import (
	"fmt"

	"lethe/lib/policy"
)

func ExampleSet_Evaluate() {
	p, err := policy.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [
			{"Sid": "OwnFolder", "Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::home/${aws:username}/*"},
			{"Sid": "NoClearText", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
		]
	}`), policy.Identity)
	if err != nil {
		fmt.Println(err)
		return
	}
	set := policy.Set{Identity: []policy.Named{{Name: "home", Policy: p}}}
	ann := policy.Principal{Type: policy.User, ARN: "arn:aws:iam::123456789012:user/ann", Account: "123456789012", Name: "ann"}
	ask := func(resource, tls string) {
		fmt.Println(set.Evaluate(&policy.Request{
			Principal: ann,
			Action:    "s3:GetObject",
			Resource:  resource,
			Context:   map[string][]string{"aws:securetransport": {tls}},
		}))
	}
	ask("arn:aws:s3:::home/ann/notes", "true")
	ask("arn:aws:s3:::home/bob/notes", "true")
	ask("arn:aws:s3:::home/ann/notes", "false")
	// Output:
	// statement OwnFolder of the identity-based policy home allows s3:GetObject on arn:aws:s3:::home/ann/notes
	// no identity-based or resource-based policy allows s3:GetObject on arn:aws:s3:::home/bob/notes
	// statement NoClearText of the identity-based policy home denies s3:GetObject on arn:aws:s3:::home/ann/notes
}
