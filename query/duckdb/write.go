package duckdb

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"
)

// writeParquet leaves the rows of a SELECT in Parquet files under work/out.
func (d *database) writeParquet(ctx context.Context, query string, o parquetOutput) (done, error) {
	var r done
	opts := []string{"FORMAT parquet", "COMPRESSION zstd", "RETURN_STATS"}
	if o.RowGroup > 0 {
		opts = append(opts, fmt.Sprintf("ROW_GROUP_SIZE %d", o.RowGroup))
	}
	if len(o.Metadata) > 0 {
		var kv []string
		for k, v := range o.Metadata {
			kv = append(kv, ident(k)+": "+quote(v))
		}
		slices.Sort(kv)
		opts = append(opts, "KV_METADATA {"+strings.Join(kv, ", ")+"}")
	}
	to := outDir
	switch {
	case len(o.PartitionBy) > 0:
		keys := make([]string, len(o.PartitionBy))
		for i, k := range o.PartitionBy {
			keys[i] = ident(k)
		}
		opts = append(opts, "PARTITION_BY ("+strings.Join(keys, ", ")+")", "FILENAME_PATTERN "+quote("{i}"))
		if o.FileSize > 0 {
			opts = append(opts, fmt.Sprintf("FILE_SIZE_BYTES %d", o.FileSize))
		}
	case o.FileSize > 0:
		opts = append(opts, fmt.Sprintf("FILE_SIZE_BYTES %d", o.FileSize), "FILENAME_PATTERN "+quote("{i}"))
	default:
		if err := os.MkdirAll(outDir, 0o700); err != nil {
			return done{}, err
		}
		to = outDir + "/0.parquet"
	}
	rows, err := d.conn.QueryContext(ctx, "COPY ("+query+"\n) TO "+quote(to)+" ("+strings.Join(opts, ", ")+")")
	if err != nil {
		return done{}, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return done{}, err
	}
	for rows.Next() {
		var f outFile
		var keys, ignored any
		dest := make([]any, len(names))
		for i, n := range names {
			switch n {
			case "filename":
				dest[i] = &f.Path
			case "count":
				dest[i] = &f.Rows
			case "file_size_bytes":
				dest[i] = &f.Bytes
			case "partition_keys":
				dest[i] = &keys
			default:
				dest[i] = &ignored
			}
		}
		if err := rows.Scan(dest...); err != nil {
			return done{}, err
		}
		for _, k := range o.PartitionBy {
			f.Partition = append(f.Partition, partitionKey(keys, k))
		}
		r.Rows += f.Rows
		r.Files = append(r.Files, f)
	}
	return r, rows.Err()
}

// partitionKey finds a key's value in the map that DuckDB returns for a file.
func partitionKey(keys any, name string) *string {
	m, _ := keys.(duck.OrderedMap)
	for i, k := range m.Keys() {
		if key, ok := k.(string); ok && strings.EqualFold(key, name) {
			if v, ok := m.Values()[i].(string); ok {
				return &v
			}
		}
	}
	return nil
}
