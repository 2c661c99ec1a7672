package instance

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// engine returns the engine of a name.
func (l *Local) engine(name string) (Engine, error) {
	for _, e := range l.Engines {
		if e.Name() == name {
			return e, nil
		}
	}
	var names []string
	for _, e := range l.Engines {
		names = append(names, e.Name())
	}
	return nil, lethe.Errorf(lethe.Unsupported, "lethe does not run servers of %s here", name).WithHint("it runs those of %s", strings.Join(names, " and "))
}

// servers are the folders of an instance's servers, the one that clients reach first.
func (r *record) servers() []string {
	first, second := r.ID, r.ID+"-b"
	if r.Server == second {
		first, second = second, first
	}
	return []string{first, second}
}

// class is the instance's class as this host carries it: its size times the scale.
func (l *Local) class(name string) (Class, error) {
	c, ok := ClassOf(name)
	if !ok {
		return c, invalidValue("Invalid DB Instance class: %s", name)
	}
	c.Memory = int64(float64(c.Memory) * l.Scale)
	return c, nil
}

// limits are what a class may use.
func (l *Local) limits(c Class) Limits {
	// A Mbps of the table is 10^6 bits a second.
	return Limits{CPUs: float64(c.VCPU) * min(l.Scale, 1), Memory: c.Memory, IO: int64(c.EBS) * 1e6 / 8}
}

// server says what an engine needs to know of an instance's server.
func (l *Local) server(r *record) (e Engine, s Server, err error) {
	if e, err = l.engine(r.Engine); err != nil {
		return nil, s, err
	}
	c, err := l.class(r.Class)
	if err != nil {
		return nil, s, err
	}
	key, err := l.Keys.Unseal(r.Cert.Key, "instance", r.ID, "key")
	if err != nil {
		return nil, s, err
	}
	id := r.servers()[0]
	s = Server{
		ID: id, Dir: l.folder(id), Version: r.Version, Host: l.Host, Port: r.Port,
		TLS:    TLS{Cert: []byte(r.Cert.Cert), Key: key, CA: []byte(r.Cert.CA)},
		Limits: l.limits(c), Archive: r.Retention > 0 && l.Backups != nil, Settings: r.Live,
	}
	return e, s, nil
}

// runs reports whether a server's process is there.
func runs(e Engine, s Server) bool {
	select {
	case <-e.Ended(s):
		return false
	default:
		return true
	}
}

// committed is the memory that instances have of this host.
func (l *Local) committed(rs []record, except string) (sum int64) {
	for _, r := range rs {
		c, err := l.class(r.Class)
		if err != nil || r.ID == except || r.Status == stopped || r.Status == failed {
			continue
		}
		sum += c.Memory
		if r.MultiAZ {
			sum += c.Memory
		}
	}
	return sum
}

// capacity refuses a class that the host cannot carry beside the others.
func (l *Local) capacity(ctx context.Context, tx *sql.Tx, class string, servers int, except string) error {
	c, err := l.class(class)
	if err != nil {
		return err
	}
	rs, err := l.records(ctx, tx, "")
	if err != nil {
		return err
	}
	free := l.Memory - l.committed(rs, except)
	if need := c.Memory * int64(servers); need > free {
		return &types.InsufficientDBInstanceCapacityFault{Message: ptr(fmt.Sprintf("%s needs %s of memory on this host (%d of it, at a scale of %s), and %s of %s are free.",
			class, mebibytes(need), servers, strconv.FormatFloat(l.Scale, 'g', 4, 64), mebibytes(max(free, 0)), mebibytes(l.Memory)))}
	}
	return nil
}

func mebibytes(n int64) string { return strconv.FormatInt(n>>20, 10) + " MiB" }

// hostMemory is the memory of this host.
func hostMemory() (int64, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, lethe.Errorf(lethe.Unsupported, "how much memory this host has is not known: %w", err).WithHint("set instances.memory")
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, lethe.Errorf(lethe.Unsupported, "/proc/meminfo does not have the host's memory").WithHint("set instances.memory")
}

// version finds the version of an engine that a request asks for: a whole one, the newest
// of a major one, or the newest if it asks for none.
func (l *Local) version(ctx context.Context, engine, asked string) (v Version, err error) {
	e, err := l.engine(engine)
	if err != nil {
		return v, err
	}
	all, err := e.Versions(ctx)
	if err != nil {
		return v, err
	}
	var numbers []string
	for _, v := range all {
		if asked == "" || v.Number == asked || strings.HasPrefix(v.Number, asked+".") {
			return v, nil
		}
		numbers = append(numbers, v.Number)
	}
	slices.Sort(numbers)
	if asked == "" || len(numbers) == 0 {
		return v, invalidCombination("No version of %s is installed on this host.", engine)
	}
	return v, invalidCombination("Cannot find version %s for %s. Installed on this host: %s.", asked, engine, strings.Join(numbers, ", "))
}
