package parquet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// keptBy names the table format whose metadata a file is part of, by a key that it
// has: to change such a file in place breaks the table, which tells its size, rows
// and bounds elsewhere.
func (f *file) keptBy() string {
	for _, kv := range f.footer.items(fileKeyValues) {
		switch key := string(kv.get(1).bytes()); {
		case strings.HasPrefix(key, "hoodie_") || key == "org.apache.hudi.bloomfilter":
			return "Hudi"
		case key == "iceberg.schema":
			return "Iceberg"
		}
	}
	return ""
}

// cleanMetadata takes out of the file's own key-value metadata what may name the
// person: pairs in which one of the traces is found, also in base64, as Arrow
// writes its schema there. If rows go, bounding boxes in GeoParquet's metadata go
// too. It reports how many pairs went, and whether anything changed.
func (f *file) cleanMetadata(traces []string, rows bool) (pairs int, changed bool) {
	list := f.footer.get(fileKeyValues)
	if list == nil {
		return 0, false
	}
	n := len(list.list)
	list.list = slices.DeleteFunc(list.list, func(kv node) bool {
		return holds(kv.get(1).bytes(), traces) || holds(kv.get(2).bytes(), traces)
	})
	pairs = n - len(list.list)
	for i := range list.list {
		kv := &list.list[i]
		if v := kv.get(2); rows && v != nil && string(kv.get(1).bytes()) == "geo" {
			if b, ok := withoutBoxes(v.data); ok {
				v.data, changed = b, true
			}
		}
	}
	return pairs, changed || pairs > 0
}

// cleanColumn does the same for the metadata of a column chunk.
func cleanColumn(column *node, traces []string) (pairs int) {
	m := column.get(chunkMeta)
	list := m.get(metaKeyValues)
	if list == nil {
		return 0
	}
	n := len(list.list)
	list.list = slices.DeleteFunc(list.list, func(kv node) bool {
		return holds(kv.get(1).bytes(), traces) || holds(kv.get(2).bytes(), traces)
	})
	return n - len(list.list)
}

// holds reports whether a trace is in bytes, as it is, as JSON escapes it, or in
// what they are the base64 of; letters in either case.
func holds(b []byte, traces []string) bool {
	forms := [][]byte{bytes.ToLower(b)}
	if raw, err := base64.StdEncoding.DecodeString(string(b)); err == nil {
		forms = append(forms, bytes.ToLower(raw))
	}
	for _, t := range traces {
		if t == "" {
			continue
		}
		quoted, err := json.Marshal(t)
		for _, form := range forms {
			if bytes.Contains(form, bytes.ToLower([]byte(t))) || err == nil && bytes.Contains(form, bytes.ToLower(quoted[1:len(quoted)-1])) {
				return true
			}
		}
	}
	return false
}

// withoutBoxes takes the columns' bounding boxes out of GeoParquet's metadata
// (geoparquet.org, "bbox"); not ok if there are none.
func withoutBoxes(b []byte) (out []byte, ok bool) {
	var meta map[string]json.RawMessage
	var columns map[string]map[string]json.RawMessage
	if json.Unmarshal(b, &meta) != nil || json.Unmarshal(meta["columns"], &columns) != nil {
		return nil, false
	}
	for _, c := range columns {
		if _, has := c["bbox"]; has {
			delete(c, "bbox")
			ok = true
		}
	}
	if !ok {
		return nil, false
	}
	var err error
	if meta["columns"], err = json.Marshal(columns); err != nil {
		return nil, false
	}
	out, err = json.Marshal(meta)
	return out, err == nil
}
