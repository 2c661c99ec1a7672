package database_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/database"
)

// TestRandom: tables that reference one another, with persons spelled in many ways,
// against a model that knows which rows are whose.
func TestRandom(t *testing.T) {
	everywhere(t, func(p *place) {
		seed := rand.Uint64()
		p.t.Logf("seed %d", seed)
		rng := rand.New(rand.NewPCG(seed, 0))
		set := map[bool]string{true: " CHARACTER SET utf8mb4"}[p.mysql]
		p.exec(
			`CREATE TABLE people (a integer, b varchar(20), mail varchar(90), first varchar(40), last varchar(40), PRIMARY KEY (a, b))`+set,
			`CREATE TABLE orders (n integer PRIMARY KEY, a integer, b varchar(20), uid varchar(20), CONSTRAINT orders_people FOREIGN KEY (a, b) REFERENCES people (a, b))`+set,
			`CREATE TABLE items (n integer, CONSTRAINT items_orders FOREIGN KEY (n) REFERENCES orders (n) ON DELETE CASCADE)`+set,
			`CREATE TABLE log (uid varchar(20), mail varchar(90), n integer)`+set,
		)
		h := p.open(database.Config{Tables: []database.Table{
			{Table: "log", Identifiers: []erasure.Identifier{id("user_id", "uid"), id("mail", "mail")}, Mode: "null"},
			{Table: "people", Identifiers: []erasure.Identifier{id("mail", "mail"), id("name", "first", "last")}},
			{Table: "orders"},
		}})
		names := []string{"ada", "bob", "Zoë", "kim"}
		spell := func(s string) string {
			switch rng.IntN(5) {
			case 0:
				return strings.ToUpper(s)
			case 1:
				return " " + s + "\t"
			case 2:
				return strings.ReplaceAll(s, "k", "\u212a") // the Kelvin sign
			case 3:
				return strings.ReplaceAll(s, "ë", "e\u0308") // another composition
			}
			return s
		}
		insert := func(table string, values ...any) {
			p.t.Helper()
			var marks []string
			for i := range values {
				marks = append(marks, map[bool]string{true: "?", false: fmt.Sprintf("$%d", i+1)}[p.mysql])
			}
			if _, err := p.db.Exec(`INSERT INTO `+table+` VALUES (`+strings.Join(marks, ", ")+`)`, values...); err != nil {
				p.t.Fatal(err)
			}
		}
		pick := func() string { return names[rng.IntN(len(names))] }
		maybe := func(s string) any {
			if rng.IntN(4) == 0 {
				return nil
			}
			return s
		}
		for round := range 6 {
			for _, table := range []string{"items", "orders", "people", "log"} {
				p.exec(`DELETE FROM ` + table)
			}
			given := []erasure.Named{named("user_id", pick())}
			if rng.IntN(2) == 0 {
				given = append(given, named("mail", spell(pick())+"@example.org"))
			}
			if rng.IntN(2) == 0 {
				given = append(given, named("name", spell(pick()), spell(pick())))
			}
			who := person(p.t, given...)
			is := func(typ string, values ...any) bool {
				var texts []string
				for _, v := range values {
					s, ok := v.(string)
					if !ok {
						return false
					}
					texts = append(texts, s)
				}
				return who.Is(typ, texts)
			}
			var people, orders, items, log []string // that must be left
			counts := map[string]int{}
			keep := map[int]bool{} // people
			for i := range 12 {
				mail, first, last := maybe(spell(pick()+"@example.org")), maybe(spell(pick())), maybe(spell(pick()))
				insert("people", i, fmt.Sprint("k", i), mail, first, last)
				if is("mail", mail) || is("name", first, last) {
					counts["people"]++
				} else {
					keep[i] = true
					people = append(people, fmt.Sprint(i))
				}
			}
			for n := range 20 {
				of := rng.IntN(13)
				if of == 12 {
					insert("orders", n, nil, nil, "ada")
				} else {
					insert("orders", n, of, fmt.Sprint("k", of), "ada")
				}
				stays := of == 12 || keep[of]
				if stays {
					orders = append(orders, fmt.Sprint(n))
				} else {
					counts["orders"]++
				}
				for range rng.IntN(3) {
					insert("items", n)
					if stays {
						items = append(items, fmt.Sprint(n))
					} else {
						counts["items"]++
					}
				}
			}
			for range 20 {
				uid, mail, n := maybe(spell(pick())), maybe(spell(pick()+"@example.org")), rng.IntN(3)
				insert("log", uid, mail, n)
				line := fmt.Sprintf("%v|%v|%d", uid, mail, n)
				if is("user_id", uid) || is("mail", mail) {
					counts["log"]++
					line = fmt.Sprintf("<nil>|<nil>|%d", n)
				}
				log = append(log, strings.ReplaceAll(line, "<nil>", "NULL"))
			}
			var want []string
			for _, table := range []string{"items", "log", "orders", "people"} {
				if counts[table] > 0 {
					want = append(want, fmt.Sprintf("%s=%d", table, counts[table]))
				}
			}
			p.erase(h, who, strings.Join(want, " "))
			for _, rows := range [][]string{people, orders, items, log} {
				slices.Sort(rows)
			}
			p.want(`SELECT a FROM people`, people...)
			p.want(`SELECT n FROM orders`, orders...)
			p.want(`SELECT n FROM items`, items...)
			p.want(`SELECT * FROM log`, log...)
			if p.t.Failed() {
				p.t.Fatalf("in round %d, for %q", round, given)
			}
		}
	})
}

// TestWriters: others write while a person is erased. Whatever comes of it, none of
// their rows is lost, and once they have stopped nothing of the person is left.
func TestWriters(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(`CREATE TABLE log (n integer PRIMARY KEY, id varchar(20))`)
		h := p.open(database.Config{Tables: []database.Table{{Table: "log", Identifiers: []erasure.Identifier{id("user_id", "id")}}}})
		who := person(p.t, ada...)
		stop := make(chan struct{})
		var writers sync.WaitGroup
		wrote := make([]int, 2)
		for w := range wrote {
			writers.Go(func() {
				for n := w; ; n += len(wrote) {
					select {
					case <-stop:
						return
					default:
					}
					for _, s := range []string{
						fmt.Sprintf(`INSERT INTO log VALUES (%d, 'u1')`, 2*n), fmt.Sprintf(`INSERT INTO log VALUES (%d, 'u2')`, 2*n+1),
						fmt.Sprintf(`UPDATE log SET id = 'u2' WHERE n = %d`, 2*n-2*len(wrote)), // no longer the person's
					} {
						if _, err := p.db.Exec(s); err != nil {
							p.t.Error(err)
							return
						}
					}
					wrote[w]++
				}
			})
		}
		for range 10 {
			if _, err := h.Erase(p.t.Context(), who); err != nil && !lethe.Is(err, lethe.Conflict) {
				p.t.Error(err)
			}
		}
		close(stop)
		writers.Wait()
		if _, err := h.Erase(p.t.Context(), who); err != nil {
			p.t.Error(err)
		}
		p.want(`SELECT count(*) FROM log WHERE id = 'u1'`, "0")
		p.want(`SELECT count(*) FROM log WHERE MOD(n, 2) = 1`, fmt.Sprint(wrote[0]+wrote[1]))
	})
}
