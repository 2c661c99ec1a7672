package config

import (
	"net/url"
	"regexp"
	"strings"
)

// DynamoDBTable is where an index is in DynamoDB.
type DynamoDBTable struct {
	Region, Table string
	Endpoint      string // "" means Amazon's
	Profile       string // of the shared AWS files; "" means what AWS's tools find
}

// IndexAt is where the erasure index is: at most one field is set, and without any it
// is in the data folder.
type IndexAt struct {
	Postgres Secret // the URL
	Instance *InstanceRef
	DynamoDB *DynamoDBTable
}

var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// IndexAt reads the field Index.
func (e Erasure) IndexAt() (IndexAt, error) {
	scheme, _, isURL := strings.Cut(string(e.Index), "://")
	switch {
	case e.Index == "" || e.Index == "pebble":
		return IndexAt{}, nil
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return IndexAt{Postgres: e.Index}, nil
	case isInstance(string(e.Index)):
		r, err := parseInstance("erasure.index", string(e.Index))
		return IndexAt{Instance: r}, err
	case isURL && scheme == "dynamodb":
		t, err := parseDynamoDB(string(e.Index))
		return IndexAt{DynamoDB: t}, err
	}
	return IndexAt{}, &Error{"erasure.index", e.Index.String(), "must be pebble, or begin with postgres://, instance: or dynamodb://"}
}

func parseDynamoDB(address string) (*DynamoDBTable, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return nil, &Error{"erasure.index", "(hidden)", "must be dynamodb://region/table; credentials are AWS's own, as of a profile"}
	}
	t := &DynamoDBTable{Region: u.Host, Table: strings.TrimPrefix(u.Path, "/")}
	if !regionName.MatchString(t.Region) || !tableName.MatchString(t.Table) {
		return nil, &Error{"erasure.index", address, "must be dynamodb://region/table"}
	}
	for name, values := range u.Query() {
		switch {
		case name == "profile" && len(values) == 1:
			t.Profile = values[0]
		case name == "endpoint" && len(values) == 1:
			t.Endpoint = values[0]
			if err := checkURL("erasure.index", t.Endpoint, "http", "https"); err != nil {
				return nil, err
			}
		default:
			return nil, &Error{"erasure.index", name, "is no parameter of a dynamodb:// address; there are endpoint and profile, each once"}
		}
	}
	return t, nil
}

// checkIndex reports the first field of the index that cannot be used.
func (e Erasure) checkIndex() error {
	at, err := e.IndexAt()
	postgres := at.Postgres != "" || at.Instance != nil
	switch {
	case err != nil:
		return err
	case e.IndexPassword != "" && !postgres:
		return &Error{"erasure.index_password", e.IndexPassword.String(), "needs a postgres:// or instance: address in erasure.index"}
	case e.IndexBackups < 0 || e.IndexBackups > 0 && !postgres:
		return &Error{"erasure.index_backups", e.IndexBackups.String(), "must not be negative, and needs a postgres:// or instance: address in erasure.index"}
	case e.IndexPlain && !postgres:
		return &Error{"erasure.index_plain", "true", "needs a postgres:// or instance: address in erasure.index: other indexes hold hashes only"}
	}
	return nil
}
