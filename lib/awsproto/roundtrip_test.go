package awsproto_test

import (
	_ "embed"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe/lib/awsproto/awsprototest"
)

// Operations that between them have every construct of the protocols: nested and
// named lists, maps, times, blobs, enumerations, wrappers, no input, no output.
//
//go:generate go run lethe/lib/awsproto/gen -service athena -o testdata/athena.json GetQueryExecution GetQueryResults ListWorkGroups StartQueryExecution StopQueryExecution
//go:generate go run lethe/lib/awsproto/gen -service rds -o testdata/rds.json AddTagsToResource CreateDBInstance DescribeDBInstances DescribeEvents ModifyDBParameterGroup
//go:generate go run lethe/lib/awsproto/gen -service iam -o testdata/iam.json GetAccountSummary GetCredentialReport ListUsers TagUser UpdateAccessKey

var (
	//go:embed testdata/athena.json
	athenaModel []byte
	//go:embed testdata/rds.json
	rdsModel []byte
	//go:embed testdata/iam.json
	iamModel []byte
)

func TestRoundTrip(t *testing.T) {
	t.Run("athena", func(t *testing.T) {
		awsprototest.RoundTrip(t, athenaModel, func(c aws.Config) any { return athena.NewFromConfig(c) })
	})
	t.Run("rds", func(t *testing.T) {
		awsprototest.RoundTrip(t, rdsModel, func(c aws.Config) any { return rds.NewFromConfig(c) })
	})
	t.Run("iam", func(t *testing.T) {
		awsprototest.RoundTrip(t, iamModel, func(c aws.Config) any { return iam.NewFromConfig(c) })
	})
}
