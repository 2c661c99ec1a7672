package policy

import (
	"fmt"
	"strings"
)

// partitions of AWS, which a policy's ARNs may name.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// iamPaths are the kinds of resources of IAM.
var iamPaths = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
	"policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}

// checkResource returns what is wrong with a value of Resource, in our words
// and AWS's.
func checkResource(text string) (msg, words string) {
	if text != "" && strings.Trim(text, "*") == "" {
		return "", ""
	}
	part := strings.SplitN(text, ":", 6)
	if len(part) == 1 {
		return fmt.Sprintf(`the resource %q must be an ARN or "*"`, text), `Resource ` + text + ` must be in ARN format or "*".`
	}
	if part[0] != "arn" || !contains(partitions, part[1]) && strings.Trim(part[1], "*") != "" {
		whole := append([]string{"arn"}, part[1:]...)
		for len(whole) < 6 {
			whole = append(whole, "*")
		}
		words = fmt.Sprintf("Partition %q is not valid for resource %q.", part[1], strings.Join(whole, ":"))
		if part[0] != "arn" {
			return fmt.Sprintf(`the resource %q must be an ARN, which begins with "arn:", or "*"`, text), words
		}
		return fmt.Sprintf("the resource %q is of the unknown partition %q; use aws", text, part[1]), words
	}
	if len(part) == 2 || strings.ContainsAny(part[2], "*?") {
		return fmt.Sprintf("the resource %q must name its service, without wildcards, as arn:aws:s3:::bucket", text), awsVendor
	}
	service := part[2]
	global := service == "s3" || service == "iam"
	switch {
	case service == "":
		return fmt.Sprintf("the resource %q names no service", text), awsLegacy
	case len(part) < 6 && global && len(part) > 3 && !strings.HasSuffix(text, "*"):
		return fmt.Sprintf("the resource %q has too few colons; an ARN is arn:partition:service:region:account:resource", text), awsLegacy
	case len(part) < 6 || !global:
		return "", ""
	case strings.Trim(part[3], "*") != "" && service == "iam":
		return fmt.Sprintf("the resource %q names a region, and IAM has none", text), "IAM resource " + text + " cannot contain region information."
	case strings.Trim(part[3], "*") != "" && service == "s3" && part[4] == "": // access points have both
		return fmt.Sprintf("the resource %q names a region, and names of buckets have none", text), "Resource " + text + " can not contain region information."
	case service == "iam" && !iamPath(part[5]):
		return fmt.Sprintf("the resource %q is nothing of IAM's; it has user/, role/, group/, policy/ and others", text),
			`IAM resource path must either be "*" or start with ` + strings.Join(iamPaths, ", ") + "."
	}
	return "", ""
}

// iamPath reports whether a pattern can name a resource of IAM.
func iamPath(path string) bool {
	if path == "root" {
		return true
	}
	lead := path
	if i := strings.IndexAny(path, "*?$"); i >= 0 {
		lead = path[:i]
	}
	for _, p := range iamPaths {
		if strings.HasPrefix(path, p) || len(lead) < len(path) && strings.HasPrefix(p, lead) {
			return true
		}
	}
	return false
}

// beforeResource returns an ARN up to its fifth colon.
func beforeResource(text string) string {
	rest := text
	for range 5 {
		i := strings.IndexByte(rest, ':')
		if i < 0 {
			return text
		}
		rest = rest[i+1:]
	}
	return text[:len(text)-len(rest)]
}
