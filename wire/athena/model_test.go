package athena_test

import (
	_ "embed"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"lethe/lib/awsproto/awsprototest"
)

//go:embed model.json
var model []byte

func TestModel(t *testing.T) {
	awsprototest.RoundTrip(t, model, func(c awssdk.Config) any { return sdk.NewFromConfig(c) })
}
