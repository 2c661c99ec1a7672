package athena

import (
	"context"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/catalog"
)

// catalogNamed reaches the catalog that a request names.
func (a *api) catalogNamed(ctx context.Context, name *string) (catalog.Catalog, error) {
	c, _, err := a.DataCatalogs.CatalogNamed(ctx, aws.ToString(name))
	err = code(err, lethe.NotFound, dataCatalogNotFound)
	return c, code(err, lethe.Invalid, metadataException) // it cannot be reached
}

// absent gives the error for a database or table that is not there its own exception.
func absent(err error) error { return code(err, lethe.NotFound, metadataException) }

func (a *api) getDatabase(ctx context.Context, in *sdk.GetDatabaseInput) (*sdk.GetDatabaseOutput, error) {
	c, err := a.catalogNamed(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	d, err := c.Database(ctx, lower(in.DatabaseName))
	if err != nil {
		return nil, absent(err)
	}
	return &sdk.GetDatabaseOutput{Database: new(database(d))}, nil
}

func database(d catalog.Database) types.Database {
	return types.Database{Name: &d.Name, Description: text(d.Description), Parameters: d.Parameters}
}

func (a *api) listDatabases(ctx context.Context, in *sdk.ListDatabasesInput) (*sdk.ListDatabasesOutput, error) {
	c, err := a.catalogNamed(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	all, err := c.Databases(ctx)
	if err != nil {
		return nil, err
	}
	part, next, err := page(all, func(d catalog.Database) string { return d.Name }, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListDatabasesOutput{DatabaseList: []types.Database{}, NextToken: next}
	for _, d := range part {
		out.DatabaseList = append(out.DatabaseList, database(d))
	}
	return out, nil
}

func (a *api) getTableMetadata(ctx context.Context, in *sdk.GetTableMetadataInput) (*sdk.GetTableMetadataOutput, error) {
	c, err := a.catalogNamed(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	t, err := c.Table(ctx, lower(in.DatabaseName), lower(in.TableName))
	if err != nil {
		return nil, absent(err)
	}
	return &sdk.GetTableMetadataOutput{TableMetadata: new(tableMetadata(t))}, nil
}

func (a *api) listTableMetadata(ctx context.Context, in *sdk.ListTableMetadataInput) (*sdk.ListTableMetadataOutput, error) {
	match, err := nameFilter(aws.ToString(in.Expression))
	if err != nil {
		return nil, err
	}
	c, err := a.catalogNamed(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	names, err := c.TableNames(ctx, lower(in.DatabaseName))
	if err != nil {
		return nil, absent(err)
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !match(name) })
	names, next, err := page(names, func(name string) string { return name }, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListTableMetadataOutput{TableMetadataList: []types.TableMetadata{}, NextToken: next}
	for _, name := range names {
		t, err := c.Table(ctx, lower(in.DatabaseName), name)
		if lethe.Is(err, lethe.NotFound) {
			continue // dropped since it was listed
		}
		if err != nil {
			return nil, err
		}
		out.TableMetadataList = append(out.TableMetadataList, tableMetadata(t))
	}
	return out, nil
}

// nameFilter matches names of tables as Glue does: by a regular expression for the
// whole name, where a lone * means all.
func nameFilter(expression string) (func(name string) bool, error) {
	if expression == "" || expression == "*" {
		return func(string) bool { return true }, nil
	}
	re, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "Expression %q is not a regular expression: %w", expression, err).WithHint("as in: sales_.*")
	}
	return re.MatchString, nil
}

func tableMetadata(t catalog.Table) types.TableMetadata {
	m := types.TableMetadata{
		Name:          &t.Name,
		TableType:     aws.String(string(t.Type)),
		Columns:       columns(t.Storage.Columns),
		PartitionKeys: columns(t.Partitions),
		Parameters:    parameters(t),
	}
	if !t.Created.IsZero() {
		m.CreateTime = &t.Created
	}
	return m
}

func columns(cs []catalog.Column) []types.Column {
	out := make([]types.Column, len(cs))
	for i, c := range cs {
		out[i] = types.Column{Name: &c.Name, Type: &c.Type, Comment: text(c.Comment)}
	}
	return out
}

// parameters are the table's own, and what Athena adds to them of its storage.
func parameters(t catalog.Table) map[string]string {
	p := map[string]string{}
	for k, v := range t.Storage.SerDe.Parameters {
		p["serde.param."+k] = v
	}
	for k, v := range map[string]string{
		"location":                t.Storage.Location,
		"inputformat":             t.Storage.InputFormat,
		"outputformat":            t.Storage.OutputFormat,
		"serde.serialization.lib": t.Storage.SerDe.Library,
	} {
		if v != "" {
			p[k] = v
		}
	}
	for k, v := range t.Parameters {
		p[k] = v
	}
	return p
}
