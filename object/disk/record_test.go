package disk

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"google.golang.org/protobuf/encoding/protowire"
)

// random fills every field of a value, also those that will be added one day.
func random(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(r.Int64N(1<<32), r.Int64N(1e9)).UTC()))
		return
	case json.RawMessage:
		v.SetBytes([]byte(`{"Mode":"GOVERNANCE"}`))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int64:
		v.SetInt(r.Int64N(1 << 40))
	case reflect.String:
		v.SetString(string([]rune{rune(r.IntN(0x3000) + 1), 0, 'x'}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		random(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 3))
		for i := range v.Len() {
			random(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + r.IntN(3) {
			k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			random(r, k)
			random(r, x)
			v.SetMapIndex(k, x)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				random(r, v.Field(i))
			}
		}
	default:
		panic(v.Type())
	}
}

func randomVersion(r *rand.Rand) *version {
	v := &version{}
	random(r, reflect.ValueOf(v).Elem())
	v.Checksum = checksumOf(algorithms[r.IntN(len(algorithms))], types.ChecksumTypeFullObject, "sum")
	return v
}

// A record comes back as it was written, with every field that a version has.
func TestRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	off := false
	for _, v := range []*version{{}, {Marker: true, Null: true, Time: time.Now().UTC()}, {Parts: []int64{}}, {Lock: locking{Hold: &off}},
		randomVersion(r), randomVersion(r), randomVersion(r), randomVersion(r)} {
		b := encode(v)
		var got version
		if err := decode([]byte("key"), b, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(v, &got) {
			t.Errorf("wrote\n%+v\nread\n%+v", v, &got)
		}
		// A later version of the program may have added fields.
		b = protowire.AppendString(protowire.AppendTag(b, lastField+1, protowire.BytesType), "from the future")
		got = version{}
		if err := decode([]byte("key"), b, &got); err != nil || !reflect.DeepEqual(v, &got) {
			t.Errorf("with a field from the future: %v %+v", err, &got)
		}
		listed, err := decodeListed(versionKey("b", "k", v.id), b)
		if err != nil {
			t.Fatal(err)
		}
		want := &version{key: "k", Null: v.Null, Marker: v.Marker, Time: v.Time, Size: v.Size, ETag: v.ETag}
		want.Checksum.Algorithm, want.Checksum.Type = v.Checksum.Algorithm, v.Checksum.Type
		if !reflect.DeepEqual(listed, want) {
			t.Errorf("listed as\n%+v, want\n%+v", listed, want)
		}
	}
}

// A damaged record is an error and never a panic; what is read whole can be
// written again.
func FuzzRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		f.Add(encode(randomVersion(r)))
	}
	f.Add([]byte{0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again version
		if v.parse(b, lastField) != nil {
			return
		}
		if err := again.parse(v.append(nil), lastField); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(encode(&v), encode(&again)) {
			t.Errorf("%+v\n%+v", &v, &again)
		}
	})
}
