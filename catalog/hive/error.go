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
	var app *thrift.ApplicationError
	switch e := err.(type) {
	case *hms.NoSuchObjectException:
		return say(lethe.NotFound, e.Message, "it does not exist", err)
	case *hms.UnknownDBException:
		return say(lethe.NotFound, e.Message, "the database does not exist", err)
	case *hms.UnknownTableException:
		return say(lethe.NotFound, e.Message, "the table does not exist", err)
	case *hms.UnknownPartitionException:
		return say(lethe.NotFound, e.Message, "the partition does not exist", err)
	case *hms.AlreadyExistsException:
		return say(lethe.Exists, e.Message, "it exists already", err)
	case *hms.InvalidObjectException:
		return say(lethe.Invalid, e.Message, "the definition is not valid", err)
	case *hms.InvalidInputException:
		return say(lethe.Invalid, e.Message, "the input is not valid", err)
	case *hms.InvalidPartitionException:
		return say(lethe.Invalid, e.Message, "the partition is not valid", err)
	case *hms.InvalidOperationException:
		return say(lethe.Conflict, e.Message, "the operation is not possible", err)
	case *hms.MetaException:
		return say(metaKind(e.Message), e.Message, "it failed", err)
	}
	if errors.As(err, &app) {
		if app.Code == thrift.UnknownMethod {
			return say(lethe.Unsupported, app.Message, "it does not know the method", err)
		}
		return say(lethe.Exhausted, app.Message, "it failed", err)
	}
	return err
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
func refused(err error) bool {
	var e *hms.InvalidOperationException
	return errors.As(err, &e)
}
