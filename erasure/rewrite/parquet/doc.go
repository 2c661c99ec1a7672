// Package parquet finds and cuts records in Parquet files. It rewrites the pages
// that hold them and what tells of these; everything else of a file stays as it is,
// byte for byte, so that a person in one of twenty row groups costs a twentieth.
//
// # What goes
//
// Of each column chunk that holds a row to be cut, the data pages with such rows
// are decoded, changed, and encoded as they were. Then whatever was made of the
// values that went:
//
//   - dictionary entries that no value refers to any more are overwritten with
//     others, so that the indices of pages that stay remain good;
//   - minimum and maximum in the chunk's and the page's statistics and in the
//     column index, where a value that went may have made them; counts of nulls,
//     NaNs, levels and bytes; the count of distinct values and bounding boxes are
//     taken out;
//   - Bloom filters are built anew, at the same size;
//   - the file's key-value metadata, where one of the traces is found in it;
//   - bytes that nothing in the file refers to.
//
// Offsets, sizes, ordinals and totals follow. Pages and row groups of which nothing
// is left are taken out.
//
// # What is read
//
// Footer, the identifying columns, and the chunks with rows to be cut; where there
// is an offset index, only the pages of these that matter. Where that is most of the
// file, row groups are read at once, ahead. Memory is bounded: small
// columns are worked on side by side within 96 MB, large ones alone; pages of more
// than 120 MB are refused. New pages go to a temporary file.
//
// # What is refused
//
// With an error of kind Unsupported that says which it is: encrypted files and
// columns, compression with LZO and with LZ4 in Hadoop's framing, levels in encoding
// BIT_PACKED, values in encoding ALP, columns whose values are in another file,
// files by parquet-mr before 1.2.9, and data files of Hudi and Iceberg tables,
// whose metadata tells of their files' rows.
//
// # Names and values
//
// A column's name is its path with dots; the groups that lists and maps are made of
// have no name of their own, so the elements of friends are friends, the keys of a
// map are map.key. The full path is a name too. Letters' case counts only where two
// names differ in nothing else.
//
// Besides what erasure.Record says: decimals have all their digits after the point;
// floating-point numbers are as short as they can be; times are 15:04:05.999999999
// and timestamps 2006-01-02T15:04:05.999999999, without zeros at the end, and with a
// Z where the column is in UTC; those of type INT96 are without. Bytes that the
// schema does not say to be text, in a column of varying length, have two forms if
// they are valid text: as it is, and hexadecimal digits.
package parquet

// Format implements erasure.Format and erasure.Vacuumer for Parquet.
//
// In mode Blank, a row stays of which every column is null, or empty; columns that
// are required all the way down are zero, as nothing else can be told of them. The
// file then says which rows these are, under the key lethe.blanked of its metadata, by
// which Vacuum takes them out; see docs/reference/rewrites.md. In mode Replace, a column that is required cannot become null: that is an error of
// kind Invalid.
type Format struct{}
