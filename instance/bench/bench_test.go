package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"lethe"
)

func TestReports(t *testing.T) {
	r, err := parse("scaling factor: 1\nlatency average = 1.234 ms\ninitial connection time = 9 ms\ntps = 810.5 (without initial connection time)\n", `(?m)^tps = ([0-9.]+)`, `(?m)^latency average = ([0-9.]+) ms`)
	if err != nil || r.TPS != 810.5 || r.Latency != 1.234 {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = parse("    transactions:   5000   (499.90 per sec.)\nLatency (ms):\n  min: 1.0\n  avg:   2.50\n", `transactions:\s+\d+\s+\(([0-9.]+) per sec`, `(?s)Latency \(ms\):.*?avg:\s+([0-9.]+)`)
	if err != nil || r.TPS != 499.9 || r.Latency != 2.5 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := parse("aborted", `tps = (\d)`, `x`); err == nil {
		t.Error("a report without figures is read")
	}
}

func TestPricesOfLines(t *testing.T) {
	p, err := ReadPrices(strings.NewReader("class,price\n# a comment\ndb.m6g.large, 0.159\ndb.r6g.large,0.25\n"), "postgres")
	if err != nil || len(p) != 2 || p["db.m6g.large"] != 0.159 {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range []string{"", " \n", "db.m6g.large,cheap\n", "db.m6g.large,-1\n", "db.m6g.large,NaN\n", "db.m6g.large,Inf\n", "db.m6g.large\n", "db.a,1\ndb.b,x\n"} {
		if p, err := ReadPrices(strings.NewReader(bad), "postgres"); lethe.KindOf(err) != lethe.Invalid {
			t.Errorf("%q: %v, %v", bad, p, err)
		}
	}
}

func TestPricesOfAWS(t *testing.T) {
	const list = `{"products": {
		"A": {"attributes": {"instanceType": "db.m6g.large", "databaseEngine": "PostgreSQL", "deploymentOption": "Single-AZ"}},
		"B": {"attributes": {"instanceType": "db.m6g.large", "databaseEngine": "PostgreSQL", "deploymentOption": "Multi-AZ"}},
		"C": {"attributes": {"instanceType": "db.m6g.large", "databaseEngine": "MariaDB", "deploymentOption": "Single-AZ"}},
		"D": {"attributes": {"servicecode": "AmazonRDS"}}},
		"terms": {"OnDemand": {
		"A": {"A.1": {"priceDimensions": {"A.1.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.1590000000"}}}}},
		"B": {"B.1": {"priceDimensions": {"B.1.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.3180000000"}}}}},
		"C": {"C.1": {"priceDimensions": {"C.1.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.1520000000"}}}}}}}}`
	for engine, want := range map[string]float64{"postgres": 0.159, "mariadb": 0.152} {
		if p, err := ReadPrices(strings.NewReader(list), engine); err != nil || len(p) != 1 || p["db.m6g.large"] != want {
			t.Errorf("%s: %v, %v", engine, p, err)
		}
	}
	if _, err := ReadPrices(strings.NewReader(list), "mysql"); lethe.KindOf(err) != lethe.Invalid {
		t.Error(err)
	}
	if _, err := ReadPrices(strings.NewReader(`{"products": [`), "mysql"); lethe.KindOf(err) != lethe.Invalid {
		t.Error(err)
	}
}

func TestTheChartIsAPicture(t *testing.T) {
	var b strings.Builder
	if err := Chart(&b, `post"gres`, []Result{{Class: "db.<m6g>.large", TPS: 1234.5, Price: 0.1, PerCost: 44442000}, {Class: "db.r6g.large", TPS: 50}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1,234", "44,442,000", "unknown", "db.&lt;m6g&gt;.large"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %s", want, b.String())
		}
	}
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzReadPrices(f *testing.F) {
	f.Add("db.m6g.large,0.1\n")
	f.Add(`{"products":{}}`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ReadPrices(strings.NewReader(s), "postgres")
		if err == nil {
			for class, price := range p {
				if price < 0 {
					t.Errorf("%s: %v", class, price)
				}
			}
		}
	})
}
