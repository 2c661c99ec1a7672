// Package policy implements the IAM policy language: it parses and checks
// policy documents, compiles them once, and answers who may do what.
//
// A document is read with [Parse], which keeps it as an immutable [Policy]. The
// policies that apply to a request are brought together in a [Set], and
// [Set.Evaluate] answers a [Request] with a [Decision] that names the statement
// which decided:
//
//	p, err := policy.Parse(text, policy.Identity)
//	...
//	set := policy.Set{Identity: []policy.Named{{Name: "read-logs", Policy: p}}}
//	d := set.Evaluate(&policy.Request{
//		Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::123456789012:user/ann", Account: "123456789012", Name: "ann"},
//		Action:    "s3:GetObject",
//		Resource:  "arn:aws:s3:::logs/2026/11/22",
//		Context:   map[string][]string{"aws:sourceip": {"192.0.2.7"}},
//	})
//	if !d.Allowed {
//		fmt.Println(d) // no identity-based or resource-based policy allows s3:GetObject on arn:aws:s3:::logs/2026/11/22
//	}
//
// # The language
//
// The language is that of the IAM User Guide, chapters "IAM JSON policy elements
// reference", "Policy evaluation logic" and "Grammar of the IAM JSON policy
// language". Where these leave a choice, the package takes the one that allows
// less:
//
//   - An object that repeats a key is refused, and so is an element the grammar
//     does not have. A rule that nobody reads must not look like one in force.
//   - The value of a policy variable is literal text: an asterisk in a user's
//     name or tag is no wildcard.
//   - In a Resource, "*" and "?" stay between two colons, except that "*" at the
//     end of such a segment reaches across, as documented, and that the part
//     after the fifth colon may hold colons itself.
//   - NotPrincipal with Deny spares a caller only if all the caller's names are
//     listed (the session, the role, the account).
//
// # Cost
//
// Everything that can be computed from the text is computed by Parse. Evaluate
// allocates nothing in ordinary cases. Patterns are matched without backtracking
// over more than one wildcard, in time proportional at worst to the pattern's
// length times the text's.
package policy
