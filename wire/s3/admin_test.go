package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/versity/versitygw/auth"
)

// suiteRegion is the one that some cases take for granted.
const suiteRegion = "us-east-1"

// adminCommand does what versitygw's command line does for the suite:
//
//	versitygw admin -a KEY -s SECRET -er ENDPOINT create-user -a KEY -s SECRET -r ROLE
//	versitygw admin ... delete-user -a KEY
//	versitygw admin ... change-bucket-owner -b BUCKET -o OWNER
//	versitygw admin ... list-buckets
func adminCommand(args []string) error {
	if len(args) == 0 || args[0] != "admin" {
		return fmt.Errorf("unknown command %q", args)
	}
	global := flag.NewFlagSet("admin", flag.ContinueOnError)
	key, secret, endpoint := global.String("a", "", ""), global.String("s", "", ""), global.String("er", "", "")
	if err := global.Parse(args[1:]); err != nil {
		return err
	}
	if global.NArg() == 0 {
		return fmt.Errorf("no command in %q", args)
	}
	command := flag.NewFlagSet(global.Arg(0), flag.ContinueOnError)
	var account auth.Account
	command.StringVar(&account.Access, "a", "", "")
	command.StringVar(&account.Secret, "s", "", "")
	role := command.String("r", "", "")
	bucket, owner := command.String("b", "", ""), command.String("o", "", "")
	if err := command.Parse(global.Args()[1:]); err != nil {
		return err
	}
	account.Role = auth.Role(*role)
	var body []byte
	path := "/" + command.Name()
	switch command.Name() {
	case "create-user":
		var err error
		if body, err = xml.Marshal(account); err != nil {
			return err
		}
	case "delete-user":
		path += "?access=" + account.Access
	case "change-bucket-owner":
		path += "/?bucket=" + *bucket + "&owner=" + *owner
	}
	req, err := http.NewRequest(http.MethodPatch, *endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: *key, SecretAccessKey: *secret}, req, hash, "s3", suiteRegion, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return err
}
