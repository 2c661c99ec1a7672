// Package config describes a lethe process: where it listens, where it keeps
// its data and what it may use. Resources of a lake (buckets, databases, users)
// are not configuration; they are made through the APIs.
//
// A file lethe.yaml may set any part of it; flags override the file:
//
//	data: /var/lib/lethe
//	aws:
//	  addr: 127.0.0.1:9000
//	  region: eu-central-1
//	console:
//	  addr: 127.0.0.1:8080
//	query:
//	  memory: 4GiB
//	  timeout: 2h
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lethe"
)

// Config is everything that is configured of a process.
type Config struct {
	// Data is the folder that holds the lake. It is created if it is missing.
	Data      string    `yaml:"data"`
	AWS       AWS       `yaml:"aws"`
	Console   Console   `yaml:"console"`
	Query     Query     `yaml:"query"`
	Extracts  Extracts  `yaml:"extracts"`
	Events    Events    `yaml:"events"`
	Audit     Audit     `yaml:"audit"`
	Metastore Metastore `yaml:"metastore"`
	Upkeep    Upkeep    `yaml:"upkeep"`
	Secrets   Secrets   `yaml:"secrets"`
	Erasure   Erasure   `yaml:"erasure"`
	Mail      Mail      `yaml:"mail"`
	Instances Instances `yaml:"instances"`
	// Stores are other S3 services that hold buckets of the lake, by a name for messages.
	Stores map[string]ObjectStore `yaml:"stores"`
	// Backups are made by the lake while it runs.
	Backups []ScheduledBackup `yaml:"backups"`
	Log     Log               `yaml:"log"`

	source *source // nil if it was not read from a file
}

// AWS configures the port on which S3, Athena and STS answer.
type AWS struct {
	Addr string `yaml:"addr"`
	// S3Addr is a further address where S3 alone answers, without the way
	// through the shared port; "" means none.
	S3Addr string `yaml:"s3_addr"`
	Region string `yaml:"region"`
}

// Console configures the console's port.
type Console struct {
	Addr string `yaml:"addr"`
	// URL is where browsers reach the console, if not at Addr, as behind a proxy that
	// speaks TLS; with https:// cookies are bound to it.
	URL  string `yaml:"url"`
	OIDC OIDC   `yaml:"oidc"`
}

// Query bounds what queries may use.
type Query struct {
	// Memory of one query, as 2GiB.
	Memory Bytes `yaml:"memory"`
	// Threads of one query; 0 means one for each core.
	Threads int `yaml:"threads"`
	// Concurrency is how many queries run at once; others wait.
	Concurrency int `yaml:"concurrency"`
	// Warm is how many workers are kept ready for a query; -1 means none.
	Warm int `yaml:"warm"`
	// Timeout ends a query; 0 means never.
	Timeout time.Duration `yaml:"timeout"`
	// Output is the s3:// location of results of the workgroup primary, when the
	// lake is made. "" means the bucket that Athena makes for itself, whose name
	// AWS's managed policies know: aws-athena-query-results-<account>-<region>.
	Output string `yaml:"output"`
	// AllowNoLandlock lets queries run where the kernel cannot confine them to
	// their own files. A query could then change stored objects.
	AllowNoLandlock bool `yaml:"allow_no_landlock"`
}

// Log configures the log on standard error.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

// Default returns the configuration of a lake on one machine.
func Default() Config {
	return Config{
		Data:      "lake",
		AWS:       AWS{Addr: "127.0.0.1:9000", Region: lethe.DefaultRegion},
		Console:   Console{Addr: "127.0.0.1:8080"},
		Query:     Query{Memory: 2 << 30, Concurrency: max(2, runtime.NumCPU()), Warm: 2},
		Extracts:  DefaultExtracts(),
		Metastore: DefaultMetastore(),
		Upkeep:    DefaultUpkeep(),
		Audit:     DefaultAudit(),
		Instances: DefaultInstances(),
		Events:    Events{Tries: 16, MaxAge: 14 * 24 * time.Hour},
		Log:       Log{Level: "info", Format: "text"},
	}
}

// Load reads a file over the defaults. A field it does not know is an error.
func Load(path string) (Config, error) {
	c := Default()
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	c.source = newSource(path, text)
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err = d.Decode(&c)
	var several *yaml.TypeError
	switch {
	case errors.As(err, &several):
		return c, fmt.Errorf("%s: %s", path, strings.Join(several.Errors, "; "))
	case err != nil && !errors.Is(err, io.EOF):
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Error says which field of the configuration cannot be used.
type Error struct{ Field, Value, Reason string }

func (e *Error) Error() string {
	return fmt.Sprintf("configuration %s: %q %s", e.Field, e.Value, e.Reason)
}

// Check reports the first field that cannot be used, with its place in the file, and makes
// paths absolute.
func (c *Config) Check() error {
	err := c.check()
	var e *Error
	if errors.As(err, &e) {
		if at := c.Where(e.Field); at != "" {
			return fmt.Errorf("%s%w", at, err)
		}
	}
	return err
}

func (c *Config) check() error {
	if c.Data == "" {
		return &Error{"data", c.Data, "must name a folder"}
	}
	if isInstance(c.Data) {
		return &Error{"data", "(hidden)", "must be a folder: what there is of instances is kept in it, so that none of them can hold it"}
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return &Error{"data", c.Data, err.Error()}
	}
	c.Data = abs
	for field, addr := range map[string]string{"aws.addr": c.AWS.Addr, "console.addr": c.Console.Addr, "aws.s3_addr": c.AWS.S3Addr} {
		if addr == "" && field == "aws.s3_addr" {
			continue
		}
		if _, port, err := net.SplitHostPort(addr); err != nil {
			return &Error{field, addr, "must be host:port"}
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return &Error{field, addr, "must have a port from 0 (any) to 65535"}
		}
	}
	if !regionName.MatchString(c.AWS.Region) {
		return &Error{"aws.region", c.AWS.Region, "must look like a region, as eu-central-1"}
	}
	if c.Query.Output == "" {
		c.Query.Output = "s3://aws-athena-query-results-" + lethe.Account + "-" + c.AWS.Region + "/"
	}
	if _, err := lethe.ParseLocation(c.Query.Output); err != nil {
		return &Error{"query.output", c.Query.Output, "must be a location s3://bucket/prefix"}
	}
	for _, n := range []struct {
		field     string
		value, lo int64
	}{
		{"query.memory", int64(c.Query.Memory), 128 << 20}, {"query.threads", int64(c.Query.Threads), 0},
		{"query.concurrency", int64(c.Query.Concurrency), 1}, {"query.warm", int64(c.Query.Warm), -1}, {"query.timeout", int64(c.Query.Timeout), 0},
	} {
		if n.value < n.lo {
			return &Error{n.field, strconv.FormatInt(n.value, 10), fmt.Sprintf("must be at least %d", n.lo)}
		}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		return &Error{"log.level", c.Log.Level, "must be debug, info, warn or error"}
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		return &Error{"log.format", c.Log.Format, "must be text or json"}
	}
	if err := c.checkBackups(); err != nil {
		return err
	}
	if err := c.Extracts.check(c.Data); err != nil {
		return err
	}
	if err := c.Console.check(); err != nil {
		return err
	}
	if err := c.Secrets.check(c.Data); err != nil {
		return err
	}
	if err := c.checkStores(); err != nil {
		return err
	}
	if err := c.Instances.check(c.Data); err != nil {
		return err
	}
	if err := c.Mail.check(); err != nil {
		return err
	}
	if err := c.Erasure.ErasureFlow.check(c.Mail); err != nil {
		return err
	}
	if err := c.Erasure.check(); err != nil {
		return err
	}
	if err := c.Upkeep.check(); err != nil {
		return err
	}
	if err := c.Metastore.check(); err != nil {
		return err
	}
	if err := c.checkInstanceRefs(); err != nil {
		return err
	}
	if err := c.Audit.check(); err != nil {
		return err
	}
	return c.Events.check()
}

var regionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Bytes is an amount of memory or storage, written as 512MiB or 2GiB.
type Bytes int64

// UnmarshalText reads a number with an optional unit of 1000 (kB, MB, GB) or 1024 (KiB, MiB, GiB).
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	unit := int64(1)
	for name, n := range map[string]int64{"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40} {
		if t, ok := strings.CutSuffix(s, name); ok {
			s, unit = strings.TrimSpace(t), n
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<62/unit {
		return fmt.Errorf("%q is not an amount such as 512MiB or 2GiB", text)
	}
	*b = Bytes(n * unit)
	return nil
}

// String writes the amount in the largest binary unit that divides it.
func (b Bytes) String() string {
	for _, u := range []struct {
		name string
		n    int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if b != 0 && int64(b)%u.n == 0 {
			return strconv.FormatInt(int64(b)/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Set implements flag values.
func (b *Bytes) Set(s string) error { return b.UnmarshalText([]byte(s)) }

// Type names the value in help texts.
func (b *Bytes) Type() string { return "size" }
