//go:build nightly && linux

package disk

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPowerCut runs the child of the kill test on a file system of its own in a
// loop-mounted image, kills it, and copies the image without a sync: what the
// copy holds is what a disk would hold after the power failed. Needs root.
func TestPowerCut(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	for fs, mkfs := range map[string][]string{
		"ext4":  {"mkfs.ext4", "-q", "-F"},
		"xfs":   {"mkfs.xfs", "-q", "-f"},
		"btrfs": {"mkfs.btrfs", "-q", "-f"},
	} {
		t.Run(fs, func(t *testing.T) {
			if _, err := exec.LookPath(mkfs[0]); err != nil {
				t.Skip(err)
			}
			dir := t.TempDir()
			image := filepath.Join(dir, "0.img")
			f, err := os.Create(image)
			must(t, err)
			must(t, f.Truncate(1<<30))
			must(t, f.Close())
			run(t, append(mkfs, image)...)
			k := &killed{state: map[string]string{}}
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 0))
			for i := range 5 {
				before := mount(t, image)
				k.run(t, filepath.Join(before, "store"), r, seed+uint64(i), 20+r.IntN(150))
				image = filepath.Join(dir, string(rune('1'+i))+".img")
				run(t, "cp", "--sparse=always", filepath.Join(dir, string(rune('0'+i))+".img"), image)
				run(t, "umount", before)
				after := mount(t, image)
				s, err := Open(filepath.Join(after, "store"), Options{})
				must(t, err)
				k.check(t, s)
				check(t, s)
				must(t, s.Close())
				run(t, "umount", after)
			}
			t.Logf("%d keys, %d uploads left unfinished", len(k.state), len(k.uploads))
		})
	}
}

func mount(t *testing.T, image string) string {
	t.Helper()
	at := image + ".mount"
	must(t, os.MkdirAll(at, 0o700))
	run(t, "mount", "-o", "loop", image, at)
	t.Cleanup(func() { _ = exec.Command("umount", "-q", "-l", at).Run() }) // if the test ended early
	return at
}

func run(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
}
