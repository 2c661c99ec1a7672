package disk

import (
	"testing"

	"lethe/object"
	"lethe/object/objecttest"
)

func TestConformance(t *testing.T) {
	objecttest.Run(t, func(t testing.TB) object.Store { return open(t, t.TempDir(), Options{NoSync: true}) })
}

// open opens a store that is closed at the end of the test.
func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
