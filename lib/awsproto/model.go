package awsproto

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
)

// Model describes a service. Its JSON form keeps the names of botocore's
// service-2.json, without the documentation.
type Model struct {
	// Source says what the model was derived from.
	Source     string                `json:"source,omitempty"`
	Metadata   Metadata              `json:"metadata"`
	Operations map[string]*Operation `json:"operations"` // nil: exists, but is not described
	Shapes     map[string]*Shape     `json:"shapes"`
}

// Metadata is what concerns the whole service.
type Metadata struct {
	Service      string `json:"signingName"` // name in a credential scope
	Protocol     string `json:"protocol"`    // json or query
	APIVersion   string `json:"apiVersion"`
	JSONVersion  string `json:"jsonVersion,omitempty"`
	TargetPrefix string `json:"targetPrefix,omitempty"`
	XMLNamespace string `json:"xmlNamespace,omitempty"`
}

// Operation is one call of the API.
type Operation struct {
	Name   string `json:"-"`
	Input  *Ref   `json:"input,omitempty"`
	Output *Ref   `json:"output,omitempty"`
	Errors []*Ref `json:"errors,omitempty"`
}

// Ref is the use of a shape: as a member, an element, an input or an output.
type Ref struct {
	Shape         string `json:"shape"`
	LocationName  string `json:"locationName,omitempty"`
	Flattened     bool   `json:"flattened,omitempty"`
	ResultWrapper string `json:"resultWrapper,omitempty"`

	shape *Shape
}

// Shape is a type.
type Shape struct {
	Type            string          `json:"type"`
	Members         map[string]*Ref `json:"members,omitempty"` // of a structure
	Required        []string        `json:"required,omitempty"`
	Member          *Ref            `json:"member,omitempty"` // of a list
	Key             *Ref            `json:"key,omitempty"`    // of a map
	Value           *Ref            `json:"value,omitempty"`
	Flattened       bool            `json:"flattened,omitempty"`
	Enum            []string        `json:"enum,omitempty"`
	Min             *float64        `json:"min,omitempty"`
	Max             *float64        `json:"max,omitempty"`
	Pattern         string          `json:"pattern,omitempty"`
	TimestampFormat string          `json:"timestampFormat,omitempty"`
	Exception       bool            `json:"exception,omitempty"`
	Fault           bool            `json:"fault,omitempty"` // the server's, not the client's
	Error           *ErrorTrait     `json:"error,omitempty"`

	pattern *regexp.Regexp
	layouts sync.Map // reflect.Type -> *layout
}

// ErrorTrait is how an exception looks on the wire where it differs from its shape.
type ErrorTrait struct {
	Code           string `json:"code,omitempty"`
	HTTPStatusCode int    `json:"httpStatusCode,omitempty"`
	SenderFault    bool   `json:"senderFault,omitempty"`
}

// ParseModel reads a model file and checks that it is whole.
func ParseModel(file []byte) (*Model, error) {
	m := &Model{}
	if err := json.Unmarshal(file, m); err != nil {
		return nil, fmt.Errorf("awsproto: model: %w", err)
	}
	for name, s := range m.Shapes {
		refs := []*Ref{s.Member, s.Key, s.Value}
		for _, r := range s.Members {
			refs = append(refs, r)
		}
		if err := m.link(refs...); err != nil {
			return nil, fmt.Errorf("awsproto: model: shape %s: %w", name, err)
		}
		if (s.Type == "list") != (s.Member != nil) || (s.Type == "map") != (s.Key != nil && s.Value != nil) {
			return nil, fmt.Errorf("awsproto: model: shape %s: %s without its parts", name, s.Type)
		}
		if s.Pattern != "" {
			re, err := CompilePattern(s.Pattern)
			if err != nil {
				return nil, fmt.Errorf("awsproto: model: shape %s: %w", name, err)
			}
			s.pattern = re
		}
	}
	for name, op := range m.Operations {
		if op == nil {
			continue
		}
		op.Name = name
		if err := m.link(append(op.Errors, op.Input, op.Output)...); err != nil {
			return nil, fmt.Errorf("awsproto: model: operation %s: %w", name, err)
		}
	}
	return m, nil
}

func (m *Model) link(refs ...*Ref) error {
	for _, r := range refs {
		if r == nil {
			continue
		}
		if r.shape = m.Shapes[r.Shape]; r.shape == nil {
			return fmt.Errorf("no shape %s", r.Shape)
		}
	}
	return nil
}

// CompilePattern compiles a pattern of a model, which a value must match as a whole.
func CompilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + pattern + ")$")
}

// flattened reports whether a list or map stands in its parent without an element of
// its own.
func (r *Ref) flattened() bool { return r.Flattened || r.shape.Flattened }

// element is the name of a list's elements.
func (s *Shape) element() string { return orDefault(s.Member.LocationName, "member") }

// entry are the names of a map's keys and values.
func (s *Shape) entry() (key, value string) {
	return orDefault(s.Key.LocationName, "key"), orDefault(s.Value.LocationName, "value")
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
