package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func newRotateKey() *cobra.Command {
	var data *string
	cmd := &cobra.Command{
		Use:   "rotate-key",
		Short: "Change the master key that seals a lake's secrets",
		Long: `Change the master key that seals a running lake's secrets: a new one is made in the file
that holds it, the keys of the secrets are sealed with it, and then the old one is
taken out. Copies of the old key still open copies of state.db from before.

Where the key is in the environment or the configuration instead, lethe cannot change
it: put a new key (openssl rand -base64 32) before the present one, with a comma between,
start the lake anew, and then take the old one away.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var out struct{ Key string }
			if err := ask(cmd, *data, http.MethodPost, "/master-key/rotate", nil, &out); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "the secrets are sealed with master key %s; keep a copy of its file\n", out.Key)
			return err
		},
	}
	data = lakeFlag(cmd)
	return cmd
}
