package parquet

import (
	"errors"
	"fmt"

	"lethe"
)

// damaged is the error of an object that breaks a rule of Parquet.
func damaged(format string, args ...any) error {
	return lethe.Errorf(lethe.Invalid, "damaged Parquet file: "+format, args...)
}

// unsupported is the error of an object that cannot be cut without a trace.
func unsupported(format string, args ...any) error {
	return lethe.Errorf(lethe.Unsupported, "Parquet: "+format, args...).
		WithHint("have the file written anew by the engine that made it, without the person, and delete this one")
}

// in says where in the file an error is.
func in(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	place := fmt.Sprintf(format, args...)
	var e *lethe.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", place, err)
	}
	c := *e
	c.Message = place + ": " + e.Message
	c.Cause = err
	return &c
}
