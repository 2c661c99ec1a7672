package policy

import (
	"errors"
	"fmt"
	"strconv"
)

// Kind says what a policy is attached to, and so which elements it may have.
type Kind int

const (
	// Identity policies are attached to users, groups and roles. Permissions
	// boundaries and session policies have the same grammar.
	Identity Kind = iota
	// Resource policies are attached to what they protect, as a bucket. They
	// name principals; they may leave out Resource and then mean everything
	// they are attached to.
	Resource
	// Trust policies are attached to roles and say who may assume them. They
	// name principals and no resource.
	Trust
)

// Boundary and Session policies have the grammar of Identity policies.
const (
	Boundary = Identity
	Session  = Identity
)

// The versions of the language. Policy variables exist in the later one only.
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Policy is a compiled policy document. It does not change, and is safe for
// concurrent use.
type Policy struct {
	kind        Kind
	version     string
	id          string
	statements  []*statement
	allow, deny filter
	warnings    []Error
}

// Version returns the policy's version, by default 2008-10-17.
func (p *Policy) Version() string { return p.version }

// ID returns the policy's Id element.
func (p *Policy) ID() string { return p.id }

// Kind returns the grammar the policy was parsed with.
func (p *Policy) Kind() Kind { return p.kind }

// filter holds statements of one effect with the services they speak of.
type filter struct {
	services   serviceSet
	statements []*statement
}

// statement is a compiled statement.
type statement struct {
	sid          string
	index        int
	deny         bool
	start, end   Position
	services     serviceSet
	principals   *principals
	notPrincipal bool
	actions      []glob
	notAction    bool
	resources    []template
	notResource  bool
	conditions   []condition
}

// name returns the Sid, or the number of a statement without.
func (s *statement) name() string {
	if s.sid != "" {
		return s.sid
	}
	return strconv.Itoa(s.index + 1)
}

// Parse reads a policy document of the given kind. Errors are of type [*Error].
// Parse bounds nesting; how long a document may be is for the caller to say.
func Parse(text []byte, k Kind) (*Policy, error) {
	d, root, err := readDocument(text)
	if err != nil {
		return nil, err
	}
	if root.kind != objectNode {
		return nil, d.wrong(root, "a policy is an object, not %s", root.kind)
	}
	c := &compiler{document: d, sids: map[string]bool{}, policy: &Policy{kind: k, version: Version2008}}
	if err := c.compile(root); err != nil {
		// IAM tells of an old version before anything but the syntax.
		if e := (*Error)(nil); errors.As(err, &e) && k == Identity && c.policy.version != Version2012 && e.AWS != awsSyntax {
			e.AWS = awsVersion
		}
		return nil, err
	}
	return c.policy, nil
}

func (d *document) wrong(n *node, format string, args ...any) *Error {
	return d.errorAt(n.start, n, fmt.Sprintf(format, args...))
}

func (d *document) unknown(n *node, what string) *Error {
	return d.errorAt(n.keyStart, n, fmt.Sprintf("%s has no element %q", what, n.key))
}
