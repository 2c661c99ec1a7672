package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Events configures who outside of lethe is told what happens to objects, and
// from where the lake hears of buckets on other stores. Only the configuration
// names addresses: users of the API can choose among targets, and cannot make
// lethe connect anywhere else.
type Events struct {
	// Tries of one event, while its target takes others; then it is a dead letter.
	Tries int `yaml:"tries"`
	// MaxAge of an event that cannot be delivered; then it is a dead letter.
	MaxAge time.Duration `yaml:"max_age"`
	// Targets by name. A bucket's notification configuration names one as
	// arn:aws:sqs:REGION:000000000000:NAME.
	Targets map[string]EventTarget `yaml:"targets"`
	// Sources by name.
	Sources map[string]EventSource `yaml:"sources"`
}

// EventTarget has one of its fields.
type EventTarget struct {
	Webhook *EventWebhook `yaml:"webhook"`
	NATS    *EventNATS    `yaml:"nats"`
	Kafka   *EventKafka   `yaml:"kafka"`
	SQS     *EventSQS     `yaml:"sqs"`
}

// EventWebhook is a URL that events are posted to.
type EventWebhook struct {
	URL     string            `yaml:"url"`
	Token   Secret            `yaml:"token"`  // sent as a bearer token
	Secret  Secret            `yaml:"secret"` // signs requests
	Headers map[string]string `yaml:"headers"`
	Timeout time.Duration     `yaml:"timeout"`
	CAFile  string            `yaml:"ca_file"` // certificates to trust instead of the system's
}

// EventNATS is a subject that a stream of NATS JetStream keeps.
type EventNATS struct {
	URL         string `yaml:"url"`
	Subject     string `yaml:"subject"`
	Credentials string `yaml:"credentials"` // path of a .creds file
	CAFile      string `yaml:"ca_file"`
	// Stream and Consumer are of sources only.
	Stream   string `yaml:"stream"`
	Consumer string `yaml:"consumer"`
}

// EventKafka is a topic of Kafka.
type EventKafka struct {
	Brokers  []string `yaml:"brokers"`
	Topic    string   `yaml:"topic"`
	TLS      bool     `yaml:"tls"`
	CAFile   string   `yaml:"ca_file"` // implies tls
	SASL     string   `yaml:"sasl"`    // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	User     string   `yaml:"user"`
	Password Secret   `yaml:"password"`
	Group    string   `yaml:"group"` // of sources only
}

// EventSQS is a queue of Amazon SQS, or of a server that speaks its protocol.
type EventSQS struct {
	URL       string `yaml:"url"`
	Region    string `yaml:"region"`
	Endpoint  string `yaml:"endpoint"`
	AccessKey string `yaml:"access_key"`
	SecretKey Secret `yaml:"secret_key"`
}

// EventSource has one of its fields.
type EventSource struct {
	SQS     *EventSQS      `yaml:"sqs"`
	NATS    *EventNATS     `yaml:"nats"`
	Kafka   *EventKafka    `yaml:"kafka"`
	Webhook *EventReceiver `yaml:"webhook"`
}

// EventReceiver is an address where other stores post events.
type EventReceiver struct {
	Addr   string `yaml:"addr"`
	Token  Secret `yaml:"token"`
	Secret Secret `yaml:"secret"`
}

// Secret is a text that is not shown. In the file it stands as it is, or as
// {file: PATH} or {env: NAME}, which are read when the configuration is.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = Secret(n.Value)
		return nil
	}
	var from struct{ File, Env string }
	if err := n.Decode(&from); err != nil || (from.File == "") == (from.Env == "") || len(n.Content) != 2 {
		return fmt.Errorf("line %d: a secret is a text, {file: PATH} or {env: NAME}", n.Line)
	}
	if from.Env != "" {
		v, ok := os.LookupEnv(from.Env)
		if !ok {
			return fmt.Errorf("line %d: the environment has no %s", n.Line, from.Env)
		}
		*s = Secret(v)
		return nil
	}
	text, err := os.ReadFile(from.File)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*s = Secret(strings.TrimRight(string(text), "\r\n"))
	return nil
}

// eventName is what a queue of SQS can be called, as targets are in ARNs.
var eventName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func (e Events) check() error {
	if e.Tries < 1 {
		return &Error{"events.tries", fmt.Sprint(e.Tries), "must be at least 1"}
	}
	if e.MaxAge < time.Minute {
		return &Error{"events.max_age", e.MaxAge.String(), "must be at least 1m"}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Targets)) {
		field, t := "events.targets."+name, e.Targets[name]
		if !eventName.MatchString(name) {
			return &Error{field, name, "must be 1 to 80 letters, digits, - or _"}
		}
		if err := oneOf(field, t.Webhook != nil, t.NATS != nil, t.Kafka != nil, t.SQS != nil); err != nil {
			return err
		}
		if err := t.check(field); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Sources)) {
		field, s := "events.sources."+name, e.Sources[name]
		if !eventName.MatchString(name) {
			return &Error{field, name, "must be 1 to 80 letters, digits, - or _"}
		}
		if err := oneOf(field, s.Webhook != nil, s.NATS != nil, s.Kafka != nil, s.SQS != nil); err != nil {
			return err
		}
		if err := s.check(field); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(field string, has ...bool) error {
	n := 0
	for _, h := range has {
		if h {
			n++
		}
	}
	if n != 1 {
		return &Error{field, fmt.Sprint(n), "is the number of kinds it has; it must have one of webhook, nats, kafka and sqs"}
	}
	return nil
}

func (t EventTarget) check(field string) error {
	switch {
	case t.Webhook != nil:
		return t.Webhook.check(field + ".webhook")
	case t.NATS != nil:
		switch n := t.NATS; {
		case n.Subject == "" || strings.ContainsAny(n.Subject, " *>\t\r\n"):
			return &Error{field + ".nats.subject", n.Subject, "must be a subject without wildcards"}
		case n.Stream != "":
			return &Error{field + ".nats.stream", n.Stream, "is of sources only; the stream that keeps the subject gets the events"}
		case n.Consumer != "":
			return &Error{field + ".nats.consumer", n.Consumer, "is of sources only"}
		}
		return checkURL(field+".nats.url", t.NATS.URL, "nats", "tls", "ws", "wss")
	case t.Kafka != nil:
		if t.Kafka.Group != "" {
			return &Error{field + ".kafka.group", t.Kafka.Group, "is of sources only"}
		}
		return t.Kafka.check(field + ".kafka")
	}
	return t.SQS.check(field + ".sqs")
}

func (w EventWebhook) check(field string) error {
	if w.Timeout < 0 {
		return &Error{field + ".timeout", w.Timeout.String(), "must not be negative"}
	}
	return checkURL(field+".url", w.URL, "http", "https")
}

func (s EventSource) check(field string) error {
	switch {
	case s.Webhook != nil:
		if _, _, err := net.SplitHostPort(s.Webhook.Addr); err != nil {
			return &Error{field + ".webhook.addr", s.Webhook.Addr, "must be host:port"}
		}
		if s.Webhook.Token == "" && s.Webhook.Secret == "" {
			return &Error{field + ".webhook.token", "", "must be set, or secret: whoever reaches the address could invent events"}
		}
		return nil
	case s.NATS != nil:
		if s.NATS.Stream == "" {
			return &Error{field + ".nats.stream", "", "must name a stream"}
		}
		return checkURL(field+".nats.url", s.NATS.URL, "nats", "tls", "ws", "wss")
	case s.Kafka != nil:
		return s.Kafka.check(field + ".kafka")
	}
	return s.SQS.check(field + ".sqs")
}

func (k EventKafka) check(field string) error {
	if len(k.Brokers) == 0 {
		return &Error{field + ".brokers", "", "must name at least one host:port"}
	}
	for _, b := range k.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return &Error{field + ".brokers", b, "must be host:port"}
		}
	}
	if k.Topic == "" {
		return &Error{field + ".topic", "", "must name a topic"}
	}
	if !slices.Contains([]string{"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, k.SASL) {
		return &Error{field + ".sasl", k.SASL, "must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"}
	}
	return nil
}

func (q EventSQS) check(field string) error {
	if (q.AccessKey == "") != (q.SecretKey == "") {
		return &Error{field + ".access_key", q.AccessKey, "needs secret_key, and the other way round"}
	}
	if q.Region != "" && !regionName.MatchString(q.Region) {
		return &Error{field + ".region", q.Region, "must look like a region, as eu-central-1"}
	}
	if q.Endpoint != "" {
		if err := checkURL(field+".endpoint", q.Endpoint, "http", "https"); err != nil {
			return err
		}
	}
	return checkURL(field+".url", q.URL, "http", "https")
}

// checkURL checks one URL, or for NATS several with commas. A password in it is
// not repeated.
func checkURL(field, value string, schemes ...string) error {
	for _, part := range strings.Split(value, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			shown := ""
			if err == nil {
				shown = u.Redacted()
			}
			return &Error{field, shown, "must be a URL that begins with " + strings.Join(schemes, "://, ") + "://"}
		}
	}
	return nil
}
