package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
)

// noTags refuses tags where a resource is made: nothing can have them.
func noTags(tags []types.Tag) error {
	return unsupported(len(tags) > 0, "Tags", "leave them out")
}

// listTagsForResource is what infrastructure tools ask of every resource. The answer
// is that it has none, if it exists.
func (a *api) listTagsForResource(ctx context.Context, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	arn := aws.ToString(in.ResourceARN)
	var err error
	if name, ok := strings.CutPrefix(arn, lethe.WorkgroupARN(a.Region, "")); ok {
		_, err = a.Workgroups.Workgroup(ctx, name)
	} else if name, ok := strings.CutPrefix(arn, lethe.DataCatalogARN(a.Region, "")); ok {
		_, err = a.DataCatalogs.DataCatalog(ctx, name)
	} else {
		err = lethe.Errorf(lethe.Invalid, "%q is not the ARN of a workgroup or data catalog in %s", arn, a.Region)
	}
	if err != nil {
		return nil, code(err, lethe.NotFound, resourceNotFound)
	}
	return &sdk.ListTagsForResourceOutput{Tags: []types.Tag{}}, nil
}
