package hms

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"lethe/lib/thrift"
)

// fill gives everything behind v a random value that is not absent.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 1)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1 + r.Int64N(100))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.String:
		v.SetString("s" + string(rune('a'+r.IntN(26))))
	case reflect.Pointer:
		if depth > 6 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i), depth)
		}
	case reflect.Slice:
		n := 1 + r.IntN(3)
		if r.IntN(10) == 0 && v.Type().Elem().Kind() == reflect.String {
			n = 20 // compact lists of 15 or more begin otherwise
		}
		if depth > 5 {
			n = 0
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, k, depth+1)
			fill(r, e, depth+1)
			v.SetMapIndex(k, e)
		}
	}
}

func encode(s thrift.Struct, compact bool) []byte {
	w := thrift.NewWriter(nil, compact)
	s.Write(w)
	return w.Bytes()
}

func TestEveryTypeReadsWhatItWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range slices.Sorted(maps.Keys(Methods)) {
		m := Methods[name]
		for _, make := range []func() thrift.Struct{m.Args, func() thrift.Struct { return m.Result() }} {
			for _, compact := range []bool{false, true} {
				for range 3 {
					want, got := make(), make()
					fill(r, reflect.ValueOf(want).Elem(), 0)
					if r, ok := want.(Result); ok && r.Err() != nil {
						r.Throw(r.Err()) // an exception is without success
					}
					b := encode(want, compact)
					rd := thrift.NewReader(b, compact)
					got.Read(rd)
					if rd.Err() != nil || rd.Rest() != 0 || !reflect.DeepEqual(want, got) {
						t.Fatalf("%s: %v, %d bytes unread\nwrote %+v\nread  %+v", name, rd.Err(), rd.Rest(), want, got)
					}
					rd = thrift.NewReader(b, compact)
					if rd.Skip(thrift.STRUCT); rd.Err() != nil || rd.Rest() != 0 {
						t.Fatalf("%s: skipping: %v, %d bytes unread", name, rd.Err(), rd.Rest())
					}
					// Whatever is cut off is an error and nothing else.
					for n := range min(len(b), 200) {
						rd := thrift.NewReader(b[:n], compact)
						if make().Read(rd); rd.Err() == nil {
							t.Fatalf("%s: %d of %d bytes read without error", name, n, len(b))
						}
					}
				}
			}
		}
	}
}

func TestUnknownFieldsAndOtherTypesAreSkipped(t *testing.T) {
	for _, compact := range []bool{false, true} {
		w := thrift.NewWriter(nil, compact)
		w.Begin()
		w.Bool(1, true) // a Table's name is a string
		w.String(2, "db")
		w.I32(3, 7)
		w.StringMap(40, map[string]string{"a": "b"})
		w.Struct(41, &FieldSchema{Name: "c"})
		w.Bool(300, false)
		w.List(8, thrift.I64, 2) // a list of structs
		w.ElemI64(1)
		w.ElemI64(2)
		w.String(12, "EXTERNAL_TABLE")
		w.End()
		r := thrift.NewReader(w.Bytes(), compact)
		var x Table
		x.Read(r)
		if r.Err() != nil || r.Rest() != 0 || x.TableName != "" || x.DbName != "db" || x.Owner != "" || len(x.PartitionKeys) != 0 || x.TableType != "EXTERNAL_TABLE" {
			t.Errorf("compact %v: %v, %+v", compact, r.Err(), x)
		}
	}
}

func TestExceptionsAreThrownWhereTheMethodHasThem(t *testing.T) {
	var r GetTableReply
	want := &NoSuchObjectException{Message: "db.t table not found"}
	if r.Throw(io.EOF) || r.Throw(&AlreadyExistsException{}) || !r.Throw(want) || !errors.Is(r.Err(), want) {
		t.Errorf("%+v", r)
	}
}

func TestMetastoreGoIsWrittenFromTheInterface(t *testing.T) {
	out := filepath.Join(t.TempDir(), "metastore.go")
	cmd := exec.Command("go", "run", "lethe/lib/thrift/gen", "metastore.idl", "hms", out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if have, _ := os.ReadFile("metastore.go"); !bytes.Equal(have, got) {
		t.Error("metastore.go is not what metastore.idl says: run go generate ./lib/hms")
	}
}

// FuzzRead reads any bytes as the arguments of any method.
func FuzzRead(f *testing.F) {
	names := slices.Sorted(maps.Keys(Methods))
	r := rand.New(rand.NewPCG(3, 4))
	for i, name := range names {
		if i%10 == 0 {
			x := Methods[name].Args()
			fill(r, reflect.ValueOf(x).Elem(), 3)
			f.Add(uint16(i), false, encode(x, false))
			f.Add(uint16(i), true, encode(x, true))
		}
	}
	f.Fuzz(func(t *testing.T, method uint16, compact bool, b []byte) {
		x := Methods[names[int(method)%len(names)]].Args()
		rd := thrift.NewReader(b, compact)
		if x.Read(rd); rd.Err() != nil {
			return
		}
		// What was read can be written and reads as the same.
		again := Methods[names[int(method)%len(names)]].Args()
		if again.Read(thrift.NewReader(encode(x, compact), compact)); !bytes.Equal(sorted(encode(x, compact)), sorted(encode(again, compact))) {
			t.Errorf("%+v reads again as %+v", x, again)
		}
	})
}

// sorted makes the order of maps' entries irrelevant.
func sorted(b []byte) []byte { slices.Sort(b); return b }

func BenchmarkEncode1000Partitions(b *testing.B) {
	x := thousand()
	w := thrift.NewWriter(nil, false)
	for b.Loop() {
		w.Reset()
		x.Write(w)
	}
	b.SetBytes(int64(len(w.Bytes())))
}

func BenchmarkDecode1000Partitions(b *testing.B) {
	text := encode(thousand(), false)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var x GetPartitionsByNamesReply
		r := thrift.NewReader(text, false)
		if x.Read(r); r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}

func thousand() *GetPartitionsByNamesReply {
	sd := &StorageDescriptor{Location: "s3://lake/warehouse/events/dt=2026-11-22/", InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat", NumBuckets: -1,
		SerdeInfo:  &SerDeInfo{SerializationLib: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", Parameters: map[string]string{"serialization.format": "1"}},
		SkewedInfo: &SkewedInfo{}}
	for _, c := range []string{"fips", "admin2", "province_state", "country_region", "last_update", "lat", "long_", "confirmed", "deaths", "recovered"} {
		sd.Cols = append(sd.Cols, &FieldSchema{Name: c, Type: "string"})
	}
	x := &GetPartitionsByNamesReply{}
	for range 1000 {
		x.Success = append(x.Success, &Partition{Values: []string{"2026-11-22"}, DbName: "default", TableName: "events", CreateTime: 1, Sd: sd,
			Parameters: map[string]string{"numFiles": "3", "totalSize": "123456", "numRows": "1000", "rawDataSize": "99999", "transient_lastDdlTime": "1790000000", "COLUMN_STATS_ACCURATE": "{}"}})
	}
	return x
}
