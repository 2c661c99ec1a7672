package lethe_test

import (
	"strings"
	"testing"

	"lethe"
)

func TestParseLocation(t *testing.T) {
	for text, want := range map[string]lethe.Location{
		"s3://bucket/a/b":   {Bucket: "bucket", Key: "a/b"},
		"s3a://bucket/a/b/": {Bucket: "bucket", Key: "a/b/"},
		"s3n://bucket":      {Bucket: "bucket"},
		"S3A://bucket//x":   {Bucket: "bucket", Key: "/x"},
	} {
		if l, err := lethe.ParseLocation(text); err != nil || l != want {
			t.Errorf("%s: %+v %v", text, l, err)
		}
	}
	for text, c := range map[string]struct {
		kind lethe.Kind
		says string
	}{
		"":                                     {lethe.Invalid, "not of the form"},
		"/data/x":                              {lethe.Invalid, "not of the form"},
		"bucket/key":                           {lethe.Invalid, "not of the form"},
		"s3:///key":                            {lethe.Invalid, "no bucket"},
		"hdfs://namenode:8020/warehouse/t":     {lethe.Unsupported, "Hadoop's file system (hdfs://)"},
		"hdfs:/warehouse/t":                    {lethe.Unsupported, "distcp"},
		"file:///srv/warehouse/t":              {lethe.Unsupported, "upload the files"},
		"file:/srv/warehouse/t":                {lethe.Unsupported, "folder of some machine"},
		"gs://bucket/t":                        {lethe.Unsupported, "Google"},
		"abfss://c@account.dfs.core.windows/t": {lethe.Unsupported, "Azure"},
		"ftp://host/t":                         {lethe.Unsupported, "ftp://"},
	} {
		_, err := lethe.ParseLocation(text)
		if !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v (kind %q)", text, err, lethe.KindOf(err))
		}
	}
}
