// Package sts serves the one operation of AWS STS that every client calls first:
// GetCallerIdentity.
package sts

import (
	"context"
	_ "embed"

	sdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"lethe"
	"lethe/lib/awsproto"
)

//go:generate go run lethe/lib/awsproto/gen -service sts -o model.json GetCallerIdentity

//go:embed model.json
var model []byte

// New returns the service.
func New() (*awsproto.Service, error) {
	s, err := awsproto.New(model, awsproto.Options{Authorize: authorize})
	if err != nil {
		return nil, err
	}
	awsproto.Handle(s, getCallerIdentity)
	return s, nil
}

// authorize allows GetCallerIdentity to everyone who signed, as AWS does whatever
// the policies say (STS API reference): it tells a caller only what the caller's own
// key means.
func authorize(context.Context, string, any) error { return nil }

func getCallerIdentity(ctx context.Context, _ *sdk.GetCallerIdentityInput) (*sdk.GetCallerIdentityOutput, error) {
	p := lethe.PrincipalOf(ctx)
	account := lethe.Account
	return &sdk.GetCallerIdentityOutput{Account: &account, Arn: &p.ARN, UserId: &p.ID}, nil
}
