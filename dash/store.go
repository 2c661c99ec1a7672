package dash

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"lethe"
	"lethe/lib/state"
)

// The kinds of what is kept, as they stand in ARNs.
const (
	dataSetKind   = "dataset"
	analysisKind  = "analysis"
	dashboardKind = "dashboard"
)

// words are what people call the kinds.
var words = map[string]string{dataSetKind: "data set", analysisKind: "analysis", dashboardKind: "dashboard"}

// DataSetARN names a data set.
func (s *Service) DataSetARN(id string) string { return lethe.QuickSightARN(s.Region, dataSetKind, id) }

// AnalysisARN names an analysis.
func (s *Service) AnalysisARN(id string) string {
	return lethe.QuickSightARN(s.Region, analysisKind, id)
}

// DashboardARN names a dashboard.
func (s *Service) DashboardARN(id string) string {
	return lethe.QuickSightARN(s.Region, dashboardKind, id)
}

// dataSet reads a data set. It decides nothing.
func (s *Service) dataSet(ctx context.Context, id string) (d DataSet, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error { return get(ctx, tx, dataSetKind, id, &d) })
	return d, err
}

// analysis reads an analysis. It decides nothing.
func (s *Service) analysis(ctx context.Context, id string) (a Analysis, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error { return get(ctx, tx, analysisKind, id, &a) })
	return a, err
}

// dashboard reads a dashboard with the definition that viewers see, and without whom it is shared
// with. It decides nothing.
func (s *Service) dashboard(ctx context.Context, id string) (d Dashboard, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, dashboardKind, id, &d); err != nil {
			return err
		}
		v, err := version(ctx, tx, id, d.Version)
		d.Definition = v.Definition
		return err
	})
	return d, err
}

// owner returns the principal who made something, which may be gone: then it may do nothing.
func (s *Service) owner(ctx context.Context, id string) (p lethe.Principal, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		var doc string
		err := tx.QueryRowContext(ctx, `SELECT owner_id, document FROM dash_documents WHERE id = $1`, id).Scan(&p.ID, &doc)
		if errors.Is(err, sql.ErrNoRows) {
			return lethe.Errorf(lethe.NotFound, "there is no owner of %q", id)
		}
		if err != nil {
			return err
		}
		var e Edited
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			return err
		}
		p.ARN, p.Name = e.Owner, nameOf(e.Owner)
		return nil
	})
	return p, err
}

// get reads the document of a kind and an id.
func get(ctx context.Context, tx *sql.Tx, kind, id string, to any) error {
	var doc []byte
	err := tx.QueryRowContext(ctx, `SELECT document FROM dash_documents WHERE id = $1 AND kind = $2`, id, kind).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return lethe.Errorf(lethe.NotFound, "there is no %s %q", words[kind], id)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(doc, to)
}

// publishedVersion is a version as it is kept.
type publishedVersion struct {
	Version
	Definition Definition `json:"definition"`
}

func version(ctx context.Context, tx *sql.Tx, dashboard string, number int) (v publishedVersion, err error) {
	var doc []byte
	err = tx.QueryRowContext(ctx, `SELECT document FROM dash_versions WHERE dashboard = $1 AND number = $2`, dashboard, number).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return v, lethe.Errorf(lethe.NotFound, "dashboard %q has no version %d", dashboard, number)
	}
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(doc, &v)
}

// nameOf returns the last part of a principal's ARN, which is its name.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// documents reads all documents of a kind, by name.
func documents[T any](ctx context.Context, s *Service, kind string) (list []T, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		list, err = all[T](ctx, tx, kind)
		return err
	})
	return list, err
}

func all[T any](ctx context.Context, tx *sql.Tx, kind string) ([]T, error) {
	return state.Documents[T](ctx, tx, `SELECT document FROM dash_documents WHERE kind = $1 ORDER BY lower(name), id`, kind)
}
