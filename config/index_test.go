package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestIndexAt(t *testing.T) {
	for _, c := range []struct {
		index    string
		password Secret
		plain    bool
		postgres bool
		dynamodb DynamoDBTable
		field    string // of the error
	}{
		{index: ""},
		{index: "pebble"},
		{index: "postgres://lethe:geheim@db.example/index", postgres: true},
		{index: "postgresql://lethe@db.example/index", password: "geheim", plain: true, postgres: true},
		{index: "dynamodb://eu-central-1/lethe", dynamodb: DynamoDBTable{Region: "eu-central-1", Table: "lethe"}},
		{index: "dynamodb://eu-central-1/lethe?endpoint=http%3A%2F%2F127.0.0.1:8000&profile=lake",
			dynamodb: DynamoDBTable{Region: "eu-central-1", Table: "lethe", Endpoint: "http://127.0.0.1:8000", Profile: "lake"}},
		{index: "postgres", field: "erasure.index"},
		{index: "mysql://lethe:geheim@db/x", field: "erasure.index"},
		{index: "dynamodb://key:geheim@eu-central-1/lethe", field: "erasure.index"},
		{index: "dynamodb://eu-central-1", field: "erasure.index"},
		{index: "dynamodb://eu-central-1/a/b", field: "erasure.index"},
		{index: "dynamodb://eu-central-1/lethe?secret=x", field: "erasure.index"},
		{index: "dynamodb://eu-central-1/lethe?endpoint=localhost", field: "erasure.index"},
		{index: "pebble", plain: true, field: "erasure.index_plain"},
		{index: "dynamodb://eu-central-1/lethe", password: "geheim", field: "erasure.index_password"},
	} {
		e := Erasure{Index: Secret(c.index), IndexPassword: c.password, IndexPlain: c.plain}
		err := e.check()
		var wrong *Error
		if c.field != "" {
			if !errors.As(err, &wrong) || wrong.Field != c.field || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%q: %v, want an error of %s", c.index, err, c.field)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.index, err)
			continue
		}
		at, err := e.IndexAt()
		if err != nil || (at.Postgres != "") != c.postgres || (at.DynamoDB != nil) != (c.dynamodb != DynamoDBTable{}) || at.DynamoDB != nil && *at.DynamoDB != c.dynamodb {
			t.Errorf("%q: %+v, %v", c.index, at, err)
		}
		if text := fmt.Sprintf("%+v %+v", e, at); strings.Contains(text, "geheim") {
			t.Errorf("%q is shown: %s", c.index, text)
		}
	}
}
