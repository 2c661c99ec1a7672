package mariadb

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lethe/instance"
	"lethe/lib/atomicfile"
	"lethe/lib/daemon"
)

// folder is a server's folder.
type folder string

func at(s instance.Server) folder { return folder(s.Dir) }

func (f folder) join(name ...string) string {
	return filepath.Join(append([]string{string(f)}, name...)...)
}
func (f folder) data() string      { return f.join("data") }
func (f folder) unready() string   { return f.join("data.tmp") }
func (f folder) config() string    { return f.join("my.cnf") }
func (f folder) pid() string       { return f.join("pid") }
func (f folder) began() string     { return f.join("mysqld.pid") } // written when it starts
func (f folder) errors() string    { return f.join("log", "mysql-error.log") }
func (f folder) secret() string    { return f.join("secret") }
func (f folder) first() string     { return f.join("first.sql") }
func (f folder) init() string      { return f.join("init.sql") }
func (f folder) role() string      { return f.join("replica.json") }
func (f folder) released() string  { return f.join("released") }
func (f folder) followers() string { return f.join("followers") }

// socket is where a server of the data folder listens, as the server is told: it works in
// there, so that the name is short enough for a socket's (unix(7): 107 bytes).
const socket = "mysqld.sock"

// make makes the folder and those in it that servers need.
func (e *Engine) make(f folder) error {
	for _, dir := range []string{"", "binlog", "log", "tls", "tmp", "followers"} {
		path := f.join(dir)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		if err := e.user.Own(path); err != nil {
			return err
		}
	}
	return e.user.Reach(string(f))
}

// write puts a file in place that the engine's user reads.
func (e *Engine) write(path string, content []byte) error {
	if e.user.UID == os.Geteuid() {
		return atomicfile.Write(path, content, 0o600)
	}
	return atomicfile.WriteAs(path, content, 0o600, e.user.UID, e.user.GID)
}

// settle makes data.tmp the server's data, for good.
func (f folder) settle() error {
	if err := syncTree(f.unready()); err != nil {
		return err
	}
	if err := os.Rename(f.unready(), f.data()); err != nil {
		return err
	}
	return syncDir(string(f))
}

// exists reports whether there is something at a path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// copyTree copies a folder of files, which become u's.
func copyTree(from, to string, u daemon.User) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			err = os.Mkdir(target, 0o700)
		case d.Type().IsRegular():
			err = copyFile(path, target)
		default:
			return nil // a socket
		}
		if err != nil {
			return err
		}
		return u.Own(target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // by reference where the file system can
	return errors.Join(err, out.Close())
}

// syncTree brings all of a folder to the disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() && !d.Type().IsRegular() {
			return err
		}
		return syncDir(path)
	})
}

// syncDir brings a folder's names, or a file, to the disk.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// size is the sum of the files' sizes in a folder that is in use.
func size(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if i, err := d.Info(); err == nil {
			sum += i.Size()
		}
		return nil
	})
	return sum, err
}
