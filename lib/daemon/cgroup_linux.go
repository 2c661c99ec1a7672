package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// hierarchy is the folder of a hierarchy of control groups of version 2, as of
// https://docs.kernel.org/admin-guide/cgroup-v2.html.
type hierarchy string

// mounted finds the hierarchy of this host.
func mounted() (hierarchy, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		if fields := strings.Fields(before); ok && len(fields) > 4 && strings.HasPrefix(after, "cgroup2 ") {
			return hierarchy(fields[4]), nil
		}
	}
	return "", errors.New("this host has no control groups of version 2")
}

// CanLimit returns why servers cannot be limited on this host, or nil.
func CanLimit() error {
	h, err := mounted()
	if err != nil {
		return err
	}
	_, err = h.prepare([]string{"cpu", "memory"})
	return err
}

// prepare makes the group above all servers' and has the controllers work in it.
func (h hierarchy) prepare(controllers []string) (string, error) {
	top := filepath.Join(string(h), "lethe")
	for _, dir := range []string{string(h), top} {
		if dir == top {
			if err := os.Mkdir(top, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return "", fmt.Errorf("the control groups of version 2 at %s cannot be written: %w", h, errors.Unwrap(err))
			}
		}
		there, err := words(filepath.Join(dir, "cgroup.controllers"))
		if err != nil {
			return "", err
		}
		for _, c := range controllers {
			if !slices.Contains(there, c) {
				return "", fmt.Errorf("the control groups of version 2 at %s have no controller for %s; version 1 may have it, which is not used", h, c)
			}
		}
		on, err := words(filepath.Join(dir, "cgroup.subtree_control"))
		if err != nil {
			return "", err
		}
		for _, c := range controllers {
			if slices.Contains(on, c) {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
				return "", fmt.Errorf("the controller for %s cannot be used below %s: %w", c, dir, errors.Unwrap(err))
			}
		}
	}
	return top, nil
}

func words(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	return strings.Fields(string(text)), err
}

// limit makes the control group of a server. It may return a group that has some of the
// limits, and an error that says why it has not all.
func limit(name string, l Limits) (*os.File, error) {
	h, err := mounted()
	if err != nil {
		return nil, err
	}
	return h.limit(name, l)
}

func (h hierarchy) limit(name string, l Limits) (*os.File, error) {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return nil, fmt.Errorf("%q is no name for a control group", name)
	}
	top, err := h.prepare([]string{"cpu", "memory"})
	if err != nil {
		return nil, err
	}
	var device string
	var partial error
	if l.IO > 0 {
		device, partial = disk(l.Path)
		if partial == nil {
			_, partial = h.prepare([]string{"io"})
		}
	}
	dir := filepath.Join(top, name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	set := map[string]string{"cpu.max": "max 100000", "memory.high": "max", "memory.max": "max"}
	if l.CPUs > 0 {
		set["cpu.max"] = fmt.Sprintf("%d 100000", max(1000, int64(l.CPUs*100_000)))
	}
	if l.Memory > 0 {
		// Pages of files are given back from high on; max is where processes are ended.
		set["memory.high"] = fmt.Sprint(l.Memory / 16 * 15)
		set["memory.max"] = fmt.Sprint(l.Memory)
	}
	if l.IO > 0 && partial == nil {
		set["io.max"] = fmt.Sprintf("%s rbps=%d wbps=%d", device, l.IO, l.IO)
	}
	for file, value := range set {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0o644); err != nil {
			partial = errors.Join(partial, fmt.Errorf("%s of the control group: %w", file, errors.Unwrap(err)))
		}
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return f, partial
}

// disk is the device, as io.max names it, that has the folder's file system.
func disk(dir string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return "", fmt.Errorf("no device of %s: %w", dir, err)
	}
	number := fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	sys, err := filepath.EvalSymlinks("/sys/dev/block/" + number)
	if err != nil {
		return "", fmt.Errorf("the file system of %s is on no device of its own, so that its rate is not bounded", dir)
	}
	// Limits are those of whole disks.
	if _, err := os.Stat(filepath.Join(sys, "partition")); err == nil {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(sys), "dev"))
		return strings.TrimSpace(string(text)), err
	}
	return number, nil
}
