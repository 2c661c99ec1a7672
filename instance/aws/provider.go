package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
	"lethe/instance"
)

// Provider is the instances of an account, with what consoles ask beyond RDS's operations.
type Provider struct {
	*rds.Client
	region string
}

// Regions is the provider's own: RDS is asked region by region, and which are used is not known.
func (p *Provider) Regions(context.Context) ([]string, error) { return []string{p.region}, nil }

// Metrics is not supported: Amazon CloudWatch has them.
func (p *Provider) Metrics(context.Context, string, string) (m instance.Metrics, err error) {
	return m, lethe.Errorf(lethe.Unsupported, "instances at AWS are not measured from here").WithHint("Amazon CloudWatch has their metrics")
}

// Offers tells of the engines' versions at AWS, and of the classes that are known here.
func (p *Provider) Offers(ctx context.Context) (o instance.Offers, err error) {
	o.Scale = 1
	for _, c := range instance.Classes() {
		o.Classes = append(o.Classes, instance.ClassOffer{Class: c})
	}
	for _, name := range []string{"postgres", "mariadb", "mysql"} {
		e := instance.EngineOffer{Name: name}
		for pages := rds.NewDescribeDBEngineVersionsPaginator(p.Client, &rds.DescribeDBEngineVersionsInput{Engine: &name}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return o, err
			}
			for _, v := range page.DBEngineVersions {
				e.Versions = append([]string{*v.EngineVersion}, e.Versions...) // RDS has the oldest first
			}
		}
		o.Engines = append(o.Engines, e)
	}
	return o, nil
}
