package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe/query"
)

func dataCatalog(d query.DataCatalog) *types.DataCatalog {
	return &types.DataCatalog{
		Name: &d.Name, Type: types.DataCatalogType(d.Type), Description: text(d.Description), Parameters: d.Parameters,
	}
}

func (a *api) getDataCatalog(ctx context.Context, in *sdk.GetDataCatalogInput) (*sdk.GetDataCatalogOutput, error) {
	d, err := a.DataCatalogs.DataCatalog(ctx, aws.ToString(in.Name))
	if err != nil {
		return nil, err
	}
	return &sdk.GetDataCatalogOutput{DataCatalog: dataCatalog(d)}, nil
}

func (a *api) listDataCatalogs(ctx context.Context, in *sdk.ListDataCatalogsInput) (*sdk.ListDataCatalogsOutput, error) {
	all, err := a.DataCatalogs.DataCatalogs(ctx)
	if err != nil {
		return nil, err
	}
	part, next, err := page(all, func(d query.DataCatalog) string { return strings.ToLower(d.Name) }, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListDataCatalogsOutput{DataCatalogsSummary: []types.DataCatalogSummary{}, NextToken: next}
	for _, d := range part {
		out.DataCatalogsSummary = append(out.DataCatalogsSummary, types.DataCatalogSummary{CatalogName: &d.Name, Type: types.DataCatalogType(d.Type)})
	}
	return out, nil
}

func (a *api) createDataCatalog(ctx context.Context, in *sdk.CreateDataCatalogInput) (*sdk.CreateDataCatalogOutput, error) {
	if err := noTags(in.Tags); err != nil {
		return nil, err
	}
	d := query.DataCatalog{
		Name: aws.ToString(in.Name), Type: string(in.Type), Description: aws.ToString(in.Description), Parameters: in.Parameters,
	}
	if err := a.DataCatalogs.CreateDataCatalog(ctx, d); err != nil {
		return nil, err
	}
	return &sdk.CreateDataCatalogOutput{DataCatalog: dataCatalog(d)}, nil
}

// updateDataCatalog keeps the description or the parameters if the request does not
// have them.
func (a *api) updateDataCatalog(ctx context.Context, in *sdk.UpdateDataCatalogInput) (*sdk.UpdateDataCatalogOutput, error) {
	d, err := a.DataCatalogs.DataCatalog(ctx, aws.ToString(in.Name))
	if err != nil {
		return nil, err
	}
	d.Type = string(in.Type)
	if in.Description != nil {
		d.Description = *in.Description
	}
	if in.Parameters != nil {
		d.Parameters = in.Parameters
	}
	return nil, a.DataCatalogs.UpdateDataCatalog(ctx, d)
}

func (a *api) deleteDataCatalog(ctx context.Context, in *sdk.DeleteDataCatalogInput) (*sdk.DeleteDataCatalogOutput, error) {
	d, err := a.DataCatalogs.DataCatalog(ctx, aws.ToString(in.Name))
	if err != nil {
		return nil, err
	}
	if err := a.DataCatalogs.DeleteDataCatalog(ctx, d.Name); err != nil {
		return nil, err
	}
	return &sdk.DeleteDataCatalogOutput{DataCatalog: dataCatalog(d)}, nil
}
