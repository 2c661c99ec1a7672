package disk_test

import (
	"testing"

	"lethe/object"
	"lethe/object/disk"
	"lethe/object/objecttest"
	"lethe/test/s3server"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestConformance(t *testing.T) {
	objecttest.Suite{
		Open: func(t testing.TB) object.Store {
			s, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				disk.Check(t, s)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			return s
		},
		Client: func(t testing.TB, s object.Store) *s3.Client {
			return s3server.Client(s3server.Serve(t, s.(*disk.Store)))
		},
	}.Run(t)
}
