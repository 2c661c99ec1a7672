package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lethe/instance"
	"lethe/lib/atomicfile"
	"lethe/lib/daemon"
)

// A server's folder, and conf in it, belong to lethe; its user has those in which the
// server writes. Whoever takes over a server can thus not have root write elsewhere by
// a link, and what is copied or unpacked into data is so as the server's user.

// prepare makes the server's folder and those in it, where they lack.
func prepare(s instance.Server, u daemon.User) error {
	if err := os.Mkdir(s.Dir, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if u.UID != os.Geteuid() {
		if err := errors.Join(os.Lchown(s.Dir, os.Geteuid(), os.Getegid()), os.Chmod(s.Dir, 0o711)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "conf"), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, f := range []string{"data", "run", "log", "archive"} {
		if err := folder(filepath.Join(s.Dir, f), u); err != nil {
			return err
		}
	}
	return u.Reach(s.Dir)
}

// folder makes one of the server's user's own.
func folder(dir string, u daemon.User) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return u.Own(dir)
}

// put writes a file that the server only reads. A key that its group can read is one of
// root's, or PostgreSQL refuses it.
func put(u daemon.User, path string, content []byte) error {
	mode := fs.FileMode(0o640)
	if u.UID == os.Geteuid() {
		mode = 0o600
	}
	return atomicfile.WriteAs(path, content, mode, os.Geteuid(), u.GID)
}

func data(s instance.Server) string { return filepath.Join(s.Dir, "data") }

// made is the file that says that the data is whole.
func made(s instance.Server) string { return filepath.Join(s.Dir, "made") }

func isMade(s instance.Server) (bool, error) {
	_, err := os.Lstat(made(s))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// anew prepares an empty folder for the data of a server that is not made yet; whatever
// was begun before is removed.
func (e *Engine) anew(ctx context.Context, s instance.Server, u daemon.User) error {
	if err := e.halt(ctx, s); err != nil {
		return err
	}
	for _, dir := range []string{"data", "archive", replicaFile, followersFile, filepath.Join("conf", waiting)} {
		if err := os.RemoveAll(filepath.Join(s.Dir, dir)); err != nil {
			return err
		}
	}
	return prepare(s, u)
}

// finish says that the data is whole, once it is on disk.
func finish(s instance.Server) error {
	if err := syncTree(data(s)); err != nil {
		return err
	}
	return atomicfile.Write(made(s), nil, 0o600)
}

// syncTree has everything below dir on disk. All is given to the disk before it is
// waited for, which is much faster than one file after the other.
func syncTree(dir string) error {
	for _, f := range []func(*os.File) error{begin, (*os.File).Sync} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() && !d.Type().IsRegular() {
				return err
			}
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			return f(file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// load reads a small file of lethe's own in the server's folder. If there is none, v
// stays as it is.
func load(s instance.Server, file string, v any) error {
	text, err := os.ReadFile(filepath.Join(s.Dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s of the server %s: %w", file, s.ID, err)
	}
	return nil
}

func save(s instance.Server, file string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(s.Dir, file), text, 0o600)
}

// tool is a program that works on the server's files, as its user.
func (i install) tool(u daemon.User, s instance.Server, name string, args ...string) daemon.Command {
	path := name
	if !filepath.IsAbs(name) {
		path = i.program(name)
	}
	return daemon.Command{Path: path, Args: args, Dir: s.Dir, User: u, Env: environment}
}

// environment is all that programs get of it. Messages are to be those that are known.
var environment = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "LC_MESSAGES=C", "TZ=UTC"}

// free returns how many bytes a file system has left for its users.
func free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail * uint64(st.Bsize)), nil
}
