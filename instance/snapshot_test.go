package instance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Automated snapshots have the instance's tags too, where it is to copy them.
func TestCopyTagsToSnapshot(t *testing.T) {
	b := newBench(t)
	for name, copies := range map[string]bool{"shop": true, "plain": false} {
		b.create(name, func(in *rds.CreateDBInstanceInput) {
			in.CopyTagsToSnapshot, in.Tags = &copies, []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}
		})
		out, err := b.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: &name, SnapshotType: ptr("automated")})
		if err != nil || len(out.DBSnapshots) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		tags, err := b.ListTagsForResource(t.Context(), &rds.ListTagsForResourceInput{ResourceName: out.DBSnapshots[0].DBSnapshotArn})
		if err != nil || (len(tags.TagList) == 1) != copies {
			t.Errorf("%s: %+v, %v", name, tags, err)
		}
	}
}
