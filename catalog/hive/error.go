package hive

import (
	"errors"
	"strings"

	"lethe"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// translate gives a metastore's exception its kind. The metastore's text stays.
func translate(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case is[*hms.NoSuchObjectException](err):
		return say(lethe.NotFound, text, "it does not exist", err)
	case is[*hms.UnknownDBException](err):
		return say(lethe.NotFound, text, "the database does not exist", err)
	case is[*hms.UnknownTableException](err):
		return say(lethe.NotFound, text, "the table does not exist", err)
	case is[*hms.UnknownPartitionException](err):
		return say(lethe.NotFound, text, "the partition does not exist", err)
	case is[*hms.AlreadyExistsException](err):
		return say(lethe.Exists, text, "it exists already", err)
	case is[*hms.InvalidObjectException](err):
		return say(lethe.Invalid, text, "the definition is not valid", err)
	case is[*hms.InvalidInputException](err):
		return say(lethe.Invalid, text, "the input is not valid", err)
	case is[*hms.InvalidPartitionException](err):
		return say(lethe.Invalid, text, "the partition is not valid", err)
	case is[*hms.InvalidOperationException](err):
		return say(lethe.Conflict, text, "the operation is not possible", err)
	case is[*hms.MetaException](err):
		return say(metaKind(text), text, "it failed", err)
	case isUnknown(err):
		return say(lethe.Unsupported, text, "it does not know the method", err)
	case is[*thrift.ApplicationError](err):
		return say(lethe.Exhausted, text, "it failed", err)
	}
	return err
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// metaKind classes a MetaException, which says anything from a right that is
// missing to a broken database; only the text tells. Hive's authorization
// (Ranger's, and that by the storage's permissions) and lethe's have these words.
func metaKind(text string) lethe.Kind {
	lower := strings.ToLower(text)
	for _, words := range []string{"not authorized", "permission denied", "accesscontrolexception", "access denied", "does not have privileges"} {
		if strings.Contains(lower, words) {
			return lethe.Denied
		}
	}
	return lethe.Conflict
}

func say(k lethe.Kind, text, otherwise string, cause error) error {
	if text = strings.TrimSpace(text); text == "" {
		text = otherwise
	}
	e := lethe.Errorf(k, "metastore: %s", text)
	e.Cause = cause
	return e
}

// refused reports whether an error is a metastore's InvalidOperationException,
// which does not tell what is missing.
func refused(err error) bool { return is[*hms.InvalidOperationException](err) }
