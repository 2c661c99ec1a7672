package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func loadText(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		return c, err
	}
	return c, c.Check()
}

func TestEvents(t *testing.T) {
	t.Setenv("LETHE_TEST_TOKEN", "from the environment")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadText(t, `
events:
  tries: 3
  targets:
    audit:
      webhook:
        url: https://audit.example.com/events
        token: {env: LETHE_TEST_TOKEN}
        secret: {file: `+file+`}
        headers: {X-Tenant: lake}
    stream: {nats: {url: "nats://a:4222,nats://b:4222", subject: lake.events}}
    log: {kafka: {brokers: [a:9092], topic: lake, sasl: SCRAM-SHA-256, user: u, password: p}}
    queue: {sqs: {url: "https://sqs.eu-central-1.amazonaws.com/123456789012/lake"}}
  sources:
    aws: {sqs: {url: "https://sqs.eu-central-1.amazonaws.com/123456789012/s3", region: eu-central-1, access_key: k, secret_key: s}}
    minio: {webhook: {addr: "127.0.0.1:9100", token: t}}
    ceph: {kafka: {brokers: [a:9092], topic: ceph}}
    other: {nats: {url: "nats://a:4222", stream: S3}}
`)
	if err != nil {
		t.Fatal(err)
	}
	w := c.Events.Targets["audit"].Webhook
	if string(w.Token) != "from the environment" || string(w.Secret) != "from a file" || c.Events.Tries != 3 || c.Events.MaxAge != Default().Events.MaxAge || w.Headers["X-Tenant"] != "lake" {
		t.Errorf("%+v", c.Events)
	}
	if shown := fmt.Sprintf("%v %+v %#v", *w, *w, *w); strings.Contains(shown, "from") {
		t.Errorf("secrets are shown: %s", shown)
	}
}

func TestEventErrorsNameFieldAndValue(t *testing.T) {
	for text, field := range map[string]string{
		"tries: 0":             "events.tries",
		"max_age: 1s":          "events.max_age",
		"targets: {'a b': {}}": "events.targets.a b",
		"targets: {a: {}}":     "events.targets.a",
		"targets: {a: {webhook: {url: 'http://x'}, sqs: {url: 'http://x'}}}": "events.targets.a",
		"targets: {a: {webhook: {url: 'file:///etc/passwd'}}}":               "events.targets.a.webhook.url",
		"targets: {a: {webhook: {url: 'http://x', timeout: -1s}}}":           "events.targets.a.webhook.timeout",
		"targets: {a: {nats: {url: 'nats://x', subject: 'a.*'}}}":            "events.targets.a.nats.subject",
		"targets: {a: {nats: {url: 'nats://x', subject: a, stream: S}}}":     "events.targets.a.nats.stream",
		"targets: {a: {nats: {url: 'nats://x', subject: a, consumer: c}}}":   "events.targets.a.nats.consumer",
		"targets: {a: {nats: {url: x, subject: a}}}":                         "events.targets.a.nats.url",
		"targets: {a: {kafka: {topic: t}}}":                                  "events.targets.a.kafka.brokers",
		"targets: {a: {kafka: {brokers: [x], topic: t}}}":                    "events.targets.a.kafka.brokers",
		"targets: {a: {kafka: {brokers: ['x:1']}}}":                          "events.targets.a.kafka.topic",
		"targets: {a: {kafka: {brokers: ['x:1'], topic: t, sasl: GSSAPI}}}":  "events.targets.a.kafka.sasl",
		"targets: {a: {kafka: {brokers: ['x:1'], topic: t, group: g}}}":      "events.targets.a.kafka.group",
		"targets: {a: {sqs: {url: lake}}}":                                   "events.targets.a.sqs.url",
		"targets: {a: {sqs: {url: 'http://x', access_key: k}}}":              "events.targets.a.sqs.access_key",
		"targets: {a: {sqs: {url: 'http://x', region: 'Far Away'}}}":         "events.targets.a.sqs.region",
		"targets: {a: {sqs: {url: 'http://x', endpoint: x}}}":                "events.targets.a.sqs.endpoint",
		"sources: {a: {}}":                             "events.sources.a",
		"sources: {'': {}}":                            "events.sources.",
		"sources: {a: {webhook: {addr: x, token: t}}}": "events.sources.a.webhook.addr",
		"sources: {a: {webhook: {addr: 'x:1'}}}":       "events.sources.a.webhook.token",
		"sources: {a: {nats: {url: 'nats://x'}}}":      "events.sources.a.nats.stream",
		"sources: {a: {kafka: {brokers: ['x:1']}}}":    "events.sources.a.kafka.topic",
		"sources: {a: {sqs: {}}}":                      "events.sources.a.sqs.url",
	} {
		var e *Error
		if _, err := loadText(t, "events:\n  "+text+"\n"); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"{env: LETHE_TEST_ABSENT}", "{file: /nowhere/at/all}", "{}", "[a]", "{file: a, env: b}", "{env: HOME, other: b}"} {
		if _, err := loadText(t, "events:\n  targets: {a: {webhook: {url: 'http://x', token: "+text+"}}}\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := loadText(t, "events: {targets: {a: {nats: {url: 'foo://u:hidden@x', subject: s}}}}"); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}
