package awsproto

import (
	"encoding/json"
	"encoding/xml"
	"math"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everything has each kind of value; its shape is in model.
type everything struct {
	Text   *string
	Flag   *bool
	Count  *int32
	Total  *int64
	Ratio  *float64
	When   *time.Time
	Bytes  []byte
	Names  []string
	Flat   []string
	Labels map[string]string
	Nested *everything
	Style  string
	Secret *string
}

const everythingModel = `{
"metadata": {"signingName": "x", "protocol": "json"},
"shapes": {
	"E": {"type": "structure", "required": ["Text"], "members": {
		"Text": {"shape": "Text"}, "Flag": {"shape": "Bool"}, "Count": {"shape": "Int"}, "Total": {"shape": "Long"},
		"Ratio": {"shape": "Double"}, "When": {"shape": "Time"}, "Bytes": {"shape": "Blob"},
		"Names": {"shape": "Names"}, "Flat": {"shape": "Flat"}, "Labels": {"shape": "Map"},
		"Nested": {"shape": "E"}, "Style": {"shape": "Style"}, "Secret": {"shape": "Secret"}, "New": {"shape": "Text"}}},
	"Text": {"type": "string", "min": 1, "max": 5}, "Bool": {"type": "boolean"}, "Int": {"type": "integer", "min": 1, "max": 1000},
	"Long": {"type": "long"}, "Double": {"type": "double"}, "Time": {"type": "timestamp"}, "Blob": {"type": "blob", "max": 3},
	"Names": {"type": "list", "max": 2, "member": {"shape": "Name", "locationName": "Name"}},
	"Name": {"type": "string", "pattern": "[a-z]+"},
	"Flat": {"type": "list", "flattened": true, "member": {"shape": "Name"}},
	"Map": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}},
	"Style": {"type": "string", "enum": ["RED", "BLUE"]},
	"Secret": {"type": "string", "max": 3}
}}`

func shapeE(t testing.TB) *Shape {
	t.Helper()
	m, err := ParseModel([]byte(everythingModel))
	if err != nil {
		t.Fatal(err)
	}
	return m.Shapes["E"]
}

func ptr[T any](v T) *T { return &v }

func TestDecodeJSON(t *testing.T) {
	for body, want := range map[string]everything{
		`{"Text":"a","Flag":true,"Count":1.5,"Total":1e3,"Ratio":2}`: {Text: ptr("a"), Flag: ptr(true), Count: ptr(int32(1)), Total: ptr(int64(1000)), Ratio: ptr(2.0)},
		`{"When":1700000000.5}`:                                                       {When: ptr(time.UnixMilli(1700000000500).UTC())},
		`{"When":"2023-11-14T22:13:20Z","Bytes":"AAH/"}`:                              {When: ptr(time.Unix(1700000000, 0).UTC()), Bytes: []byte{0, 1, 255}},
		`{"Names":["a","b"],"Labels":{"k":"v"},"Nested":{"Style":"RED"},"Text":null}`: {Names: []string{"a", "b"}, Labels: map[string]string{"k": "v"}, Nested: &everything{Style: "RED"}},
		`{"Ratio":"-Infinity","Names":[],"Labels":{}}`:                                {Ratio: ptr(math.Inf(-1)), Names: []string{}, Labels: map[string]string{}},
		"  ": {},
	} {
		var got everything
		if err := decodeJSON([]byte(body), shapeE(t), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	for body, want := range map[string]string{
		`{"Text":true}`:           "TRUE_VALUE can not be converted to a String at 'Text'",
		`{"Flag":"true"}`:         "STRING_VALUE can not be converted to a Boolean at 'Flag'",
		`{"Count":"1"}`:           "STRING_VALUE can not be converted to an Integer at 'Count'",
		`{"Count":4294967296}`:    "NUMBER_VALUE can not be converted to an Integer",
		`{"Total":1e30}`:          "NUMBER_VALUE can not be converted to a Long",
		`{"Ratio":"much"}`:        "can not be converted to a Double",
		`{"When":"yesterday"}`:    "can not be converted to a Timestamp",
		`{"When":1e300}`:          "can not be converted to a Timestamp",
		`{"Bytes":"*"}`:           "can not be converted to a Blob",
		`{"Bytes":1}`:             "can not be converted to a Blob",
		`{"Names":{}}`:            "Start of structure or map found where not expected. at 'Names'",
		`{"Names":["a",["b"]]}`:   "Start of list found where not expected at 'Names.2.member'",
		`{"Names":"a"}`:           "Expected list or null at 'Names'",
		`{"Labels":[]}`:           "Start of list found where not expected at",
		`{"Nested":{"Nested":1}}`: "Expected null at 'Nested.Nested'",
	} {
		err := decodeJSON([]byte(body), shapeE(t), &everything{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

func TestDecodeQuery(t *testing.T) {
	for form, want := range map[string]everything{
		"Text=a&Flag=true&Count=1&Total=-5&Ratio=2.5":   {Text: ptr("a"), Flag: ptr(true), Count: ptr(int32(1)), Total: ptr(int64(-5)), Ratio: ptr(2.5)},
		"When=2023-11-14T22%3A13%3A20Z&Bytes=AAH%2F":    {When: ptr(time.Unix(1700000000, 0).UTC()), Bytes: []byte{0, 1, 255}},
		"Names.Name.2=b&Names.Name.1=a&Names.Name.10=c": {Names: []string{"a", "b", "c"}},
		"Names.member.1=a": {Names: []string{"a"}},
		"Names=":           {Names: []string{}},
		"Flat.1=a&Flat.2=b&Flat.x=c&Flat.01=d&Flat.-1=e&Flat-1=f":                                {Flat: []string{"a", "b"}},
		"Labels.entry.1.key=k&Labels.entry.1.value=v&Labels.entry.2.key=lost":                    {Labels: map[string]string{"k": "v"}},
		"Nested.Nested.Text=deep&Text=a&Text=b":                                                  {Text: ptr("a"), Nested: &everything{Nested: &everything{Text: ptr("deep")}}},
		"Unknown.1.2.3=x&" + strings.Repeat("a.", 10000) + "=x&..=&.Text=x&Text.=y&Nested.Text=": {Text: ptr(""), Nested: &everything{Text: ptr("")}},
	} {
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		var got everything
		if err := decodeQuery(values, shapeE(t), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s: got %+v, %v", form, got, err)
		}
	}
	for form, want := range map[string]string{
		"Flag=yes":         "Value 'yes' at 'Flag' is not a Boolean",
		"Nested.Count=x":   "Value 'x' at 'Nested.Count' is not an Integer",
		"Count=9999999999": "is not an Integer",
		"Ratio=x":          "is not a Double",
		"When=x":           "is not a Timestamp",
		"Bytes=*":          "is not a Blob",
	} {
		values, _ := url.ParseQuery(form)
		if err := decodeQuery(values, shapeE(t), &everything{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", form, err, want)
		}
	}
}

func TestEncodeJSON(t *testing.T) {
	for want, v := range map[string]everything{
		`{}`:                              {},
		`{"Text":"\"\\\n\r\t\u0001<é😀>"}`: {Text: ptr("\"\\\n\r\t\x01<é😀>")},
		`{"Text":"` + "a\ufffdb" + `"}`:   {Text: ptr("a\xffb")},
		`{"Flag":false,"Count":0,"Total":-1,"Ratio":0.5,"When":1700000000.25,"Bytes":"AAH/"}`: {Flag: ptr(false), Count: ptr(int32(0)), Total: ptr(int64(-1)), Ratio: ptr(0.5), When: ptr(time.UnixMilli(1700000000250)), Bytes: []byte{0, 1, 255}},
		`{"Names":[],"Labels":{"a":"1","b":"2"},"Nested":{"Style":"RED"}}`:                    {Names: []string{}, Labels: map[string]string{"b": "2", "a": "1"}, Nested: &everything{Style: "RED"}},
		`{"Ratio":"NaN"}`: {Ratio: ptr(math.NaN())},
	} {
		got, err := encodeJSON(nil, shapeE(t), &v)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

func TestEncodeXML(t *testing.T) {
	for want, v := range map[string]everything{
		``: {},
		`<Text>&lt;&amp;&gt;&quot;&#xA;&#xD;é😀` + "\ufffd\ufffd" + `</Text>`:                                    {Text: ptr("<&>\"\n\ré😀\x00\xff")},
		`<Names><Name>a</Name><Name>b</Name></Names><Flat>c</Flat><Flat>d</Flat>`:                               {Names: []string{"a", "b"}, Flat: []string{"c", "d"}},
		`<When>2023-11-14T22:13:20.250Z</When><Labels><entry><key>k</key><value>v</value></entry></Labels>`:     {When: ptr(time.UnixMilli(1700000000250)), Labels: map[string]string{"k": "v"}},
		`<Flag>true</Flag><Count>7</Count><Ratio>0.5</Ratio><Bytes>AAH/</Bytes><Nested><Text>x</Text></Nested>`: {Flag: ptr(true), Count: ptr(int32(7)), Ratio: ptr(0.5), Bytes: []byte{0, 1, 255}, Nested: &everything{Text: ptr("x")}},
	} {
		got, err := appendXMLMembers(nil, shapeE(t), reflect.ValueOf(v))
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, c := range []struct {
		v    everything
		want string
	}{
		{everything{Text: ptr("a")}, ""},
		{everything{Text: ptr("éééé€")}, ""},
		{everything{}, "1 validation error detected: Value null at 'text' failed to satisfy constraint: Member must not be null"},
		{everything{Text: ptr("")}, "Value at 'text' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{everything{Text: ptr(long)}, "Value at 'text' failed to satisfy constraint: Member must have length less than or equal to 5"},
		{everything{Text: ptr("a"), Count: ptr(int32(0))}, "Value at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{everything{Text: ptr("a"), Count: ptr(int32(1001))}, "Value at 'count' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{everything{Text: ptr("a"), Style: "red"}, "Value at 'style' failed to satisfy constraint: Member must satisfy enum value set: [RED, BLUE]"},
		{everything{Text: ptr("a"), Names: []string{"a", "B"}}, "Value at 'names.2.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
		{everything{Text: ptr("a"), Names: []string{"a", "b", "c"}}, "at 'names' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{everything{Text: ptr("a"), Labels: map[string]string{"K": "v", "k": "V"}}, "2 validation errors detected: Value at 'labels.key' failed"},
		{everything{Text: ptr("a"), Bytes: []byte{1, 2, 3, 4}}, "at 'bytes' failed to satisfy constraint: Member must have length less"},
		{everything{Text: ptr("a"), Secret: ptr("password")}, "Value at 'secret' failed"},
		{everything{Text: ptr("a"), Nested: &everything{}}, "Value null at 'nested.text' failed"},
	} {
		got := validate(shapeE(t), &c.v)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.v, got, c.want)
		}
	}
	many := everything{Text: ptr("a"), Flat: make([]string, 100_000)}
	if got := validate(shapeE(t), &many); len(got) > 10_000 {
		t.Errorf("a message of %d bytes", len(got))
	}
}

// Whatever arrives, decoding ends with a value or a client's error, and what was
// decoded can be encoded.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"Text":"a","Count":1,"Names":["a"],"Labels":{"k":"v"},"Nested":{"When":1.5,"Bytes":"AAH/"}}`))
	f.Add([]byte(`{"Total":1e18,"Ratio":"NaN","When":"2023-11-14T22:13:20Z"} `))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := shapeE(t)
		var v everything
		if err := decodeJSON(body, s, &v); err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatal(err)
			}
			return
		}
		validate(s, &v)
		b, err := encodeJSON(nil, s, &v)
		if err != nil || !json.Valid(b) {
			t.Fatalf("%s, %v", b, err)
		}
	})
}

func FuzzDecodeQuery(f *testing.F) {
	f.Add("Text=a&Count=1&Names.Name.1=a&Flat.2=b&Labels.entry.1.key=k&Labels.entry.1.value=v&Nested.When=2023-11-14T22:13:20Z")
	f.Add("Names.Name.99999999999999999999=a&Flat..=b&Nested=&Nested.=&.=")
	f.Fuzz(func(t *testing.T, form string) {
		values, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		s := shapeE(t)
		var v everything
		if err := decodeQuery(values, s, &v); err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatal(err)
			}
			return
		}
		validate(s, &v)
		b, err := appendXMLMembers([]byte("<E>"), s, reflect.ValueOf(v))
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(append(b, "</E>"...), new(struct{ XMLName xml.Name })); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	})
}

// A page of results is the largest answer.
func BenchmarkEncodeResults(b *testing.B) {
	file, err := os.ReadFile("testdata/athena.json")
	if err != nil {
		b.Fatal(err)
	}
	m, err := ParseModel(file)
	if err != nil {
		b.Fatal(err)
	}
	type Datum struct{ VarCharValue *string }
	type Row struct{ Data []Datum }
	type ResultSet struct{ Rows []Row }
	var out struct{ ResultSet *ResultSet }
	out.ResultSet = &ResultSet{}
	for range 1000 {
		row := Row{}
		for range 10 {
			row.Data = append(row.Data, Datum{ptr("a value of some length")})
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, row)
	}
	s := m.Operations["GetQueryResults"].Output.shape
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeJSON(make([]byte, 0, 1<<19), s, &out); err != nil {
			b.Fatal(err)
		}
	}
}
