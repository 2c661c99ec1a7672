package erasure_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

// streams are what a PDF's compressed streams hold.
func streams(t *testing.T, pdf []byte) string {
	t.Helper()
	var all strings.Builder
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		z, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // the end of a stream, or one that is not compressed
		}
		if _, err := io.Copy(&all, z); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestPDF(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := erasure.Certificate{
		Request: "r-1", Made: at, Done: at, Report: "d1g3st", Versions: 41, Listing: "l1st", Identifiers: []erasure.HashedIdentifier{{Type: "user_id", Hash: "00ff"}},
		Decisions: []erasure.Decision{{Approve: true, By: "boss", At: at, Reason: "ä, 你好 and \x00"}},
		Holds:     []erasure.Hold{{ID: "h-1", Kind: "exemption", Mapping: "orders", Reason: "tax law", Until: at}},
		Holdings:  []erasure.Holding{{Holder: "postgres:crm", Place: "public.customers", Records: 3}},
	}
	for range 1000 {
		c.Objects = append(c.Objects, erasure.Outcome{Bucket: "lake", Key: strings.Repeat("long/", 40), Records: 1})
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed := erasure.SignedCertificate{Certificate: raw, PublicKey: []byte("key"), Signature: []byte("signature")}
	var one, two bytes.Buffer
	for _, b := range []*bytes.Buffer{&one, &two} {
		if err := erasure.WritePDF(b, signed); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(one.Bytes(), []byte("%PDF-")) || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("it is no PDF, or another one each time")
	}
	text := streams(t, one.Bytes())
	for _, want := range []string{"Certificate of erasure", "d1g3st", "l1st", "tax law", "public.customers", "800 more"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	// The signed certificate is in it as it is.
	i := strings.Index(text, `{
  "certificate":`)
	if i < 0 {
		t.Fatal("the signed certificate is not attached")
	}
	var attached erasure.SignedCertificate
	if err := json.NewDecoder(strings.NewReader(text[i:])).Decode(&attached); err != nil || !bytes.Equal(attached.Certificate, raw) {
		t.Errorf("attached: %v", err)
	}
	if err := erasure.WritePDF(io.Discard, erasure.SignedCertificate{Certificate: []byte("x")}); !lethe.Is(err, lethe.BadData) {
		t.Error(err)
	}
}
