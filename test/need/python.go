package need

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Wheels returns a folder with packages of Python, of exact versions, and what they need,
// for PYTHONPATH with the project's own Python (Venv). They are fetched once.
func Wheels(t testing.TB, packages ...string) string {
	t.Helper()
	pip := Venv(t, "pip")
	dir := peers(t)
	home := filepath.Join(dir, strings.Join(packages, "+"))
	once(t, dir, home, func() error {
		fresh := home + ".new"
		os.RemoveAll(fresh)
		if err := run(pip, append([]string{"install", "-q", "--disable-pip-version-check", "--no-cache-dir", "--target", fresh}, packages...)...); err != nil {
			return err
		}
		return os.Rename(fresh, home)
	})
	return home
}
