package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"lethe"
	"lethe/erasure"
)

func newMap(data *string, asJSON *bool) *cobra.Command {
	var file string
	var preview bool
	cmd := &cobra.Command{
		Use:   "map -f FILE [--preview]",
		Short: "Say where identifiers are: mappings, as YAML or JSON",
		Long: `The file holds a mapping, a list of mappings, or, as lake.yaml, types and mappings:

	types:
	  - {name: user_id, form: exact}
	mappings:
	  - name: clicks
	    location: s3://lake/clicks/
	    identifiers: [{type: user_id, key: "{user_id}-*.csv"}]

With --preview the mappings are checked against a sample of their objects, and
nothing is kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := readMappings(cmd, file)
			if err != nil {
				return err
			}
			if preview {
				return previewMappings(cmd, *data, *asJSON, in.Mappings)
			}
			return putMappings(cmd, *data, in)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "-", "the file; - reads the standard input")
	cmd.Flags().BoolVar(&preview, "preview", false, "read a sample of the objects, and keep nothing")
	return cmd
}

// mappingsFile is a file of types and mappings.
type mappingsFile struct {
	Types    []erasure.IdentifierType `json:"types"`
	Mappings []erasure.Mapping        `json:"mappings"`
}

// readMappings reads a file of mappings. JSON is YAML too.
func readMappings(cmd *cobra.Command, file string) (in mappingsFile, err error) {
	from := cmd.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return in, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return in, err
	}
	wrong := func(err error) (mappingsFile, error) {
		return in, lethe.Errorf(lethe.Invalid, "%s holds no mappings: %w", file, err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return wrong(err)
	}
	into := any(&in.Mappings)
	if fields, ok := doc.(map[string]any); ok {
		if fields["mappings"] != nil || fields["types"] != nil {
			into = &in
		} else {
			doc = []any{doc}
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return wrong(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return wrong(err)
	}
	for i := range in.Types {
		if in.Types[i].Form == "" {
			in.Types[i].Form = erasure.Exact
		}
	}
	for i := range in.Mappings {
		m := &in.Mappings[i]
		switch {
		case m.Name != "":
		case m.Table != "":
			m.Name = m.Database + "." + m.Table
		default:
			return wrong(fmt.Errorf("mapping %d has neither a name nor a table", i+1))
		}
	}
	return in, nil
}

func putMappings(cmd *cobra.Command, data string, in mappingsFile) error {
	for _, t := range in.Types {
		if err := ask(cmd, data, http.MethodPut, "/identifier-types/"+t.Name, t, nil); err != nil {
			return err
		}
	}
	for _, m := range in.Mappings {
		if err := ask(cmd, data, http.MethodPut, "/mappings/"+m.Name, m, nil); err != nil {
			return err
		}
	}
	return nil
}

// previewMappings prints what mappings would find, and fails if one has a problem.
func previewMappings(cmd *cobra.Command, data string, asJSON bool, ms []erasure.Mapping) error {
	problems := 0
	for _, m := range ms {
		var p erasure.Preview
		if err := ask(cmd, data, http.MethodPost, "/mappings/preview", m, &p); err != nil {
			return err
		}
		problems += len(p.Problems)
		if asJSON {
			if err := printJSON(cmd, p); err != nil {
				return err
			}
			continue
		}
		out := cmd.OutOrStdout()
		more := ""
		if p.More {
			more = " at least"
		}
		fmt.Fprintf(out, "%s:%s %d objects of %d bytes; %d read\n", m.Name, more, p.Objects, p.Bytes, p.Read)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		if len(p.Samples) > 0 {
			fmt.Fprintln(w, "OBJECT\tRECORDS\tIDENTIFIERS (DISTINCT)")
		}
		for _, s := range p.Samples {
			var found []string
			for _, c := range s.Identifiers {
				found = append(found, fmt.Sprintf("%s %d (%d)", c.Type, c.Found, c.Distinct))
			}
			fmt.Fprintf(w, "s3://%s/%s\t%d\t%s\n", s.Bucket, s.Key, s.Records, strings.Join(found, ", "))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, problem := range p.Problems {
			fmt.Fprintf(out, "problem: %s: %s\n", problem.Where, problem.Message)
		}
	}
	if problems > 0 {
		return lethe.Errorf(lethe.Invalid, "the mappings have %d problems", problems)
	}
	return nil
}

func listMappings(cmd *cobra.Command, data string, asJSON bool) error {
	var all struct {
		Mappings []erasure.Mapping `json:"mappings"`
	}
	if err := ask(cmd, data, http.MethodGet, "/mappings", nil, &all); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tOBJECTS\tIDENTIFIERS\tMODE")
	for _, m := range all.Mappings {
		at := m.Location
		if at == "" {
			at = m.Database + "." + m.Table
		}
		var ids []string
		for _, id := range m.Identifiers {
			ids = append(ids, id.Type+"="+strings.TrimPrefix(id.Where(), "columns "))
		}
		mode := m.Mode
		if mode == "" {
			mode = "delete"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", m.Name, at, strings.Join(ids, ", "), mode)
	}
	return w.Flush()
}
