package dash

import (
	"os"
	"testing"
)

func TestTheExampleIsAsItIsWritten(t *testing.T) {
	text, err := os.ReadFile("../examples/covid/dashboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sql, err := os.ReadFile("../examples/covid/covid-19.sql")
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := readBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.write()
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Error("the example is not written as it is exported")
	}
	if b.DataSets[0].Source.SQL != string(sql) {
		t.Error("the data set does not have the example's statement")
	}
}
