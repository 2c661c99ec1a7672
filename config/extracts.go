package config

import (
	"fmt"
	"path/filepath"
	"time"
)

// Extracts configures the copies that data sets of dashboards are imported to.
type Extracts struct {
	// Folder holds them; "" is the folder extracts in the lake's own.
	Folder string `yaml:"folder"`
	// Memory of one session, which holds one extract open, as 1GiB.
	Memory Bytes `yaml:"memory"`
	// Sessions is how many extracts are held open at once; the one that was asked longest ago
	// makes place for another.
	Sessions int `yaml:"sessions"`
	// Idle is after how long without a question a session ends.
	Idle time.Duration `yaml:"idle"`
}

// DefaultExtracts returns the configuration unless set.
func DefaultExtracts() Extracts {
	return Extracts{Memory: 1 << 30, Sessions: 4, Idle: 10 * time.Minute}
}

func (e *Extracts) check(data string) error {
	switch {
	case e.Memory < 128<<20:
		return &Error{"extracts.memory", fmt.Sprint(int64(e.Memory)), "must be at least 128MiB"}
	case e.Sessions < 1:
		return &Error{"extracts.sessions", fmt.Sprint(e.Sessions), "must be at least 1"}
	case e.Idle < time.Second:
		return &Error{"extracts.idle", e.Idle.String(), "must be at least a second"}
	}
	if e.Folder == "" {
		e.Folder = filepath.Join(data, "extracts")
	}
	var err error
	if e.Folder, err = filepath.Abs(e.Folder); err != nil {
		return &Error{"extracts.folder", e.Folder, err.Error()}
	}
	return nil
}
