package dialect

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestRaw(t *testing.T) {
	p := os.Getenv("RAWFILE")
	if p == "" {
		t.Skip()
	}
	e := newEngine(t)
	f, _ := os.Open(p)
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		l := strings.TrimSpace(sc.Text())
		if l == "" {
			continue
		}
		var rows [][]*string
		var err error
		if strings.HasPrefix(l, "SELECT") {
			rows, err = e.run(t.Context(), l)
		} else {
			_, err = e.db.Exec(l)
		}
		fmt.Println(l)
		if err != nil {
			fmt.Println("   !!", strings.Split(err.Error(), "\n")[0])
		} else {
			fmt.Println("   =>", rowsText(rows))
		}
	}
}
