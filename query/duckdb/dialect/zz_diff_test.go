package dialect

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	if os.Getenv("DIFF") == "" {
		t.Skip()
	}
	f, _ := os.Open(shared(t, "conformance/trino_statements.jsonl"))
	e := newEngine(t)
	e.withTPCH(t, "")
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	n, same, nonempty := 0, 0, 0
	for sc.Scan() {
		var s struct{ Group, ID, SQL string }
		json.Unmarshal(sc.Bytes(), &s)
		st, err := e.emit(t.Context(), s.SQL, Text())
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		want, err := e.run(ctx, s.SQL)
		if err != nil {
			got, err2 := e.run(ctx, st.SQL)
			if err2 != nil && os.Getenv("DIFF") == "2" {
				fmt.Printf("BOTHFAIL %s\n   %s\n  ours: %v\n", s.SQL, st.SQL, err2)
			}
			_ = got
			continue
		}
		n++
		got, err := e.run(ctx, st.SQL)
		if err != nil {
			fmt.Printf("FAIL %s: %v\n   %s\n", s.SQL, err, st.SQL)
			continue
		}
		srt := func(r [][]*string) [][]*string {
			r = append([][]*string(nil), r...)
			sort.Slice(r, func(i, j int) bool { return rowsText(r[i:i+1]) < rowsText(r[j:j+1]) })
			return r
		}
		if len(want) > 0 {
			nonempty++
		}
		if d := difference(got, want); d != "" {
			if d := difference(srt(got), srt(want)); d != "" {
				fmt.Printf("DIFF %s\n   %s\n   %s\n", strings.Join(strings.Fields(s.SQL), " "), d, st.SQL)
				continue
			}
		}
		same++
	}
	fmt.Println(n, same, nonempty)
}
