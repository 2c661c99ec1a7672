package app

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"lethe"
	"lethe/access"
)

// resultsOfOthers returns the policy that keeps a query's result files for whoever
// ran the query: in AWS everyone who may use Athena may read everyone's results in
// its bucket, which would be a way round every other rule. It asks about objects
// only whose names are those of results.
func (a *App) resultsOfOthers(ctx context.Context, resource string) ([]string, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(resource, lethe.BucketARN("")), "/")
	id, _, _ := strings.Cut(path.Base(key), ".")
	p := lethe.PrincipalOf(ctx)
	if !ok || p.Administrator || !lethe.IsID(id) {
		return nil, nil
	}
	x, err := a.Queries.Get(ctx, id)
	if lethe.Is(err, lethe.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if x.Principal == p.ARN || !strings.HasPrefix(lethe.Location{Bucket: bucket, Key: key}.String(), x.Output) {
		return nil, nil
	}
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": map[string]any{
			"Sid": "ResultsOfOthers", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource,
		},
	})
	return []string{string(text)}, err
}

// together asks several sources for the policies of a resource.
func together(sources ...access.ResourcePolicies) access.ResourcePolicies {
	return func(ctx context.Context, resource string) (all []string, err error) {
		for _, f := range sources {
			texts, err := f(ctx, resource)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	}
}
