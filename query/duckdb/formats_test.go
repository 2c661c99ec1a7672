package duckdb

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/query"
)

func with(t catalog.Table, params ...string) catalog.Table {
	for i := 0; i < len(params); i += 2 {
		t.Storage.SerDe.Parameters[params[i]] = params[i+1]
		t.Parameters[params[i]] = params[i+1]
	}
	return t
}

func TestTextFormats(t *testing.T) {
	l := newLake(t)
	ab := []string{"a string", "b string"}
	for _, c := range []struct {
		name  string
		table catalog.Table
		file  string
		want  string // rows, or what the error says
		kind  lethe.Kind
	}{
		{"lazy: short rows, long rows, empty lines, null", table(catalog.TextFile, ab...),
			"1\x012\n3\n4\x015\x016\n\n\\N\x01\\\\N\n\x01", "1|2\n3|∅\n4|5\n|∅\n∅|\\\\N\n|\n", ""},
		{"lazy: no quotes", with(table(catalog.TextFile, ab...), "field.delim", ","), "\"1,2\",3\n", "\"1|2\"\n", ""},
		{"lazy: separator as a number", with(table(catalog.TextFile, ab...), "field.delim", "9"), "1\t2\n", "1|2\n", ""},
		{"lazy: separator as typed", with(table(catalog.TextFile, ab...), "field.delim", `\t`), "1\t2\n", "1|2\n", ""},
		{"lazy: serialization.format", with(table(catalog.TextFile, ab...), "serialization.format", "|"), "1|2\n", "1|2\n", ""},
		{"lazy: own null", with(table(catalog.TextFile, ab...), "field.delim", ",", "serialization.null.format", ""), ",x\n", "∅|x\n", ""},
		{"lazy: escapes", with(table(catalog.TextFile, ab...), "field.delim", ",", "escape.delim", `\`),
			"a\\,b,c\\\\\n\\N,\\\\N\nx\\ny,z\n", "a,b|c\\\n∅|\\N\nx\ny|z\n", ""},
		{"lazy: lines end as Hadoop's do", with(table(catalog.TextFile, ab...), "field.delim", ","), "1,2\r\n3,4\r\n", "1|2\n3|4\n", ""},
		{"lazy: header", with(table(catalog.TextFile, ab...), "field.delim", ",", "skip.header.line.count", "2"), "x\n\n1,2\n", "1|2\n", ""},
		{"lazy: only a header", with(table(catalog.TextFile, ab...), "field.delim", ",", "skip.header.line.count", "1"), "x,y\n", "", ""},
		{"lazy: characters", with(table(catalog.TextFile, ab...), "field.delim", "é"), "ñé\x00\n", "ñ|\x00\n", ""},
		{"lazy: typed", with(table(catalog.TextFile, "i int", "d double", "n decimal(5,2)", "b boolean", "y date", "z timestamp"), "field.delim", ","),
			"1,1.5,2.345,TRUE,2020-01-02,2020-01-02 03:04:05.6775\n" +
				"x,x,x,x,x,x\n" +
				"1.5,1e3,12345.6,yes,20200102,noon\n" +
				" 1,1_000,1,1,2020-13-01,2020-01-02\n" +
				"-2147483648,NaN,-0.5,false,0001-01-01,2020-01-02 03:04:05\n" +
				"2147483648,,,,,\n",
			"1|1.5|2.35|true|2020-01-02|2020-01-02 03:04:05.678\n" +
				"∅|∅|∅|∅|∅|∅\n" +
				"∅|1000.0|∅|∅|∅|∅\n" +
				"∅|∅|1.00|∅|∅|2020-01-02 00:00:00\n" +
				"-2147483648|nan|-0.50|false|0001-01-01|2020-01-02 03:04:05\n" +
				"∅|∅|∅|∅|∅|∅\n", ""},
		{"lazy: varchar is cut", with(table(catalog.TextFile, "a varchar(3)", "b char(2)"), "field.delim", ","), "abcd,xyz\näöüß,x\n", "abc|xy\näöü|x\n", ""},
		{"lazy: not UTF-8", table(catalog.TextFile, ab...), "ok\nb\xffd\n", "HIVE_BAD_DATA: s3://lake/f/1.txt, line 2: the line is not UTF-8", lethe.BadData},
		{"lazy: Latin-1", with(table(catalog.TextFile, ab...), "serialization.encoding", "ISO-8859-1"), "b\xe4\x01c\n", "bä|c\n", ""},
		{"lazy: nested", table(catalog.TextFile, "a array<string>"), "x\n", "NOT_SUPPORTED: Column a has type array(varchar), which cannot be read from a text table", lethe.Unsupported},
		{"lazy: line ends", with(table(catalog.TextFile, ab...), "line.delim", ";"), "x\n", `table default.t ends lines with ";"; only newlines are supported`, lethe.Unsupported},

		{"csv: quotes", table(catalog.OpenCSV, ab...), "\"a\",\"b,c\"\n\"say \"\"hi\"\"\",x\n\"\",\n", "a|b,c\nsay \"hi\"|x\n|\n", ""},
		{"csv: short rows, long rows, empty lines", table(catalog.OpenCSV, ab...), "1\n1,2,3\n\n,\n", "1|∅\n1|2\n|∅\n|\n", ""},
		{"csv: escapes", table(catalog.OpenCSV, ab...), "\"a\\\"b\",\"c\\\\\"\nx\\,y\n", "a\"b|c\\\nx|y\n", ""},
		{"csv: other characters", with(table(catalog.OpenCSV, ab...), "separatorChar", ";", "quoteChar", "'"), "'a;b';\"c\"\n", "a;b|\"c\"\n", ""},
		{"csv: \\N is text", table(catalog.OpenCSV, ab...), "\"\\N\",x\n", "N|x\n", ""},
		{"csv: a quote that does not close", table(catalog.OpenCSV, ab...), "a,\"b\nc\",d\n",
			"HIVE_BAD_DATA: Error parsing a line of file s3://lake/f/1.txt: a quoted field does not end on its line", lethe.BadData},
		{"csv: typed", table(catalog.OpenCSV, "i int", "b boolean", "d date", "z timestamp"), "1,true,18263,1579059880000\n\"2\",\"FALSE\",2020-01-02,2020-01-02 03:04:05\n",
			"1|true|2020-01-02|2020-01-15 03:44:40\n2|false|2020-01-02|2020-01-02 03:04:05\n", ""},
		{"csv: not the type", table(catalog.OpenCSV, "i int"), "1\nsecret\n",
			"HIVE_BAD_DATA: Error parsing a value of column i in file s3://lake/f/1.txt: not a value of type integer", lethe.BadData},

		{"json: keys in any case, missing, null, extra", table(catalog.JSON, "userid bigint", "name string"),
			"{\"userId\":1,\"NAME\":\"X\"}\n\n{\"userid\":2,\"more\":{\"Name\":1}}\n{\"name\":null}\n", "1|X\n2|∅\n∅|∅\n", ""},
		{"json: text of other values", table(catalog.JSON, "a string"),
			`{"a":1}` + "\n" + `{"a":1.50}` + "\n" + `{"a":true}` + "\n" + `{"a":{"B":[1, 2]}}` + "\n" + `{"a":"q\"\u00e4\n"}` + "\n",
			"1\n1.5\ntrue\n{\"B\":[1,2]}\nq\"ä\n\n", ""},
		{"json: typed", table(catalog.JSON, "i int", "d double", "b boolean", "y date", "z timestamp"),
			`{"i":"5","d":1e3,"b":"true","y":"2020-01-02","z":"2020-01-02 03:04:05.123"}` + "\n", "5|1000.0|true|2020-01-02|2020-01-02 03:04:05.123\n", ""},
		{"json: nested", table(catalog.JSON, "s struct<a:int,b:array<string>>", "m map<string,int>", "l array<struct<x:int>>"),
			`{"S":{"A":1,"b":["U","v"]},"m":{"Key":2},"l":[{"X":3},{"x":null}]}` + "\n",
			"{'a': 1, 'b': [U, v]}|{Key=2}|[{'x': 3}, {'x': NULL}]\n", ""},
		{"json: nested, of another type", table(catalog.JSON, "m map<string,int>"), `{"m":{"k":1}}` + "\n" + `{"m":{"k":"secret"}}` + "\n",
			"HIVE_BAD_DATA: Error parsing a value in file s3://lake/f/1.txt: in column m: not a value of type integer", lethe.BadData},
		{"json: nested, of another shape", table(catalog.JSON, "s struct<a:array<int>>"), `{"s":{"A":5}}` + "\n",
			"HIVE_BAD_DATA: Error parsing a value in file s3://lake/f/1.txt: in column s: not a value of type array(integer)", lethe.BadData},
		{"json: nested, of all types", table(catalog.JSON, "s struct<i:tinyint,d:double,n:decimal(4,1),b:boolean,y:date,z:timestamp,t:string,e:array<string>,o:struct<x:int>>"),
			`{"s":{"i":"-5","d":1e3,"n":1.5,"b":"TRUE","y":"2020-01-02","z":"2020-01-02 03:04:05.5","t":{"K":[1]},"e":[],"o":null,"unknown":[{}]}}` + "\n{\"s\":null}\n{}\n",
			"{'i': -5, 'd': 1000.0, 'n': 1.5, 'b': true, 'y': 2020-01-02, 'z': '2020-01-02 03:04:05.5', 't': '{\"K\":[1]}', 'e': [], 'o': NULL}\n∅\n∅\n", ""},
		{"json: nested binary", table(catalog.JSON, "s array<binary>"), `{"s":["eA=="]}` + "\n", "NOT_SUPPORTED: Column s has type array(varbinary), which cannot be read from JSON", lethe.Unsupported},
		{"json: strange keys", table(catalog.JSON, `a"b string`, "c.d string", "e\\f string"), `{"a\"b":1,"c.d":2,"E\\F":3}` + "\n", "1|2|3\n", ""},
		{"json: malformed", table(catalog.JSON, "a int"), "{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "HIVE_BAD_DATA: Malformed JSON in s3://lake/f/1.txt, line 2: unexpected end of data", lethe.BadData},
		{"json: malformed ignored", with(table(catalog.JSON, "a int"), "ignore.malformed.json", "true"), "{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "1\n∅\n3\n", ""},
		{"json: not an object", table(catalog.JSON, "a int"), "[1]\n", "HIVE_BAD_DATA: A line is not a JSON object in file s3://lake/f/1.txt", lethe.BadData},
		{"json: not the type", table(catalog.JSON, "a int"), `{"a":"secret"}` + "\n",
			"HIVE_BAD_DATA: Error parsing a value of column a in file s3://lake/f/1.txt: not a value of type integer", lethe.BadData},
		{"json: a fraction is no integer", table(catalog.JSON, "a int"), `{"a":1.7}` + "\n",
			"HIVE_BAD_DATA: Error parsing a value of column a in file s3://lake/f/1.txt: not a value of type integer", lethe.BadData},

		{"orc", table(catalog.Format{SerDe: "org.apache.hadoop.hive.ql.io.orc.OrcSerde"}, ab...), "ORC",
			`table default.t is stored in a format that is not supported: "org.apache.hadoop.hive.ql.io.orc.OrcSerde"`, lethe.Unsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, gz := range []bool{false, true} {
				file, key := []byte(c.file), "f/1.txt"
				if gz {
					var b bytes.Buffer
					w := gzip.NewWriter(&b)
					_, _ = w.Write(file)
					_ = w.Close()
					file, key = b.Bytes(), "f/1.txt.GZ"
				}
				_, rows, err := l.raw(nil, "SELECT * FROM lake.t0", scanOf(c.table, l.store.put(t, key, file)))
				want := strings.ReplaceAll(c.want, "f/1.txt", key)
				switch {
				case c.kind != "" && (err == nil || !lethe.Is(err, c.kind) || !strings.HasPrefix(err.Error(), want)):
					t.Errorf("%s: error %v of kind %s, want %s of kind %s", key, err, lethe.KindOf(err), want, c.kind)
				case c.kind == "" && err != nil:
					t.Errorf("%s: %v", key, err)
				case c.kind == "" && text(rows) != want:
					t.Errorf("%s:\n%s\nwant:\n%s", key, text(rows), want)
				}
			}
		})
	}
}

func TestParquetTypes(t *testing.T) {
	l := newLake(t)
	for _, c := range []struct{ stored, typ, want string }{
		{"1::INTEGER", "bigint", "1"},
		{"1::BIGINT", "int", "1"},
		{"300::BIGINT", "tinyint", "!"},
		{"1::UINTEGER", "bigint", "1"},
		{"1::INTEGER", "decimal(5,2)", "1.00"},
		{"1.55::DECIMAL(5,2)", "decimal(10,1)", "1.6"},
		{"1.5::FLOAT", "double", "1.5"},
		{"1.5::DOUBLE", "float", "incompatible: DOUBLE real"},
		{"1::BIGINT", "string", "incompatible: INT64 varchar"},
		{"'1'", "bigint", "incompatible: BYTE_ARRAY bigint"},
		{"1::INTEGER", "double", "incompatible: INT32 double"},
		{"true", "int", "incompatible: BOOLEAN integer"},
		{"'abcd'", "varchar(3)", "abc"},
		{"'x'::BLOB", "string", "x"},
		{"'x'", "binary", "x"},
		{"DATE '2020-01-02'", "date", "2020-01-02"},
		{"DATE '2020-01-02'", "timestamp", "incompatible: INT32 timestamp(3)"},
		{"TIMESTAMP '2020-01-02 03:04:05'", "timestamp", "2020-01-02 03:04:05"},
		{"TIMESTAMPTZ '2020-01-02 03:04:05+02'", "timestamp", "2020-01-02 01:04:05"},
		{"TIMESTAMP_NS '2020-01-02 03:04:05.123456789'", "timestamp", "2020-01-02 03:04:05.123"},
		{"TIMESTAMP '2020-01-02 03:04:05.1235'", "timestamp", "2020-01-02 03:04:05.124"},
		{"TIMESTAMP '1960-01-02 03:04:05.1235'", "timestamp", "1960-01-02 03:04:05.124"},
		{"TIMESTAMP '1960-01-02 03:04:05.123499'", "timestamp", "1960-01-02 03:04:05.123"},
		{"TIMESTAMPTZ '2020-01-02 03:04:05.9996+00'", "timestamp", "2020-01-02 03:04:06"},
		{"TIMESTAMP_MS '2020-01-02 03:04:05.123'", "timestamp", "2020-01-02 03:04:05.123"},
		{"[1,2]::INTEGER[]", "array<bigint>", "[1, 2]"},
		{"['a']", "array<bigint>", "incompatible: LIST array(bigint)"},
		{"{'B': 'x', 'a': 1}", "struct<a:int,b:string,c:date>", "{'a': 1, 'b': x, 'c': NULL}"},
		{"{'z': 1}", "struct<a:int>", "incompatible: GROUP row(a integer)"},
		{"[{'a': 1}]", "array<struct<a:bigint,b:string>>", "[{'a': 1, 'b': NULL}]"},
		{"MAP {'k': 1}", "map<string,bigint>", "{k=1}"},
		{"NULL::INTEGER", "bigint", "∅"},
	} {
		o := l.parquet(t, "p/1.parquet", "SELECT "+c.stored+` AS "X", 2 AS other`)
		_, rows, err := l.raw(nil, "SELECT x FROM lake.t0", scanOf(table(catalog.Parquet, "x "+c.typ), o))
		switch {
		case strings.HasPrefix(c.want, "incompatible: "):
			f := strings.SplitN(c.want, " ", 3)
			want := "HIVE_BAD_DATA: Field x's type " + f[1] + " in parquet file s3://lake/p/1.parquet is incompatible with type " + f[2] + " defined in table schema"
			if !lethe.Is(err, lethe.BadData) || err.Error() != want {
				t.Errorf("%s as %s: %v, want %s", c.stored, c.typ, err, want)
			}
		case c.want == "!":
			if err == nil {
				t.Errorf("%s as %s: %s, want an error", c.stored, c.typ, text(rows))
			}
		case err != nil:
			t.Errorf("%s as %s: %v", c.stored, c.typ, err)
		case text(rows) != c.want+"\n":
			t.Errorf("%s as %s: %s, want %s", c.stored, c.typ, text(rows), c.want)
		}
	}
}

// Files of one table may differ; each gives what it has.
func TestParquetFilesDiffer(t *testing.T) {
	l := newLake(t)
	scan := scanOf(table(catalog.Parquet, "id bigint", "name string"),
		l.parquet(t, "p/1.parquet", "SELECT 1::INTEGER AS id, 'a' AS name, 5 AS gone"),
		l.parquet(t, "p/2.parquet", "SELECT 'b' AS \"Name\", 2::BIGINT AS \"ID\""),
		l.parquet(t, "p/3.parquet", "SELECT 3::BIGINT AS id"),
		l.parquet(t, "p/4.parquet", "SELECT 4::BIGINT AS id, 'd' AS name WHERE false"),
		l.store.put(t, "p/empty", nil),
	)
	_, rows, err := l.raw(nil, "SELECT * FROM lake.t0 ORDER BY id", scan)
	if err != nil || text(rows) != "1|a\n2|b\n3|∅\n" {
		t.Errorf("%s %v", text(rows), err)
	}
	// What the statement does not read need not fit.
	scan.Table.Storage.Columns[1].Type = "date"
	if _, _, err = l.raw(nil, "SELECT * FROM lake.t0", scan); !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://lake/p/1.parquet") {
		t.Errorf("error %v", err)
	}
	scan.Table.Storage.Columns = scan.Table.Storage.Columns[:1]
	if _, rows, err = l.raw(nil, "SELECT sum(id) FROM lake.t0", scan); err != nil || text(rows) != "6\n" {
		t.Errorf("%s %v", text(rows), err)
	}
}

func TestNoObjects(t *testing.T) {
	l := newLake(t)
	for _, f := range []catalog.Format{catalog.Parquet, catalog.TextFile, catalog.OpenCSV, catalog.JSON} {
		header, rows, err := l.raw(nil, "SELECT *, typeof(sum(id) OVER ()) FROM lake.t0", scanOf(table(f, "id int", "m map<string,int>")))
		if err != nil || len(header) != 3 || len(rows) != 0 {
			t.Errorf("%v %v %v", header, rows, err)
		}
	}
}

func TestBrokenParquet(t *testing.T) {
	l := newLake(t)
	good := l.parquet(t, "p/good.parquet", "SELECT i, 'x' || i AS s FROM range(10000) r(i)")
	whole := readFile(t, l.store.blob(good))
	tab := table(catalog.Parquet, "i bigint", "s string")
	spoil := func(at, n int) []byte {
		b := bytes.Clone(whole)
		for i := range n {
			b[at+i] ^= 0xff
		}
		return b
	}
	for name, b := range map[string][]byte{
		"truncated":       whole[:len(whole)/2],
		"without its end": whole[:len(whole)-4],
		"garbage":         bytes.Repeat([]byte("garbage "), 1000),
		"short":           []byte("PAR1"),
		"footer length":   append(bytes.Clone(whole[:len(whole)-8]), "\xff\xff\xff\x7fPAR1"...),
		"footer":          spoil(len(whole)-200, 150),
		"pages":           spoil(4, 2000),
	} {
		o := l.store.put(t, "p/"+name+".parquet", b)
		for _, scan := range []query.Scan{scanOf(tab, o), scanOf(tab, good, o)} {
			_, _, err := l.raw(nil, "SELECT sum(i), max(s) FROM lake.t0", scan)
			if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://lake/p/"+name+".parquet") || strings.Contains(err.Error(), "in/t0") {
				t.Errorf("%s: %v of kind %s", name, err, lethe.KindOf(err))
			}
		}
	}
}

// A compressed file that is cut off or no such file at all is named.
func TestBrokenGzip(t *testing.T) {
	l := newLake(t)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for i := range 200000 {
		fmt.Fprintf(w, "{\"a\":\"%x\"}\n", i*7919)
	}
	_ = w.Close()
	whole := b.Bytes()
	flipped := bytes.Clone(whole)
	for i := len(flipped) / 2; i < len(flipped)/2+50; i++ {
		flipped[i] ^= 0x5a
	}
	for name, content := range map[string][]byte{"cut": whole[:len(whole)/2], "garbage": []byte("this is no gzip, this is text"), "flipped": flipped, "head": whole[:5]} {
		good := l.store.put(t, "f/good.gz", whole)
		o := l.store.put(t, "f/"+name+".gz", content)
		for _, format := range []catalog.Format{catalog.TextFile, catalog.OpenCSV, catalog.JSON} {
			_, rows, err := l.raw(nil, "SELECT count(a), count(DISTINCT a) FROM lake.t0", scanOf(table(format, "a string"), good, o))
			if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://lake/f/"+name+".gz") {
				t.Errorf("%s, %s: %s%v of kind %s", name, format.SerDe, text(rows), err, lethe.KindOf(err))
			}
		}
	}
}
