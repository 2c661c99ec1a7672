package disk

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

func (g *gateway) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	owner, _ := ctx.Value("bucket-owner").(auth.Account)
	var tags map[string]string
	if in.CreateBucketConfiguration != nil {
		var err error
		if tags, err = backend.ParseCreateBucketTags(in.CreateBucketConfiguration.Tags); err != nil {
			return err
		}
	}
	b := &bucket{Name: *in.Bucket, Created: time.Now().UTC(), ACL: acl, Ownership: in.ObjectOwnership, Tags: tags}
	if in.ObjectLockEnabledForBucket != nil && *in.ObjectLockEnabledForBucket {
		b.Lock = encode(auth.BucketLockConfig{Enabled: true})
		if g.versions {
			b.Versioning = types.BucketVersioningStatusEnabled
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.buckets[b.Name]; old != nil {
		acl, err := auth.ParseACL(old.ACL)
		if err != nil {
			return err
		}
		if acl.Owner == owner.Access {
			return s3err.GetBucketErr(s3err.ErrBucketAlreadyOwnedByYou, b.Name)
		}
		return s3err.GetBucketErr(s3err.ErrBucketAlreadyExists, b.Name)
	}
	return bare(g.putBucket(b))
}

func (g *gateway) DeleteBucket(_ context.Context, name string) error {
	return bare(g.deleteBucket(name))
}

func (g *gateway) HeadBucket(_ context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	_, err := g.bucketNamed(*in.Bucket)
	return &s3.HeadBucketOutput{}, err
}

func (g *gateway) ListBuckets(_ context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	res := s3response.ListAllMyBucketsResult{Owner: s3response.CanonicalUser{ID: in.Owner}, Prefix: in.Prefix}
	for _, b := range g.allBuckets() {
		if !strings.HasPrefix(b.Name, in.Prefix) || b.Name <= in.ContinuationToken {
			continue
		}
		if !in.IsAdmin {
			if acl, err := auth.ParseACL(b.ACL); err != nil || acl.Owner != in.Owner {
				continue
			}
		}
		if n := len(res.Buckets.Bucket); n == int(in.MaxBuckets) {
			if n > 0 {
				res.ContinuationToken = res.Buckets.Bucket[n-1].Name
			}
			break
		}
		res.Buckets.Bucket = append(res.Buckets.Bucket, s3response.ListAllMyBucketsEntry{Name: b.Name, CreationDate: b.Created})
	}
	return res, nil
}

func (g *gateway) ListBucketsAndOwners(context.Context) (list []s3response.Bucket, err error) {
	for _, b := range g.allBuckets() {
		acl, err := auth.ParseACL(b.ACL)
		if err != nil {
			return nil, err
		}
		list = append(list, s3response.Bucket{Name: b.Name, Owner: acl.Owner})
	}
	return list, nil
}

func (g *gateway) ChangeBucketOwner(ctx context.Context, bucket, owner string) error {
	return auth.UpdateBucketACLOwner(ctx, g, bucket, owner)
}

func (g *gateway) PutBucketAcl(_ context.Context, name string, data []byte) error {
	return g.changeBucket(name, func(b *bucket) error { b.ACL = data; return nil })
}

func (g *gateway) GetBucketAcl(_ context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	b, err := g.bucketNamed(*in.Bucket)
	return b.ACL, err
}

// setting returns one optional setting, or the error that says it is not there.
func (g *gateway) setting(name string, get func(*bucket) []byte, missing s3err.ErrorCode) ([]byte, error) {
	b, err := g.bucketNamed(name)
	if err != nil {
		return nil, err
	}
	if v := get(&b); v != nil {
		return v, nil
	}
	return nil, s3err.GetBucketErr(missing, name)
}

func (g *gateway) PutBucketPolicy(_ context.Context, name string, v []byte) error {
	return g.changeBucket(name, func(b *bucket) error { b.Policy = v; return nil })
}

func (g *gateway) GetBucketPolicy(_ context.Context, name string) ([]byte, error) {
	return g.setting(name, func(b *bucket) []byte { return b.Policy }, s3err.ErrNoSuchBucketPolicy)
}

func (g *gateway) DeleteBucketPolicy(ctx context.Context, name string) error {
	return g.PutBucketPolicy(ctx, name, nil)
}

func (g *gateway) PutBucketCors(_ context.Context, name string, v []byte) error {
	return g.changeBucket(name, func(b *bucket) error { b.CORS = v; return nil })
}

func (g *gateway) GetBucketCors(_ context.Context, name string) ([]byte, error) {
	return g.setting(name, func(b *bucket) []byte { return b.CORS }, s3err.ErrNoSuchCORSConfiguration)
}

func (g *gateway) DeleteBucketCors(ctx context.Context, name string) error {
	return g.PutBucketCors(ctx, name, nil)
}

func (g *gateway) PutBucketWebsite(_ context.Context, name string, v []byte) error {
	return g.changeBucket(name, func(b *bucket) error { b.Website = v; return nil })
}

func (g *gateway) GetBucketWebsite(_ context.Context, name string) ([]byte, error) {
	return g.setting(name, func(b *bucket) []byte { return b.Website }, s3err.ErrNoSuchWebsiteConfiguration)
}

func (g *gateway) DeleteBucketWebsite(ctx context.Context, name string) error {
	return g.PutBucketWebsite(ctx, name, nil)
}

func (g *gateway) PutBucketOwnershipControls(_ context.Context, name string, o types.ObjectOwnership) error {
	return g.changeBucket(name, func(b *bucket) error { b.Ownership = o; return nil })
}

func (g *gateway) GetBucketOwnershipControls(_ context.Context, name string) (types.ObjectOwnership, error) {
	b, err := g.bucketNamed(name)
	if err == nil && b.Ownership == "" {
		err = s3err.GetBucketErr(s3err.ErrOwnershipControlsNotFound, name)
	}
	return b.Ownership, err
}

func (g *gateway) DeleteBucketOwnershipControls(ctx context.Context, name string) error {
	return g.PutBucketOwnershipControls(ctx, name, "")
}

func (g *gateway) PutBucketTagging(_ context.Context, name string, tags map[string]string) error {
	return g.changeBucket(name, func(b *bucket) error { b.Tags = tags; return nil })
}

func (g *gateway) GetBucketTagging(_ context.Context, name string) (map[string]string, error) {
	b, err := g.bucketNamed(name)
	if err == nil && b.Tags == nil {
		err = s3err.GetBucketErr(s3err.ErrBucketTaggingNotFound, name)
	}
	return b.Tags, err
}

func (g *gateway) DeleteBucketTagging(ctx context.Context, name string) error {
	return g.PutBucketTagging(ctx, name, nil)
}

func (g *gateway) PutBucketVersioning(_ context.Context, name string, status types.BucketVersioningStatus) error {
	if !g.versions {
		return s3err.GetAPIError(s3err.ErrVersioningNotConfigured)
	}
	return g.changeBucket(name, func(b *bucket) error {
		if status == types.BucketVersioningStatusSuspended && locks(b) {
			return s3err.GetAPIError(s3err.ErrSuspendedVersioningNotAllowed)
		}
		b.Versioning = status
		return nil
	})
}

func (g *gateway) GetBucketVersioning(_ context.Context, name string) (out s3response.GetBucketVersioningOutput, err error) {
	b, err := g.bucketNamed(name)
	if b.Versioning != "" {
		out.Status = &b.Versioning
	}
	return out, err
}

func (g *gateway) PutObjectLockConfiguration(_ context.Context, name string, v []byte) error {
	v, err := lockConfig(v)
	if err != nil {
		return err
	}
	return g.changeBucket(name, func(b *bucket) error {
		if g.versions && b.Versioning != types.BucketVersioningStatusEnabled {
			return s3err.GetAPIError(s3err.ErrObjectLockConfigurationNotAllowed)
		}
		b.Lock = v
		return nil
	})
}

func (g *gateway) GetObjectLockConfiguration(_ context.Context, name string) ([]byte, error) {
	return g.setting(name, func(b *bucket) []byte { return b.Lock }, s3err.ErrObjectLockConfigurationNotFound)
}
