package console

import (
	"net/http"
	"sort"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/query"
)

type catalogJSON struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Description string            `json:"description,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
}

type databaseJSON struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Location    string            `json:"location,omitempty"`
	Owner       string            `json:"owner,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
	Created     *time.Time        `json:"created,omitempty"`
}

type fieldJSON struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

// tableJSON is a table. Lists leave out what only one table's page shows.
type tableJSON struct {
	Database      string            `json:"database"`
	Name          string            `json:"name"`
	Type          string            `json:"type"`
	Format        string            `json:"format"`
	Location      string            `json:"location,omitempty"`
	Columns       []fieldJSON       `json:"columns,omitempty"`
	PartitionKeys []fieldJSON       `json:"partition_keys,omitempty"`
	Owner         string            `json:"owner,omitempty"`
	Created       *time.Time        `json:"created,omitempty"`
	SerDe         *serdeJSON        `json:"serde,omitempty"`
	Parameters    map[string]string `json:"parameters,omitempty"`
	DDL           string            `json:"ddl,omitempty"`
}

type serdeJSON struct {
	Name         string            `json:"name"`
	InputFormat  string            `json:"input_format"`
	OutputFormat string            `json:"output_format"`
	Parameters   map[string]string `json:"parameters,omitempty"`
}

func fields(cs []catalog.Column) []fieldJSON {
	out := make([]fieldJSON, len(cs))
	for i, c := range cs {
		out[i] = fieldJSON(c)
	}
	return out
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// formatOf names a table's file format for people.
func formatOf(t catalog.Table) string {
	if t.Type == catalog.VirtualView {
		return "view"
	}
	in, serde := strings.ToLower(t.Storage.InputFormat), t.Storage.SerDe.Name
	for _, name := range catalog.JSONSerDes {
		if serde == name {
			return "json"
		}
	}
	switch {
	case strings.Contains(in, "parquet"):
		return "parquet"
	case strings.Contains(in, "orc"):
		return "orc"
	case strings.Contains(in, "avro"):
		return "avro"
	case serde == catalog.OpenCSV.SerDe:
		return "csv"
	case strings.Contains(in, "text"):
		return "text"
	}
	return "other"
}

func summary(t catalog.Table) tableJSON {
	return tableJSON{Database: t.Database, Name: t.Name, Type: string(t.Type), Format: formatOf(t), Location: t.Storage.Location}
}

// lake reports whether a data catalog's name is that of the lake's own catalog.
func lake(name string) bool { return strings.EqualFold(name, lethe.DefaultCatalog) }

// catalogNeed is what reading a catalog needs: Glue's action where the catalog
// is the lake's own, Athena's where statements reach it as a data catalog.
func (s *server) catalogNeed(name, glue, resource, athena string) []need {
	if lake(name) {
		return []need{{glue, resource}}
	}
	return []need{{athena, lethe.DataCatalogARN(s.Region, name)}}
}

func (s *server) listCatalogs(c *call) ([]need, func() error, error) {
	return []need{{"athena:ListDataCatalogs", "*"}}, func() error {
		cs, err := s.Queries.DataCatalogs(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]catalogJSON, len(cs))
		for i, d := range cs {
			out[i] = catalogJSON{d.Name, d.Type, d.Description, d.Parameters}
		}
		return reply(c.w, http.StatusOK, map[string]any{"catalogs": out})
	}, nil
}

// dataCatalog is what an action on a data catalog needs, which policies name as it was
// made however the request spells it.
func (s *server) dataCatalog(c *call, action string) ([]need, error) {
	name := c.path("catalog")
	all, err := s.Queries.DataCatalogs(c.r.Context())
	for _, d := range all {
		if strings.EqualFold(d.Name, name) {
			name = d.Name
		}
	}
	return []need{{action, lethe.DataCatalogARN(s.Region, name)}}, err
}

// createCatalog makes a data catalog of type HIVE that a connector reaches.
func (s *server) createCatalog(c *call) ([]need, func() error, error) {
	needs, err := s.dataCatalog(c, "athena:CreateDataCatalog")
	return needs, func() error {
		var in struct {
			Description string `json:"description"`
			Connector   string `json:"connector"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if _, err := s.Connectors.Connector(c.r.Context(), in.Connector); err != nil {
			return err
		}
		d := query.DataCatalog{Name: c.path("catalog"), Type: "HIVE", Description: in.Description,
			Parameters: map[string]string{query.MetadataFunction: lethe.FunctionARN(s.Region, in.Connector)}}
		if err := s.Queries.CreateDataCatalog(c.r.Context(), d); err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, catalogJSON{d.Name, d.Type, d.Description, d.Parameters})
	}, err
}

func (s *server) deleteCatalog(c *call) ([]need, func() error, error) {
	needs, err := s.dataCatalog(c, "athena:DeleteDataCatalog")
	return needs, func() error {
		if err := s.Queries.DeleteDataCatalog(c.r.Context(), c.path("catalog")); err != nil {
			return err
		}
		return noContent(c)
	}, err
}

func (s *server) listDatabases(c *call) ([]need, func() error, error) {
	name := c.path("catalog")
	needs := s.catalogNeed(name, "glue:GetDatabases", lethe.CatalogARN(s.Region), "athena:ListDatabases")
	return needs, func() error {
		cat, _, err := s.Queries.CatalogNamed(c.r.Context(), name)
		if err != nil {
			return err
		}
		ds, err := cat.Databases(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]databaseJSON, len(ds))
		for i, d := range ds {
			out[i] = databaseJSON{d.Name, d.Description, d.Location, d.Owner, d.Parameters, when(d.Created)}
		}
		return reply(c.w, http.StatusOK, map[string]any{"databases": out})
	}, nil
}

func (s *server) listTables(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 1000, 1, 10_000)
	if err != nil {
		return nil, nil, err
	}
	name, database := c.path("catalog"), c.path("database")
	needs := s.catalogNeed(name, "glue:GetTables", lethe.TableARN(s.Region, database, "*"), "athena:ListTableMetadata")
	return needs, func() error {
		cat, _, err := s.Queries.CatalogNamed(c.r.Context(), name)
		if err != nil {
			return err
		}
		ts, err := cat.Tables(c.r.Context(), database)
		if err != nil {
			return err
		}
		after := c.query("after")
		ts = ts[sort.Search(len(ts), func(i int) bool { return ts[i].Name > after }):]
		out := struct {
			Tables []tableJSON `json:"tables"`
			Next   string      `json:"next,omitempty"`
		}{Tables: []tableJSON{}}
		if int64(len(ts)) > limit {
			ts = ts[:limit]
			out.Next = ts[limit-1].Name
		}
		for _, t := range ts {
			j := summary(t)
			if c.query("columns") == "true" {
				j.Columns, j.PartitionKeys = fields(t.Storage.Columns), fields(t.Partitions)
			}
			out.Tables = append(out.Tables, j)
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

func (s *server) getTable(c *call) ([]need, func() error, error) {
	name, database, table := c.path("catalog"), c.path("database"), c.path("table")
	needs := s.catalogNeed(name, "glue:GetTable", lethe.TableARN(s.Region, database, table), "athena:GetTableMetadata")
	return needs, func() error {
		cat, _, err := s.Queries.CatalogNamed(c.r.Context(), name)
		if err != nil {
			return err
		}
		t, err := cat.Table(c.r.Context(), database, table)
		if err != nil {
			return err
		}
		j := summary(t)
		j.Columns, j.PartitionKeys = fields(t.Storage.Columns), fields(t.Partitions)
		j.Owner, j.Created, j.Parameters = t.Owner, when(t.Created), t.Parameters
		j.SerDe = &serdeJSON{t.Storage.SerDe.Name, t.Storage.InputFormat, t.Storage.OutputFormat, t.Storage.SerDe.Parameters}
		if j.DDL, err = s.DDL(t); err != nil && !lethe.Is(err, lethe.Unsupported) {
			return err
		}
		return reply(c.w, http.StatusOK, j)
	}, nil
}

func (s *server) listPartitions(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 500, 1, 5000)
	if err != nil {
		return nil, nil, err
	}
	name, database, table := c.path("catalog"), c.path("database"), c.path("table")
	needs := s.catalogNeed(name, "glue:GetPartitions", lethe.TableARN(s.Region, database, table), "athena:GetTableMetadata")
	return needs, func() error {
		cat, _, err := s.Queries.CatalogNamed(c.r.Context(), name)
		if err != nil {
			return err
		}
		t, err := cat.Table(c.r.Context(), database, table)
		if err != nil {
			return err
		}
		page := catalog.PartitionPage{After: c.query("after"), Limit: int(limit) + 1} // one more tells whether there is more
		ps, err := cat.Partitions(c.r.Context(), database, table, page)
		if err != nil {
			return err
		}
		type partitionJSON struct {
			Name     string     `json:"name"`
			Values   []string   `json:"values"`
			Location string     `json:"location"`
			Created  *time.Time `json:"created,omitempty"`
		}
		out := struct {
			Partitions []partitionJSON `json:"partitions"`
			Next       string          `json:"next,omitempty"`
		}{Partitions: []partitionJSON{}}
		more := int64(len(ps)) > limit
		if more {
			ps = ps[:limit]
		}
		for _, p := range ps {
			out.Partitions = append(out.Partitions, partitionJSON{
				catalog.PartitionName(t.Partitions, p.Values), p.Values, p.Storage.Location, when(p.Created)})
		}
		if more {
			out.Next = out.Partitions[limit-1].Name
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}
