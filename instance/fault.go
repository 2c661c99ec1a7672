package instance

import (
	"fmt"

	"lethe/lib/awsproto"
)

// What RDS's model has no exception for goes over the wire by code alone (RDS API
// Reference, "Common Errors").

// invalidValue says that a parameter's value breaks a rule of its own.
func invalidValue(format string, args ...any) error {
	return &awsproto.Error{Code: "InvalidParameterValue", Message: fmt.Sprintf(format, args...)}
}

// invalidCombination says that parameters, or a parameter and what is there, do not go
// together.
func invalidCombination(format string, args ...any) error {
	return &awsproto.Error{Code: "InvalidParameterCombination", Message: fmt.Sprintf(format, args...)}
}
