package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe"
	"lethe/ingest"
)

// uploader brings sources into the lake, which opens no files or addresses itself.
type uploader struct {
	client   *s3.Client
	keep     string // location; "" means that uploads are forgotten afterwards
	progress io.Writer
	quiet    bool
	dir      lethe.Location
	made     []lethe.Location
}

// stagingBucket holds uploads while they are read.
const stagingBucket = ingest.StagingBucket

// source returns where a source lies in the lake, bringing it there if needed.
func (u *uploader) source(ctx context.Context, s string) ([]string, error) {
	if strings.HasPrefix(s, "s3://") {
		return []string{s}, nil
	}
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		at, err := u.download(ctx, s)
		return []string{at}, err
	}
	info, err := os.Stat(s)
	if errors.Is(err, os.ErrNotExist) {
		return nil, lethe.Errorf(lethe.NotFound, "there is no file %s", s)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		at, err := u.file(ctx, s)
		return []string{at}, err
	}
	var list []string
	files, err := os.ReadDir(s)
	if err != nil {
		return nil, err
	}
	for _, e := range files {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") {
			at, err := u.file(ctx, filepath.Join(s, e.Name()))
			if err != nil {
				return nil, err
			}
			list = append(list, at)
		}
	}
	if len(list) == 0 {
		return nil, lethe.Errorf(lethe.NotFound, "the folder %s holds no files", s)
	}
	return list, nil
}

func (u *uploader) file(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return u.put(ctx, filepath.Base(name), f)
}

func (u *uploader) download(ctx context.Context, address string) (string, error) {
	a, err := url.Parse(address)
	if err != nil {
		return "", lethe.Errorf(lethe.Invalid, "%s: %w", address, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", lethe.Errorf(lethe.Invalid, "%s answers %s", address, resp.Status)
	}
	name := path.Base(a.Path)
	if name == "/" || name == "." {
		name = "download"
	}
	return u.put(ctx, name, resp.Body)
}

// put writes an object below the place of uploads.
func (u *uploader) put(ctx context.Context, name string, r io.Reader) (string, error) {
	if err := u.place(ctx); err != nil {
		return "", err
	}
	at := u.dir.Join(name)
	if !u.quiet {
		fmt.Fprintf(u.progress, "uploading %s\n", name)
	}
	_, err := transfermanager.New(u.client).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &at.Bucket, Key: &at.Key, Body: r})
	if err != nil {
		return "", fmt.Errorf("upload of %s: %w", name, serviceError(err))
	}
	if u.keep == "" {
		u.made = append(u.made, at)
	}
	return at.String(), nil
}

// place decides where uploads go.
func (u *uploader) place(ctx context.Context) error {
	if u.dir.Bucket != "" {
		return nil
	}
	if u.keep != "" {
		at, err := lethe.ParseLocation(u.keep)
		u.dir = at
		return err
	}
	_, err := u.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(stagingBucket)})
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) && (code.ErrorCode() == "BucketAlreadyOwnedByYou" || code.ErrorCode() == "BucketAlreadyExists") {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("bucket for uploads: %w", serviceError(err))
	}
	u.dir = lethe.Location{Bucket: stagingBucket, Key: lethe.NewOrderedID()}
	return nil
}

// forget removes uploads that were not to be kept.
func (u *uploader) forget() {
	ctx, done := context.WithTimeout(context.Background(), 30*time.Second)
	defer done()
	for _, l := range u.made {
		if _, err := u.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &l.Bucket, Key: &l.Key}); err != nil {
			fmt.Fprintf(u.progress, "the uploaded %s could not be removed: %v\n", l, serviceError(err))
		}
	}
}
