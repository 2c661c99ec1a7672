package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes a package botocore with one service and returns its folder.
func tree(t *testing.T, model string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"botocore/__init__.py":                          "__version__ = '1.2.3'\n",
		"botocore/data/music/2019-01-01/service-2.json": `{"metadata": {"apiVersion": "old"}}`,
		"botocore/data/music/2020-01-01/service-2.json": model,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const music = `{
"metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "music", "protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Music", "serviceFullName": "Music"},
"operations": {
	"Play": {"name": "Play", "documentation": "<p>Plays</p>", "input": {"shape": "PlayInput"}, "errors": [{"shape": "TooLoud"}]},
	"Stop": {"name": "Stop", "input": {"shape": "StopInput"}}},
"shapes": {
	"PlayInput": {"type": "structure", "required": ["Song"], "documentation": "x", "members": {"Song": {"shape": "Song", "documentation": "x"}, "Next": {"shape": "PlayInput"}, "Tags": {"shape": "Tags"}}},
	"Song": {"type": "string", "pattern": "[a-z]+", "max": 9},
	"Tags": {"type": "list", "member": {"shape": "Tag"}},
	"Tag": {"type": "string", "pattern": "[\\u0020-\\uD7FF]*"},
	"StopInput": {"type": "structure", "members": {}},
	"TooLoud": {"type": "structure", "members": {}, "exception": true, "error": {"httpStatusCode": 413}}}
}`

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "model.json")
	if err := run("music", tree(t, music), out, []string{"Play"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
"source": "botocore 1.2.3, data/music/2020-01-01/service-2.json",
"metadata": {"signingName":"music","protocol":"json","apiVersion":"2020-01-01","jsonVersion":"1.1","targetPrefix":"Music"},
"operations": {
	"Play": {"input":{"shape":"PlayInput"},"errors":[{"shape":"TooLoud"}]},
	"Stop": null
},
"shapes": {
	"PlayInput": {"type":"structure","members":{"Next":{"shape":"PlayInput"},"Song":{"shape":"Song"},"Tags":{"shape":"Tags"}},"required":["Song"]},
	"Song": {"type":"string","max":9,"pattern":"[a-z]+"},
	"Tag": {"type":"string"},
	"Tags": {"type":"list","member":{"shape":"Tag"}},
	"TooLoud": {"type":"structure","exception":true,"error":{"httpStatusCode":413}}
}
}
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRunRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "model.json")
	for _, c := range []struct{ service, root, operation, want string }{
		{"music", tree(t, music), "Dance", "music has no operation Dance"},
		{"dance", tree(t, music), "Play", `no model of a service "dance"`},
		{"music", tree(t, "{"), "Play", "unexpected end of JSON"},
		{"music", t.TempDir(), "Play", "no model"},
	} {
		err := run(c.service, c.root, out, []string{c.operation})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("a model was written all the same")
		}
	}
}
