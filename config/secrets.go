package config

import (
	"os"
	"path/filepath"
)

// MasterKeyVariable is the environment variable that holds the master key of the lake's
// secrets, if neither field of Secrets is set.
const MasterKeyVariable = "LETHE_MASTER_KEY"

// Secrets configures where the master key is that seals the lake's secrets: 32 bytes in
// base64. Several are apart by commas or lines: the first is in use, what the others
// seal is sealed with it at the next start, and then they can be taken away.
type Secrets struct {
	// KeyFile is the file of the key, which is made at the first start; "" means
	// keys/master in the data folder.
	KeyFile string `yaml:"key_file"`
	// Key is the key itself, as {env: NAME}; then there is no file.
	Key Secret `yaml:"key"`
}

// check fills in what is not set.
func (s *Secrets) check(data string) error {
	if s.Key != "" && s.KeyFile != "" {
		return &Error{"secrets.key", s.Key.String(), "must not be set together with secrets.key_file"}
	}
	if s.Key == "" && s.KeyFile == "" {
		s.Key = Secret(os.Getenv(MasterKeyVariable))
	}
	if s.Key != "" {
		return nil
	}
	if s.KeyFile == "" {
		s.KeyFile = filepath.Join(data, "keys", "master")
	}
	abs, err := filepath.Abs(s.KeyFile)
	if err != nil {
		return &Error{"secrets.key_file", s.KeyFile, err.Error()}
	}
	s.KeyFile = abs
	return nil
}
