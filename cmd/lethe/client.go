package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"lethe"
	"lethe/config"
)

// lake is a running lake as a command finds it.
type lake struct {
	data string
	config.Endpoints
}

// lakeFlag adds the flag that says which lake is meant.
func lakeFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("data", os.Getenv("LETHE_DATA"), "folder of the running lake (LETHE_DATA)")
}

// findLake reads where the lake of a folder answers.
func findLake(data string) (lake, error) {
	l := lake{data: data}
	if data == "" {
		return l, lethe.Errorf(lethe.Invalid, "which lake is meant?").WithHint("name its folder with --data DIR, or set LETHE_DATA")
	}
	text, err := os.ReadFile(filepath.Join(data, "lethe.json"))
	if errors.Is(err, os.ErrNotExist) {
		return l, lethe.Errorf(lethe.NotFound, "no lake is running in %s", data).WithHint("start one with: lethe serve --data %s", data)
	}
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l.Endpoints); err != nil {
		return l, fmt.Errorf("%s: %w", filepath.Join(data, "lethe.json"), err)
	}
	if err := syscall.Kill(l.PID, 0); errors.Is(err, syscall.ESRCH) {
		return l, lethe.Errorf(lethe.NotFound, "the lake in %s has stopped without saying so", data).WithHint("start it again with: lethe serve --data %s", data)
	}
	return l, nil
}

// aws returns a configuration of AWS clients for the lake's administrator. The
// caller's own AWS settings do not matter.
func (l lake) aws(ctx context.Context) (aws.Config, error) {
	return awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient()), // the only kind that takes AWS_CA_BUNDLE
		awsconfig.WithSharedConfigFiles([]string{filepath.Join(l.data, "aws", "config")}),
		awsconfig.WithSharedCredentialsFiles([]string{filepath.Join(l.data, "aws", "credentials")}),
		awsconfig.WithSharedConfigProfile("lethe"),
		awsconfig.WithRegion(l.Region),
		awsconfig.WithBaseEndpoint(l.AWS),
	)
}
