package database_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/database"
	"lethe/lib/mysqlurl"
	"lethe/test/need"

	"github.com/go-sql-driver/mysql"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

var types = []erasure.IdentifierType{
	{Name: "user_id", Form: erasure.Exact},
	{Name: "mail", Form: erasure.Email},
	{Name: "name", Form: erasure.Folded, Parts: []string{"first", "last"}},
}

// place is a database of a server.
type place struct {
	t     *testing.T
	url   string
	db    *sql.DB
	mysql bool
}

// everywhere runs a test in both kinds of databases.
func everywhere(t *testing.T, f func(p *place)) {
	t.Run("PostgreSQL", func(t *testing.T) {
		url := need.Postgres(t)
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		f(&place{t: t, url: url, db: db})
	})
	t.Run("MariaDB", func(t *testing.T) {
		url := need.MariaDB(t)
		c, err := mysqlurl.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		c.Params["sql_mode"] = "'ANSI_QUOTES,STRICT_ALL_TABLES'" // so that both take the same statements
		connector, err := mysql.NewConnector(c)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		t.Cleanup(func() { db.Close() })
		f(&place{t: t, url: url, db: db, mysql: true})
	})
}

func (p *place) exec(statements ...string) {
	p.t.Helper()
	for _, s := range statements {
		if _, err := p.db.ExecContext(p.t.Context(), s); err != nil {
			p.t.Fatalf("%s: %v", s, err)
		}
	}
}

// all are the rows of a query, with their columns as texts.
func (p *place) all(query string) []string {
	p.t.Helper()
	rows, err := p.db.QueryContext(p.t.Context(), query)
	if err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	cs, err := rows.Columns()
	if err != nil {
		p.t.Fatal(err)
	}
	out := []string{}
	for rows.Next() {
		values := make([]sql.NullString, len(cs))
		to := make([]any, len(cs))
		for i := range to {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			p.t.Fatal(err)
		}
		var texts []string
		for _, v := range values {
			if v.Valid {
				texts = append(texts, v.String)
			} else {
				texts = append(texts, "NULL")
			}
		}
		out = append(out, strings.Join(texts, "|"))
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func (p *place) want(query string, rows ...string) {
	p.t.Helper()
	if got := p.all(query); !slices.Equal(got, rows) && len(got)+len(rows) > 0 {
		p.t.Errorf("%s: %q, want %q", query, got, rows)
	}
}

func (p *place) open(c database.Config) *database.Holder {
	p.t.Helper()
	c.Name, c.URL = "crm", p.url
	h, err := database.Open(c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { h.Close() })
	return h
}

func person(t *testing.T, given ...erasure.Named) erasure.Person {
	t.Helper()
	p, err := erasure.NewPerson(types, given)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func named(typ string, values ...string) erasure.Named {
	return erasure.Named{Type: typ, Values: values}
}

func id(typ string, columns ...string) erasure.Identifier {
	return erasure.Identifier{Type: typ, Columns: columns}
}

// places writes holdings as place=records, without the schema.
func places(hs []erasure.Holding) string {
	var out []string
	for _, h := range hs {
		_, place, _ := strings.Cut(h.Place, ".")
		out = append(out, fmt.Sprintf("%s=%d", place, h.Records))
	}
	return strings.Join(out, " ")
}

// erase erases a person and wants that this was what it had said, and that nothing
// is left.
func (p *place) erase(h *database.Holder, who erasure.Person, want string) {
	p.t.Helper()
	found, err := h.Locate(p.t.Context(), who)
	if err != nil || places(found) != want {
		p.t.Errorf("located: %s, %v; want %s", places(found), err, want)
	}
	did, err := h.Erase(p.t.Context(), who)
	if err != nil || places(did) != want {
		p.t.Errorf("erased: %s, %v; want %s", places(did), err, want)
	}
	if found, err := h.Locate(p.t.Context(), who); err != nil || len(found) != 0 {
		p.t.Errorf("afterwards: %s, %v", places(found), err)
	}
	if did, err := h.Erase(p.t.Context(), who); err != nil || len(did) != 0 {
		p.t.Errorf("again: %s, %v", places(did), err)
	}
}

// refused wants that a person cannot be located, or if that can be, not be erased,
// with an error of a kind that says something.
func (p *place) refused(h *database.Holder, who erasure.Person, k lethe.Kind, says string) {
	p.t.Helper()
	_, err := h.Locate(p.t.Context(), who)
	if err == nil {
		_, err = h.Erase(p.t.Context(), who)
	}
	if !lethe.Is(err, k) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "ada") {
		p.t.Errorf("%v (%s), want %q (%s)", err, lethe.KindOf(err), says, k)
	}
}

var ada = []erasure.Named{named("user_id", "u1"), named("mail", "ada@example.org"), named("name", "Ada", "Lovelace")}

const people = `CREATE TABLE people (n integer PRIMARY KEY, id varchar(40), mail varchar(90), first varchar(40), last varchar(40), note varchar(40))`

// folks are people of whom hers are the person's.
var folks = []string{
	`INSERT INTO people VALUES (1, 'u1', NULL, NULL, NULL, 'hers by id')`,
	`INSERT INTO people VALUES (2, 'U1', 'u1', 'u1', 'u1', 'another id in upper case')`,
	`INSERT INTO people VALUES (3, 'u1 ', NULL, NULL, NULL, 'a blank after it')`,
	`INSERT INTO people VALUES (4, 'u2', 'Ada <ADA@Example.org.>', NULL, NULL, 'hers by mail')`,
	`INSERT INTO people VALUES (5, 'u3', 'ada@example.org.uk', NULL, NULL, 'another address')`,
	`INSERT INTO people VALUES (6, 'u4', NULL, '  ADA', 'lovelace', 'hers by name')`,
	`INSERT INTO people VALUES (7, 'u5', NULL, 'Ada', 'Byron', 'another name')`,
	`INSERT INTO people VALUES (8, NULL, NULL, NULL, NULL, 'nobody')`,
	`INSERT INTO people VALUES (9, '', '', '', '', 'empty')`,
}

var peopleIDs = []erasure.Identifier{id("user_id", "id"), id("mail", "mail"), id("name", "first", "last")}

// TestHashed: rows of persons of whom only hashes are known are found by reading those that
// hold an identifier.
func TestHashed(t *testing.T) {
	everywhere(t, func(p *place) {
		who := person(p.t, ada...)
		hers := map[string]bool{}
		for _, n := range ada {
			v, _ := who.Normal(n)
			hers[n.Type+" "+v] = true
		}
		hashed := erasure.HashedPerson(who.Types(), func(typ, v string) bool { return hers[typ+" "+v] })
		p.exec(append([]string{people, `CREATE TABLE visits (person integer, CONSTRAINT visits_of FOREIGN KEY (person) REFERENCES people (n))`}, folks...)...)
		p.exec(`INSERT INTO visits VALUES (1), (2), (4), (4)`)
		h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}, {Table: "visits"}}})
		p.erase(h, hashed, "people=3 visits=3")
		p.want(`SELECT n FROM people`, "2", "3", "5", "7", "8", "9")
		p.want(`SELECT person FROM visits`, "2")
		p.erase(h, erasure.HashedPerson(who.Types(), func(string, string) bool { return false }), "")
	})
}

func TestModes(t *testing.T) {
	everywhere(t, func(p *place) {
		who := person(p.t, ada...)
		make := func() {
			p.exec(append([]string{`DROP TABLE IF EXISTS people`, people}, folks...)...)
		}
		const others = `SELECT n FROM people WHERE n NOT IN (1, 4, 6)`
		rest := []string{"2", "3", "5", "7", "8", "9"}

		make()
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}}), who, "people=3")
		p.want(`SELECT n FROM people`, rest...)

		make()
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs, Mode: "null"}}}), who, "people=3")
		p.want(`SELECT * FROM people WHERE n IN (1, 4, 6)`, "1|NULL|NULL|NULL|NULL|hers by id", "4|NULL|NULL|NULL|NULL|hers by mail", "6|NULL|NULL|NULL|NULL|hers by name")
		p.want(others, rest...)

		make()
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs, Mode: "blank", Replace: map[string]*string{"note": nil, "last": new("X")}}}}), who, "people=3")
		p.want(`SELECT * FROM people WHERE n IN (1, 4, 6)`, "1||||X|NULL", "4||||X|NULL", "6||||X|NULL")

		make()
		gone := "gone"
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs, Mode: "replace", Replace: map[string]*string{"id": &gone, "mail": nil, "first": nil}}}}), who, "people=3")
		p.want(`SELECT * FROM people WHERE n = 6`, "6|gone|NULL|NULL|lovelace|hers by name")

		// The same identifier is the same random text in all tables and spellings.
		make()
		p.exec(`CREATE TABLE visits (mail varchar(90), day date)`,
			`INSERT INTO visits VALUES ('ada@example.org', '2026-01-02'), ('mailto:ADA@example.org', '2026-01-03'), ('bob@example.org', '2026-01-02')`)
		p.erase(p.open(database.Config{Tables: []database.Table{
			{Table: "people", Identifiers: peopleIDs, Mode: "pseudonymise"},
			{Table: "visits", Identifiers: []erasure.Identifier{id("mail", "mail")}, Mode: "pseudonymise"},
		}}), who, "people=3 visits=2")
		token := p.all(`SELECT mail FROM people WHERE n = 4`)
		if len(token) != 1 || !strings.HasPrefix(token[0], "erased-") || len(token[0]) != 33 {
			p.t.Errorf("it became %q", token)
		}
		p.want(`SELECT DISTINCT mail FROM visits`, "bob@example.org", token[0])
		p.want(`SELECT id, mail FROM people WHERE n = 2`, "U1|u1")
	})
}

// TestSpellings: whatever the database thinks of letters, rows are found by the
// forms of identifiers.
func TestSpellings(t *testing.T) {
	everywhere(t, func(p *place) {
		set := map[bool]string{true: " CHARACTER SET utf8mb4"}[p.mysql]
		p.exec(`CREATE TABLE people (n integer PRIMARY KEY, mail text` + set + `)`)
		hers := []string{"kim@example.org", "KIM@EXAMPLE.ORG", "\u212Aim@example.org", "  kim@example.org\t", "Kim\u00fc <Kim@Example.org>", "mailto:kim@example.org.", "\u00a0kim@example.org"}
		others := []string{"k\u0131m@example.org", "kim@example.org.uk", "akim@example.org", "kim", "K\u00cfM@example.org"}
		for i, m := range append(slices.Clone(hers), others...) {
			mark := map[bool]string{true: "?, ?", false: "$1, $2"}[p.mysql]
			if _, err := p.db.Exec(`INSERT INTO people VALUES (`+mark+`)`, i, m); err != nil {
				p.t.Fatal(err)
			}
		}
		h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: []erasure.Identifier{id("mail", "mail")}}}})
		p.erase(h, person(p.t, named("mail", "Kim@example.org")), fmt.Sprintf("people=%d", len(hers)))
		if got := p.all(`SELECT mail FROM people`); len(got) != len(others) {
			p.t.Errorf("%q are left", got)
		}
		p.erase(h, person(p.t, named("mail", "k\u00efm@EXAMPLE.org")), "people=1")
		// What no text can be is nobody's, and no error.
		p.erase(h, person(p.t, named("mail", "a\x00b@example.org"), named("mail", "\xff@example.org")), "")
	})
}

// TestTypes: columns that are no texts, and numbers that a floating-point number
// does not tell apart.
func TestTypes(t *testing.T) {
	everywhere(t, func(p *place) {
		bytes, uuid := "bytea", "uuid"
		if p.mysql {
			bytes = "varbinary(20)"
		}
		p.exec(`CREATE TABLE things (n decimal(20,0) PRIMARY KEY, big bigint, small smallint, born date, raw ` + bytes + `, u ` + uuid + `, price decimal(9,2))`)
		raw := map[bool]string{true: `x'00ff'`, false: `'\x00ff'`}[p.mysql]
		for i, big := range []string{"9007199254740992", "9007199254740993", "9007199254740994"} {
			p.exec(fmt.Sprintf(`INSERT INTO things VALUES (1800000000000000000%d, %s, %d, '2026-01-0%d', NULL, NULL, 1%d.50)`, i, big, i, i+1, i))
		}
		p.exec(`INSERT INTO things VALUES (9, 1, 9, '2001-01-01', ` + raw + `, '11111111-2222-3333-4444-55555555abcd', 0)`)
		for _, c := range []struct {
			column, value string
			left          int
		}{
			{"big", "9007199254740993", 3}, {"big", "09007199254740994", 3}, {"big", "x", 3}, {"big", "9007199254740994.0", 3}, {"small", "70000", 3},
			{"born", "2026-01-01", 2}, {"born", "nonsense", 2}, {"price", "12.50", 1}, {"price", "0.0", 1},
			{"raw", "00FF", 1}, {"u", "11111111-2222-3333-4444-55555555ABCD", 1}, {"u", "11111111-2222-3333-4444-55555555abcd", 0},
		} {
			h := p.open(database.Config{Tables: []database.Table{{Table: "things", Identifiers: []erasure.Identifier{id("user_id", c.column)}}}})
			before := len(p.all(`SELECT 1 FROM things`))
			want := ""
			if before != c.left {
				want = fmt.Sprintf("things=%d", before-c.left)
			}
			p.erase(h, person(p.t, named("user_id", c.value)), want)
			if got := len(p.all(`SELECT 1 FROM things`)); got != c.left {
				p.t.Errorf("after %s = %s %d rows are left", c.column, c.value, got)
			}
		}
		p.exec(`INSERT INTO things VALUES (9, 1, 9, '2001-01-01', ` + raw + `, NULL, 0)`)
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "things", Identifiers: []erasure.Identifier{id("user_id", "raw")}}}}), person(p.t, named("user_id", "00ff")), "things=1")
	})
}

// TestHostileNames: names are quoted wherever they stand.
func TestHostileNames(t *testing.T) {
	everywhere(t, func(p *place) {
		table, key, column := `we"ird; DROP TABLE b -- .Ünï`, "ke`y\"\"", `Se"lect.x y`
		q := func(n string) string { return `"` + strings.ReplaceAll(n, `"`, `""`) + `"` }
		p.exec(`CREATE TABLE b (n integer)`,
			`CREATE TABLE `+q(table)+` (`+q(key)+` integer PRIMARY KEY, `+q(column)+` varchar(40), "order" integer)`,
			`INSERT INTO `+q(table)+` VALUES (1, 'u1', 1), (2, 'u2', 2)`,
			`CREATE TABLE "From" (`+q(column)+` integer, CONSTRAINT "fk `+"`"+` it" FOREIGN KEY (`+q(column)+`) REFERENCES `+q(table)+` (`+q(key)+`))`,
			`INSERT INTO "From" VALUES (1), (1), (2)`)
		tables := []database.Table{{Table: q(table), Identifiers: []erasure.Identifier{id("user_id", column)}}}
		p.refused(p.open(database.Config{Tables: tables}), person(p.t, ada...), lethe.Invalid, "From is not mapped, and its foreign key fk ` it")
		h := p.open(database.Config{Tables: append(tables, database.Table{Table: "From"})})
		did, err := h.Erase(p.t.Context(), person(p.t, ada...))
		if err != nil || len(did) != 2 || did[0].Records != 2 || did[1].Records != 1 || !strings.HasSuffix(did[1].Place, table) {
			p.t.Errorf("erased: %+v, %v", did, err)
		}
		p.want(`SELECT "order" FROM `+q(table), "2")
		p.want(`SELECT * FROM "From"`, "2")
		p.exec(`SELECT n FROM b`)
		if !p.mysql {
			p.exec(`CREATE SCHEMA "My.Schema"`, `CREATE TABLE "My.Schema"."T t" (id text)`, `INSERT INTO "My.Schema"."T t" VALUES ('u1')`)
			h := p.open(database.Config{Tables: []database.Table{{Table: `"My.Schema"."T t"`, Identifiers: []erasure.Identifier{id("user_id", "id")}}}})
			if _, err := h.Erase(p.t.Context(), person(p.t, ada...)); err != nil {
				p.t.Error(err)
			}
			p.want(`SELECT id FROM "My.Schema"."T t"`)
		}
		p.refused(p.open(database.Config{Tables: []database.Table{{Table: "FROM", Identifiers: []erasure.Identifier{id("user_id", "id")}}}}), person(p.t, ada...), lethe.Invalid, "there is no table")
	})
}

// shop is tables that reference one another.
func (p *place) shop() {
	p.exec(
		`CREATE TABLE customers (id integer PRIMARY KEY, mail varchar(90), boss integer REFERENCES customers (id) ON DELETE SET NULL, CONSTRAINT boss_fk FOREIGN KEY (boss) REFERENCES customers (id) ON DELETE SET NULL)`,
		`CREATE TABLE orders (shop integer, n integer, customer integer NOT NULL, PRIMARY KEY (shop, n), CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id))`,
		`CREATE TABLE items (shop integer, n integer, what varchar(40), CONSTRAINT items_order FOREIGN KEY (shop, n) REFERENCES orders (shop, n) ON DELETE CASCADE)`,
		`CREATE TABLE reviews (n integer, customer integer, CONSTRAINT reviews_customer FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE SET NULL)`,
		`INSERT INTO customers VALUES (1, 'bob@example.org', NULL), (2, 'ada@example.org', 1), (3, 'ADA@example.org', 2), (4, 'eve@example.org', 2)`,
		`INSERT INTO orders VALUES (1, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 3)`,
		`INSERT INTO items VALUES (1, 1, 'a'), (1, 2, 'b'), (1, 2, 'b'), (2, 2, 'c'), (NULL, NULL, 'd')`,
		`INSERT INTO reviews VALUES (1, 1), (2, 2)`,
	)
}

func TestForeignKeys(t *testing.T) {
	everywhere(t, func(p *place) {
		p.shop()
		who := person(p.t, ada...)
		customers := database.Table{Table: "customers", Identifiers: []erasure.Identifier{id("mail", "mail")}}
		p.refused(p.open(database.Config{Tables: []database.Table{customers}}), who, lethe.Invalid, "orders is not mapped, and its foreign key orders_customer")
		p.refused(p.open(database.Config{Tables: []database.Table{{Table: "items"}}}), who, lethe.Invalid, "no foreign key to another table that is mapped")
		p.want(`SELECT count(*) FROM customers`, "4")

		// Rows stay where they are not deleted, and so do those that reference them.
		p.exec(`CREATE TABLE copy AS SELECT * FROM customers`)
		h := p.open(database.Config{Tables: []database.Table{{Table: "customers", Identifiers: customers.Identifiers, Mode: "null"}}})
		p.erase(h, who, "customers=2")
		p.want(`SELECT count(*) FROM orders`, "4")
		p.exec(`UPDATE customers SET mail = (SELECT mail FROM copy WHERE copy.id = customers.id)`)

		// What goes by itself is counted, and others' rows only lose their reference.
		h = p.open(database.Config{Tables: []database.Table{customers, {Table: "orders"}}})
		p.erase(h, who, "customers=2 items=3 orders=3")
		p.want(`SELECT * FROM customers`, "1|bob@example.org|NULL", "4|eve@example.org|NULL")
		p.want(`SELECT * FROM orders`, "1|1|1")
		p.want(`SELECT * FROM items`, "1|1|a", "NULL|NULL|d")
		p.want(`SELECT * FROM reviews`, "1|1", "2|NULL")
	})
}

// TestReferencedByOthers: rows of others that reference the person's are not
// deleted, and nothing is.
func TestReferencedByOthers(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(`CREATE TABLE people (id varchar(40) PRIMARY KEY)`,
			`CREATE TABLE notes (id varchar(40), of varchar(40), CONSTRAINT notes_of FOREIGN KEY (of) REFERENCES people (id))`,
			`INSERT INTO people VALUES ('u1'), ('u2')`, `INSERT INTO notes VALUES ('u1', 'u1'), ('u2', 'u1')`)
		h := p.open(database.Config{Tables: []database.Table{
			{Table: "people", Identifiers: []erasure.Identifier{id("user_id", "id")}},
			{Table: "notes", Identifiers: []erasure.Identifier{id("user_id", "id")}},
		}})
		p.refused(h, person(p.t, ada...), lethe.Invalid, "foreign key notes_of")
		p.want(`SELECT id FROM people`, "u1", "u2")
		p.want(`SELECT id FROM notes`, "u1", "u2")
	})
}

func TestCircles(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(`CREATE TABLE a (id varchar(40) PRIMARY KEY, b varchar(40))`, `CREATE TABLE b (id varchar(40) PRIMARY KEY, a varchar(40), CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id))`,
			`ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)`,
			`INSERT INTO a VALUES ('u1', NULL), ('u2', NULL)`, `INSERT INTO b VALUES ('u1', 'u1')`, `UPDATE a SET b = 'u1' WHERE id = 'u1'`)
		h := p.open(database.Config{Tables: []database.Table{
			{Table: "a", Identifiers: []erasure.Identifier{id("user_id", "id")}}, {Table: "b", Identifiers: []erasure.Identifier{id("user_id", "id")}},
		}})
		p.refused(h, person(p.t, ada...), lethe.Unsupported, "go round in a circle")
		if p.mysql {
			p.exec(`ALTER TABLE a DROP FOREIGN KEY a_b`, `ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id) ON DELETE SET NULL`)
			p.erase(h, person(p.t, ada...), "a=1 b=1")
			return
		}
		p.exec(`ALTER TABLE a ALTER CONSTRAINT a_b DEFERRABLE`)
		p.erase(h, person(p.t, ada...), "a=1 b=1")
	})
}

// TestKeyless: tables without a primary key, in which rows are alike.
func TestKeyless(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(`CREATE TABLE log (id varchar(40), mail varchar(90), n integer)`,
			`INSERT INTO log VALUES ('u1', NULL, 1), ('u1', NULL, 1), ('u1', NULL, 2), ('U1', NULL, 3), ('u1 ', NULL, 4), (NULL, 'ADA@example.org', 5), (NULL, 'ada@example.org', 6), (NULL, NULL, 7)`)
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "log", Identifiers: []erasure.Identifier{id("user_id", "id"), id("mail", "mail")}}}}), person(p.t, ada...), "log=5")
		p.want(`SELECT n FROM log`, "3", "4", "7")
	})
}

func TestPartitions(t *testing.T) {
	everywhere(t, func(p *place) {
		if p.mysql {
			p.exec(`CREATE TABLE parts (n integer, id varchar(40)) PARTITION BY HASH (n) PARTITIONS 3`)
		} else {
			p.exec(`CREATE TABLE parts (n integer, id varchar(40)) PARTITION BY RANGE (n)`,
				`CREATE TABLE parts0 PARTITION OF parts FOR VALUES FROM (0) TO (2)`, `CREATE TABLE parts1 PARTITION OF parts DEFAULT`,
				`CREATE TABLE old (n integer PRIMARY KEY, id text)`, `CREATE TABLE older () INHERITS (old)`,
				`INSERT INTO old VALUES (1, 'u2')`, `INSERT INTO older VALUES (1, 'u1'), (1, 'u2')`)
			p.refused(p.open(database.Config{Tables: []database.Table{{Table: "parts0", Identifiers: []erasure.Identifier{id("user_id", "id")}}}}), person(p.t, ada...), lethe.Invalid, "is a partition")
			p.erase(p.open(database.Config{Tables: []database.Table{{Table: "old", Identifiers: []erasure.Identifier{id("user_id", "id")}}}}), person(p.t, ada...), "old=1")
			p.want(`SELECT id FROM old`, "u2", "u2")
		}
		p.exec(`INSERT INTO parts VALUES (0, 'u1'), (1, 'u2'), (2, 'u1'), (3, 'u2')`)
		p.erase(p.open(database.Config{Tables: []database.Table{{Table: "parts", Identifiers: []erasure.Identifier{id("user_id", "id")}}}}), person(p.t, ada...), "parts=2")
		p.want(`SELECT n FROM parts`, "1", "3")
	})
}

func TestRefused(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(append([]string{people, `CREATE VIEW seen AS SELECT * FROM people`, `CREATE TABLE strict (id varchar(40) NOT NULL, n integer)`}, folks...)...)
		who := person(p.t, ada...)
		uid := []erasure.Identifier{id("user_id", "id")}
		for _, c := range []struct {
			table database.Table
			kind  lethe.Kind
			says  string
		}{
			{database.Table{Table: "nowhere", Identifiers: uid}, lethe.Invalid, "there is no table"},
			{database.Table{Table: "seen", Identifiers: uid}, lethe.Unsupported, "is no table"},
			{database.Table{Table: "people", Identifiers: []erasure.Identifier{id("user_id", "ID")}}, lethe.Invalid, `there is no column "ID"`},
			{database.Table{Table: "people", Identifiers: []erasure.Identifier{id("phone", "id")}}, lethe.Invalid, `there is no identifier type "phone"`},
			{database.Table{Table: "people", Identifiers: []erasure.Identifier{id("name", "id")}}, lethe.Invalid, "1 columns"},
			{database.Table{Table: "strict", Identifiers: uid, Mode: "null"}, lethe.Invalid, `column "id" cannot be null`},
			{database.Table{Table: "strict", Identifiers: []erasure.Identifier{id("user_id", "n")}, Mode: "blank"}, lethe.Invalid, "is for texts"},
			{database.Table{Table: "people", Identifiers: uid, Mode: "null", Replace: map[string]*string{"nope": nil}}, lethe.Invalid, `no column "nope"`},
			{database.Table{Table: "people", Identifiers: uid, Mode: "null", Replace: map[string]*string{"n": new("x")}}, lethe.Invalid, ""},
		} {
			p.refused(p.open(database.Config{Tables: []database.Table{c.table}}), who, c.kind, c.says)
		}
		if p.mysql {
			p.exec(`CREATE TABLE old (id varchar(40)) ENGINE=MyISAM`, `CREATE TABLE kept (id varchar(40)) WITH SYSTEM VERSIONING`)
			p.refused(p.open(database.Config{Tables: []database.Table{{Table: "old", Identifiers: uid}}}), who, lethe.Unsupported, "MyISAM")
			p.refused(p.open(database.Config{Tables: []database.Table{{Table: "kept", Identifiers: uid}}}), who, lethe.Unsupported, "history")
		}
		p.want(`SELECT count(*) FROM people`, "9")
	})
}

func TestReadOnlyServer(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(append([]string{people}, folks...)...)
		on, off := `SET GLOBAL read_only = 1`, `SET GLOBAL read_only = 0`
		if !p.mysql {
			_, name, _ := strings.Cut(p.url[len("postgres://"):], "/")
			name, _, _ = strings.Cut(name, "?")
			on, off = `ALTER DATABASE `+name+` SET default_transaction_read_only = on`, `SELECT 1`
		}
		p.exec(on)
		defer p.exec(off)
		p.refused(p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}}), person(p.t, ada...), lethe.Invalid, "is read-only")
	})
}

// TestLocks: who waits for others' locks too long changes nothing, and is told to
// try again.
func TestLocks(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(append([]string{people}, folks...)...)
		h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}, LockTimeout: time.Second})
		tx, err := p.db.Begin()
		if err != nil {
			p.t.Fatal(err)
		}
		if _, err := tx.Exec(`UPDATE people SET note = 'locked' WHERE n = 4`); err != nil {
			p.t.Fatal(err)
		}
		p.refused(h, person(p.t, ada...), lethe.Conflict, "others hold locks")
		if err := tx.Rollback(); err != nil {
			p.t.Fatal(err)
		}
		p.want(`SELECT count(*) FROM people`, "9")
		p.erase(h, person(p.t, ada...), "people=3")
		slow := p.open(database.Config{Tables: []database.Table{{Table: "slow", Identifiers: []erasure.Identifier{id("user_id", "id")}}}, Timeout: time.Second})
		p.exec(`CREATE TABLE slow (id varchar(40))`, `INSERT INTO slow VALUES ('u1')`)
		if p.mysql {
			p.exec(`CREATE TRIGGER slowly BEFORE DELETE ON slow FOR EACH ROW DO SLEEP(60)`)
		} else {
			p.exec(`CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN OLD; END $$`,
				`CREATE TRIGGER slowly BEFORE DELETE ON slow FOR EACH ROW EXECUTE FUNCTION slowly()`)
		}
		p.refused(slow, person(p.t, ada...), lethe.Conflict, "timeout")
		p.want(`SELECT id FROM slow`, "u1")
	})
}

func TestTriggers(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(append([]string{people, `CREATE TABLE gone (n integer)`}, folks...)...)
		trigger := func(when, body string) {
			if p.mysql {
				p.exec(`DROP TRIGGER IF EXISTS it`, `CREATE TRIGGER it `+when+` DELETE ON people FOR EACH ROW `+body)
				return
			}
			p.exec(`CREATE OR REPLACE FUNCTION it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+body+`; RETURN OLD; END $$`,
				`DROP TRIGGER IF EXISTS it ON people`, `CREATE TRIGGER it `+when+` DELETE ON people FOR EACH ROW EXECUTE FUNCTION it()`)
		}
		h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}})
		who := person(p.t, ada...)
		refuse, keep := `RAISE EXCEPTION 'not ada'`, `IF OLD.n = 4 THEN RETURN NULL; END IF`
		if p.mysql {
			refuse = `SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not ada'`
		}
		trigger("BEFORE", refuse)
		p.refused(h, who, lethe.Invalid, "a trigger refuses")
		p.want(`SELECT count(*) FROM people`, "9")
		if !p.mysql {
			trigger("BEFORE", keep)
			p.refused(h, who, lethe.Invalid, "1 rows of table public.people are the person's still")
			p.want(`SELECT count(*) FROM people`, "9")
		}
		trigger("AFTER", `INSERT INTO gone VALUES (OLD.n)`)
		p.erase(h, who, "people=3")
		p.want(`SELECT n FROM gone`, "1", "4", "6")
	})
}

// TestRowSecurity: who does not see all rows does not say that there are none.
func TestRowSecurity(t *testing.T) {
	p := &place{t: t, url: need.Postgres(t)}
	var err error
	if p.db, err = sql.Open("pgx", p.url); err != nil {
		t.Fatal(err)
	}
	defer p.db.Close()
	p.exec(append([]string{people, `CREATE ROLE clerk LOGIN`, `GRANT SELECT, UPDATE, DELETE ON people TO clerk`}, folks...)...)
	defer p.exec(`DROP OWNED BY clerk`, `DROP ROLE clerk`)
	p.url = strings.Replace(p.url, "lethe@", "clerk@", 1)
	h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}})
	if found, err := h.Locate(t.Context(), person(t, ada...)); err != nil || places(found) != "people=3" {
		t.Errorf("located: %s, %v", places(found), err)
	}
	p.exec(`ALTER TABLE people ENABLE ROW LEVEL SECURITY`, `CREATE POLICY part ON people USING (n > 5)`)
	p.refused(h, person(t, ada...), lethe.Denied, "row security")
	p.exec(`ALTER TABLE people DISABLE ROW LEVEL SECURITY`, `REVOKE DELETE ON people FROM clerk`)
	p.refused(h, person(t, ada...), lethe.Denied, "lacks a right")
}

// TestUnreachable: a server that is away is an error that passes.
func TestUnreachable(t *testing.T) {
	for _, url := range []string{"postgres://lethe:secret@127.0.0.1:1/x?sslmode=disable", "mysql://lethe:secret@127.0.0.1:1/x"} {
		h, err := database.Open(database.Config{URL: url, Tables: []database.Table{{Table: "t", Identifiers: peopleIDs[:1]}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Locate(t.Context(), person(t, ada...)); !lethe.Is(err, lethe.Internal) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v (%s)", err, lethe.KindOf(err))
		}
		h.Close()
	}
}

// TestBackups: what no statement reaches stands in every request with its date.
func TestBackups(t *testing.T) {
	everywhere(t, func(p *place) {
		p.exec(people)
		h := p.open(database.Config{Tables: []database.Table{{Table: "people", Identifiers: peopleIDs}}, Backups: 24 * time.Hour})
		did, err := h.Erase(p.t.Context(), person(p.t, ada...))
		if err != nil || len(did) != 1 || did[0].Reason == "" || time.Until(did[0].Until) < 23*time.Hour {
			p.t.Errorf("%+v, %v", did, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	uid := []erasure.Identifier{id("user_id", "id")}
	ok := database.Table{Table: "t", Identifiers: uid}
	for _, c := range []struct {
		config database.Config
		says   string
	}{
		{database.Config{URL: "oracle://secret", Tables: []database.Table{ok}}, "dsn must begin with"},
		{database.Config{URL: "postgres://u:secret@h:x/", Tables: []database.Table{ok}}, "dsn cannot be read"},
		{database.Config{URL: "mysql://u:secret@h", Tables: []database.Table{ok}}, "dsn cannot be read"},
		{database.Config{URL: "mysql://u@h/d"}, "tables must name"},
		{database.Config{Tables: []database.Table{ok, {Table: `a"b`, Identifiers: uid}}}, "tables[1].table must be a table's name"},
		{database.Config{Tables: []database.Table{{Table: "a.b.c", Identifiers: uid}}}, "tables[0].table"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: uid, Mode: "drop"}}}, "tables[0].mode"},
		{database.Config{Tables: []database.Table{{Table: "t", Mode: "null"}}}, "tables[0].mode"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: uid, Replace: map[string]*string{"a": nil}}}}, "tables[0].replace"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: uid, Mode: "replace"}}}, "tables[0].replace"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: uid, Mode: "replace", Replace: map[string]*string{"a": nil}}}}, "must have a column of identifiers[0]"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: []erasure.Identifier{{Type: "user_id"}}}}}, "tables[0].identifiers[0].columns"},
		{database.Config{Tables: []database.Table{{Table: "t", Identifiers: []erasure.Identifier{{Columns: []string{"a"}}}}}}, "tables[0].identifiers[0].type"},
	} {
		if _, err := database.Open(c.config); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v, want %s", c.config.Tables, err, c.says)
		}
	}
}

// TestServers: a database's URL says to which servers lethe connects.
func TestServers(t *testing.T) {
	tables := []database.Table{{Table: "people", Identifiers: []erasure.Identifier{id("user_id", "id")}}}
	for url, want := range map[string]string{
		"postgres://u@db.example.org/x?sslmode=prefer":   "db.example.org:5432",
		"postgres://u@a:1,b:2/x?sslmode=disable":         "a:1 b:2",
		"postgres://u@[::1]:5433/x":                      "[::1]:5433",
		"postgres://u@/x?host=/run/postgres":             "/run/postgres",
		"mysql://u@db.example.org/x":                     "db.example.org:3306",
		"mysql://u@127.0.0.1:3307/x?tls=skip-verify":     "127.0.0.1:3307",
		"mysql://u@localhost/x?socket=/run/mariadb.sock": "/run/mariadb.sock",
	} {
		h, err := database.Open(database.Config{Name: "crm", URL: url, Tables: tables})
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if got := strings.Join(h.Servers(), " "); got != want {
			t.Errorf("%s: %s, not %s", url, got, want)
		}
		if got, err := database.Servers(url); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s names %v, %v", url, got, err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}
