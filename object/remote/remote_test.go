package remote_test

import (
	"context"
	"path"
	"strings"
	"testing"

	"lethe"
	"lethe/object"
	"lethe/object/disk"
	"lethe/object/objecttest"
	"lethe/object/remote"
	"lethe/test/s3server"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// connect returns a store on a server.
func connect(t testing.TB, url string) *remote.Store {
	t.Helper()
	s, err := remote.New(context.Background(), remote.Config{Name: "test", Endpoint: url, Region: lethe.DefaultRegion, PathStyle: true,
		AccessKeyID: s3server.AccessKeyID, SecretAccessKey: s3server.SecretAccessKey, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	notAtomic      = "S3 has no request that changes several objects at once"
	deletesNothing = "S3 lets a conditional deletion succeed where there is no object (API reference, DeleteObject, If-Match)"
)

// TestOurServer runs the suite over HTTP against lethe's own S3.
func TestOurServer(t *testing.T) {
	urls := map[object.Store]string{}
	objecttest.Suite{
		Open: func(t testing.TB) object.Store {
			srv := s3server.Start(t, t.TempDir(), disk.Options{NoSync: true})
			s := connect(t, srv.URL)
			urls[s] = srv.URL
			return s
		},
		Client:  func(t testing.TB, s object.Store) *s3.Client { return s3server.Client(urls[s]) },
		Far:     true,
		OwnType: "application/octet-stream", // the SDK sends one always
		Lacks: map[string]string{
			"CommitIsAtomic": notAtomic,
			"OneDeleteWins":  deletesNothing,
		},
		NoKey: noKey,
	}.Run(t)
}

// noKey says which keys S3 over HTTP does not have.
func noKey(key string) string {
	switch depth := 0; {
	case path.Clean("/"+key) == "/":
		return "the server's front end takes dots and slashes alone for no key"
	default:
		for name := range strings.SplitSeq(key, "/") {
			switch name {
			case "..":
				depth--
			case "", ".":
			default:
				depth++
			}
			if depth < 0 {
				return "as on AWS, a key may not climb higher than it went down"
			}
		}
	}
	return ""
}
