// Package aws has the instances of an account at Amazon RDS: the SDK's client is an
// instance.Provider as it is.
//
// A request's region is that of its options, so that one client serves all regions of the
// account whose credentials it has.
package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
)

// Config says whose instances they are.
type Config struct {
	// Profile of the shared AWS files; "" for what AWS's tools find.
	Profile string
	// Region of requests that name none.
	Region string
	// Endpoint of RDS; "" for Amazon's.
	Endpoint string
}

// New returns the client. It asks AWS for nothing yet.
func New(ctx context.Context, c Config) (*Provider, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(c.Region)}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "credentials for Amazon RDS: %w", err).WithHint("see instances.profile")
	}
	client := rds.NewFromConfig(loaded, func(o *rds.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	return &Provider{client, client.Options().Region}, nil
}
