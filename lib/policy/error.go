package policy

import "fmt"

// Error says what is wrong with a policy document, and where.
type Error struct {
	Path   string // the element, as Statement[1].Condition.StringEquals; empty for the document
	Line   int    // from 1
	Column int    // in bytes, from 1
	Msg    string

	// AWS is how AWS's IAM words the matter, in one of its few sentences. Its
	// clients know these, and some compare them.
	AWS string
}

// AWS's sentences.
const (
	awsSyntax        = "Syntax errors in policy."
	awsLegacy        = "The policy failed legacy parsing"
	awsPrefix        = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	awsColon         = "Actions/Condition can contain only one colon."
	awsActions       = "Policy statement must contain actions."
	awsResources     = "Policy statement must contain resources."
	awsSid           = "Statement IDs (SID) in a single policy must be unique."
	awsVersion       = "Policy document must be version 2012-10-17 or greater."
	awsProhibited    = "Has prohibited field Resource."
	awsTrust         = "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity"
	awsSidCharacters = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
	awsVendor        = "Resource vendor must be fully qualified and cannot contain regexes."
	awsPrincipal     = "Policy document should not specify a principal."
)

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
	}
	return fmt.Sprintf("line %d, column %d: %s: %s", e.Line, e.Column, e.Path, e.Msg)
}

// as gives the error AWS's words.
func (e *Error) as(words string) *Error {
	e.AWS = clip(words, 500)
	return e
}

// Position is a place in a policy document. Lines and columns count from 1,
// columns in bytes.
type Position struct{ Line, Column int }
