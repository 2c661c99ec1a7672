package config

import (
	"fmt"
	"math"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Instances configures what the API of RDS has: servers on this host, or instances at AWS.
type Instances struct {
	// Provider is local, the default, or aws.
	Provider string `yaml:"provider"`

	// Dir holds the servers' folders; "" is instances in the data folder. It and what is
	// above it must be open to the user as whom servers run.
	Dir string `yaml:"dir"`
	// Host is the address at which servers listen, and which clients are told.
	Host string `yaml:"host"`
	// User is as whom servers run where lethe is root; "" is lethe-db or, where there is
	// none, the user of the engine's packages.
	User string `yaml:"user"`
	// MemoryScale multiplies the memory of classes, and below 1 their CPUs, into what a
	// server gets on this host, as 1/8; 0 is 1.
	MemoryScale Scale `yaml:"memory_scale"`
	// Memory is what all servers may have together; 0 is what the host has.
	Memory Bytes `yaml:"memory"`
	// Stop ends the servers when lethe ends. Otherwise they go on.
	Stop bool `yaml:"stop"`

	// Profile of the shared AWS files, for the provider aws; "" is what AWS's tools find.
	Profile string `yaml:"profile"`
	// Endpoint of RDS, for the provider aws; "" is Amazon's.
	Endpoint string `yaml:"endpoint"`
}

// AtAWS says that instances are at AWS, and not on this host.
func (i Instances) AtAWS() bool { return i.Provider == "aws" }

// DefaultInstances are servers on this host that only this host reaches.
func DefaultInstances() Instances {
	return Instances{Provider: "local", Host: "127.0.0.1", MemoryScale: 1}
}

// Scale is a share, written as 0.125 or 1/8.
type Scale float64

// UnmarshalText reads a number or a fraction.
func (s *Scale) UnmarshalText(text []byte) error {
	n, d, fraction := strings.Cut(string(text), "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	if fraction && err == nil {
		var by float64
		by, err = strconv.ParseFloat(strings.TrimSpace(d), 64)
		v /= by
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is not a share such as 0.125 or 1/8", text)
	}
	*s = Scale(v)
	return nil
}

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
)

// check reports the first field that cannot be used, and makes the folder's path absolute.
func (i *Instances) check(data string) error {
	if i.Dir == "" {
		i.Dir = filepath.Join(data, "instances")
	}
	abs, err := filepath.Abs(i.Dir)
	switch {
	case i.Provider != "local" && i.Provider != "aws":
		return &Error{"instances.provider", i.Provider, "must be local or aws"}
	case err != nil:
		return &Error{"instances.dir", i.Dir, err.Error()}
	case net.ParseIP(i.Host) == nil && !hostName.MatchString(i.Host):
		return &Error{"instances.host", i.Host, "must be an address or a name of this host, without a port"}
	case i.User != "" && !userName.MatchString(i.User) || i.User == "root":
		return &Error{"instances.user", i.User, "must be a user of this host other than root"}
	case i.MemoryScale < 0 || i.MemoryScale > 16:
		return &Error{"instances.memory_scale", fmt.Sprint(float64(i.MemoryScale)), "must be above 0 and at most 16, as 1/8"}
	case i.Profile != "" && !i.AtAWS():
		return &Error{"instances.profile", i.Profile, "needs instances.provider: aws"}
	case i.Endpoint != "" && !i.AtAWS():
		return &Error{"instances.endpoint", i.Endpoint, "needs instances.provider: aws"}
	}
	i.Dir = abs
	if i.Endpoint != "" {
		return checkURL("instances.endpoint", i.Endpoint, "http", "https")
	}
	return nil
}
