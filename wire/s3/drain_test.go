package s3_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe"
)

// A body in chunks is read to its last chunk, whatever is answered, so that the
// next request on the connection begins where it begins.
func TestChunkedBodies(t *testing.T) {
	l := newLake(t)
	client := l.client(adminKey, adminSecret)
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("chunks")})
	must(t, err)
	addr := l.gateway.Addr()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	answers := bufio.NewReader(conn)
	content := bytes.Repeat([]byte("content "), 1000)
	sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(content)))
	for i := range 50 {
		// Every other request is to a bucket that is not there, and refused before
		// its body is read.
		want, bucket := http.StatusOK, "chunks"
		if i%2 == 1 {
			want, bucket = http.StatusNotFound, "absent"
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, fmt.Sprintf("http://%s/%s/k%d", addr, bucket, i), nil)
		must(t, err)
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(content)))
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		must(t, v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: adminKey, SecretAccessKey: adminSecret}, r,
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "s3", lethe.DefaultRegion, time.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }))
		body := fmt.Sprintf("%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n", len(content), content, sum)
		var b bytes.Buffer
		fmt.Fprintf(&b, "PUT %s HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n", r.URL.RequestURI(), addr)
		must(t, r.Header.Write(&b))
		fmt.Fprintf(&b, "\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		_, err = conn.Write(b.Bytes())
		must(t, err)
		resp, err := http.ReadResponse(answers, r)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(resp.Body)
		must(t, err)
		if resp.StatusCode != want {
			t.Fatalf("request %d: %s: %s", i, resp.Status, &text)
		}
	}
}
