package query

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"lethe"
	"lethe/lib/state"
)

// Primary names the workgroup that is always there.
const Primary = "primary"

// isName reports whether s is a name as Athena's API takes it: 1 to max letters,
// digits and characters of more.
func isName(s string, max int, more string) bool {
	for _, c := range s {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(more, c)) {
			return false
		}
	}
	return 0 < len(s) && len(s) <= max
}

// Workgroups returns all workgroups by name.
func (s *Service) Workgroups(ctx context.Context) ([]Workgroup, error) {
	return documents[Workgroup](ctx, s, "SELECT document FROM query_workgroups ORDER BY name")
}

// Workgroup returns a workgroup; the name "" means primary.
func (s *Service) Workgroup(ctx context.Context, name string) (Workgroup, error) {
	if name == "" {
		name = Primary
	}
	ws, err := documents[Workgroup](ctx, s, "SELECT document FROM query_workgroups WHERE name = $1", name)
	if err == nil && len(ws) == 0 {
		err = lethe.Errorf(lethe.NotFound, "WorkGroup %s is not found.", name)
	}
	if err != nil {
		return Workgroup{}, err
	}
	return ws[0], nil
}

// CreateWorkgroup adds a workgroup.
func (s *Service) CreateWorkgroup(ctx context.Context, w Workgroup) error {
	if !isName(w.Name, 128, "._-") {
		return lethe.Errorf(lethe.Invalid, "workgroup name %q must be 1 to 128 letters, digits, and . _ -", w.Name)
	}
	if err := checkOutput(w.Output); err != nil {
		return err
	}
	w.Created = time.Now().UTC()
	return s.putDocument(ctx, "query_workgroups", w.Name, w, "WorkGroup "+w.Name+" already exists")
}

// UpdateWorkgroup replaces a workgroup's settings.
func (s *Service) UpdateWorkgroup(ctx context.Context, w Workgroup) error {
	old, err := s.Workgroup(ctx, w.Name)
	if err != nil {
		return err
	}
	if err := checkOutput(w.Output); err != nil {
		return err
	}
	w.Created = old.Created
	return s.putDocument(ctx, "query_workgroups", w.Name, w, "")
}

// DeleteWorkgroup removes a workgroup. The executions it had stay.
func (s *Service) DeleteWorkgroup(ctx context.Context, name string) error {
	if name == Primary {
		return lethe.Errorf(lethe.Invalid, "the workgroup primary cannot be deleted")
	}
	return s.deleteDocument(ctx, "query_workgroups", name, "WorkGroup "+name+" is not found.")
}

func checkOutput(location string) error {
	if location == "" {
		return nil
	}
	if _, err := lethe.ParseLocation(location); err != nil {
		return lethe.Errorf(lethe.Invalid, "outputLocation is not a valid S3 path. %w", err)
	}
	return nil
}

// DataCatalogs returns all data catalogs by name, the lake's own among them.
func (s *Service) DataCatalogs(ctx context.Context) ([]DataCatalog, error) {
	return documents[DataCatalog](ctx, s, "SELECT document FROM query_data_catalogs ORDER BY name")
}

// DataCatalog returns a data catalog. Names do not distinguish case.
func (s *Service) DataCatalog(ctx context.Context, name string) (DataCatalog, error) {
	ds, err := documents[DataCatalog](ctx, s, "SELECT document FROM query_data_catalogs WHERE name = $1", strings.ToLower(name))
	if err == nil && len(ds) == 0 {
		err = lethe.Errorf(lethe.NotFound, "DataCatalog %s was not found", name)
	}
	if err != nil {
		return DataCatalog{}, err
	}
	return ds[0], nil
}

// CreateDataCatalog adds a data catalog of type HIVE.
func (s *Service) CreateDataCatalog(ctx context.Context, d DataCatalog) error {
	if err := checkDataCatalog(d); err != nil {
		return err
	}
	d.Created = time.Now().UTC()
	return s.putDocument(ctx, "query_data_catalogs", strings.ToLower(d.Name), d, "DataCatalog "+d.Name+" already exists")
}

// UpdateDataCatalog replaces a data catalog's description and parameters.
func (s *Service) UpdateDataCatalog(ctx context.Context, d DataCatalog) error {
	old, err := s.DataCatalog(ctx, d.Name)
	if err != nil {
		return err
	}
	if err := checkDataCatalog(d); err != nil {
		return err
	}
	d.Name, d.Created = old.Name, old.Created
	return s.putDocument(ctx, "query_data_catalogs", strings.ToLower(d.Name), d, "")
}

// DeleteDataCatalog removes a data catalog, not what it reaches.
func (s *Service) DeleteDataCatalog(ctx context.Context, name string) error {
	if strings.EqualFold(name, lethe.DefaultCatalog) {
		return lethe.Errorf(lethe.Invalid, "the data catalog %s is the lake's own and cannot be deleted", lethe.DefaultCatalog)
	}
	return s.deleteDocument(ctx, "query_data_catalogs", strings.ToLower(name), "DataCatalog "+name+" was not found")
}

func checkDataCatalog(d DataCatalog) error {
	switch {
	case !isName(d.Name, 256, "_@-"):
		return lethe.Errorf(lethe.Invalid, "data catalog name %q must be 1 to 256 letters, digits, and _ @ -", d.Name)
	case strings.EqualFold(d.Name, lethe.DefaultCatalog):
		return lethe.Errorf(lethe.Invalid, "the data catalog %s is the lake's own and cannot be changed", lethe.DefaultCatalog)
	case d.Type != "HIVE":
		return lethe.Errorf(lethe.Unsupported, "data catalogs of type %s are not supported", d.Type).WithHint("use type HIVE")
	}
	return checkConnector(d)
}

// documents reads JSON documents, one a row.
func documents[T any](ctx context.Context, s *Service, statement string, args ...any) (list []T, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		list, err = state.Documents[T](ctx, tx, statement, args...)
		return err
	})
	return list, err
}

// putDocument inserts a document, and replaces one unless exists, the message
// for that case, is set.
func (s *Service) putDocument(ctx context.Context, table, name string, v any, exists string) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		var found int64
		err := tx.QueryRowContext(ctx, "SELECT 1 FROM "+table+" WHERE name = $1", name).Scan(&found)
		switch {
		case err == nil && exists != "":
			return lethe.Errorf(lethe.Exists, "%s", exists)
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO "+table+" (name, document) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET document = excluded.document", name, string(doc))
		return err
	})
}

func (s *Service) deleteDocument(ctx context.Context, table, name, missing string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE name = $1", name)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return lethe.Errorf(lethe.NotFound, "%s", missing)
	})
}
