package aws_test

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/instance"
	instanceaws "lethe/instance/aws"
	"lethe/test/need"
)

// TestRegions: one provider reaches an account's instances in every region, each by
// itself, and errors are the SDK's. The other side is moto's server.
func TestRegions(t *testing.T) {
	address := moto(t)
	dir := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"),
	} {
		t.Setenv(name, value)
	}
	ctx := t.Context()
	client, err := instanceaws.New(ctx, instanceaws.Config{Region: "eu-central-1", Endpoint: address})
	if err != nil {
		t.Fatal(err)
	}
	var p instance.Provider = client
	west := func(o *rds.Options) { o.Region = "us-west-2" }
	made, err := p.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("newsblog"), DBInstanceClass: aws.String("db.m6g.large"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("seb"), MasterUserPassword: aws.String("Graviton2-rocks")}, west)
	if err != nil {
		t.Fatal(err)
	}
	if id := aws.ToString(made.DBInstance.DBInstanceIdentifier); id != "newsblog" {
		t.Error(id)
	}
	if out, err := p.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{}, west); err != nil || len(out.DBInstances) != 1 {
		t.Errorf("%+v %v", out, err)
	}
	if out, err := p.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{}); err != nil || len(out.DBInstances) != 0 {
		t.Errorf("in the provider's own region: %+v %v", out, err)
	}
	var absent *types.DBInstanceNotFoundFault
	if _, err := p.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("newsblog")}); !errors.As(err, &absent) {
		t.Error(err)
	}
}

func TestNoSuchProfile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	if _, err := instanceaws.New(t.Context(), instanceaws.Config{Profile: "nobody", Region: "eu-central-1"}); err == nil {
		t.Error("a profile that is not there was taken")
	}
}

// moto starts moto's server and returns its address.
func moto(t *testing.T) string {
	t.Helper()
	program := need.Venv(t, "moto_server")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	address := "http://127.0.0.1:" + port
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get(address + "/moto-api/")
		if err == nil {
			r.Body.Close()
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("moto's server ended: %v\n%s", err, said.String())
		default:
		}
	}
	t.Fatal("moto's server does not answer")
	return ""
}
