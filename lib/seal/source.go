package seal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lethe/lib/atomicfile"
)

// Source is where master keys come from.
type Source struct {
	path        string
	where, text string
}

// File is a source that the program may make and change. Its folder is made with it.
func File(path string) Source { return Source{path: path} }

// Text is a source that only somebody else changes; where names it in errors, as
// "the environment variable LETHE_MASTER_KEY".
func Text(where, text string) Source { return Source{where: where, text: text} }

// String names the place.
func (s Source) String() string {
	if s.path != "" {
		return s.path
	}
	return s.where
}

// maxSource bounds what is read of a file that holds a few keys.
const maxSource = 64 << 10

// read returns the keys; none if the file does not exist yet.
func (s Source) read() ([]master, error) {
	text := s.text
	if s.path != "" {
		f, err := os.Open(s.path)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxSource))
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	all, err := parseMasters(text)
	if err == nil && len(all) == 0 {
		err = errors.New("it holds no key, which is 32 bytes in base64, as openssl rand -base64 32 makes")
	}
	return all, err
}

// errElsewhere says that the keys are somebody else's to change.
var errElsewhere = errors.New("only who set it can change it: put a new key before the present one, start anew, and then take the old one away")

// write puts keys in place, whole and durable, and then overwrites what the file held
// before.
func (s Source) write(all []master) error {
	if s.path == "" {
		return errElsewhere
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	old, err := os.OpenFile(s.path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
		old = nil
	case err != nil:
		return err
	default:
		defer old.Close()
	}
	if err := atomicfile.Write(s.path, []byte(formatMasters(all)), 0o600); err != nil {
		return err
	}
	return wipe(old)
}

// sweep wipes and removes what a process that was killed left of a write.
func (s Source) sweep() error {
	if s.path == "" {
		return nil
	}
	left, err := filepath.Glob(globQuote(strings.TrimSuffix(atomicfile.Pattern(s.path), "*")) + "*")
	if err != nil {
		return err
	}
	for _, path := range left {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(wipe(f), f.Close(), os.Remove(path)); err != nil {
			return err
		}
	}
	return nil
}

// globQuote makes a path match itself.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// wipe overwrites a file that has no name any more. Where the file system or the disk
// writes elsewhere than over the old bytes, it cannot do more.
func wipe(f *os.File) error {
	if f == nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, info.Size()), 0); err != nil {
		return fmt.Errorf("overwriting the former key file: %w", err)
	}
	return f.Sync()
}
