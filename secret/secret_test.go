package secret_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/secret"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type lab struct {
	*secret.Service
	t   *testing.T
	dir string
	db  *state.DB
}

func open(t *testing.T, rotators map[string]secret.Rotator) lab {
	t.Helper()
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	s, err := secret.Open(t.Context(), secret.Config{DB: db, Keys: sealtest.Keyring(t, db), Rotators: rotators})
	must(t, err)
	return lab{s, t, dir, db}
}

func (l lab) create(name, text string) secret.Secret {
	l.t.Helper()
	x, _, err := l.Create(l.t.Context(), secret.New{Name: name, Value: secret.Value{Text: text}})
	must(l.t, err)
	return x
}

func (l lab) put(id, text string, stages ...string) secret.Version {
	l.t.Helper()
	_, v, err := l.Put(l.t.Context(), id, secret.Put{Value: secret.Value{Text: text}, Stages: stages})
	must(l.t, err)
	return v
}

func (l lab) has(id, version, stage, want string) {
	l.t.Helper()
	_, _, v, err := l.Get(l.t.Context(), id, version, stage)
	if err != nil || v.Text != want {
		l.t.Errorf("%s %s %s: %q, %v; want %q", id, version, stage, v.Text, err, want)
	}
}

func refused(t *testing.T, err error, want secret.Code, part string) {
	t.Helper()
	var c secret.Code
	if !errors.As(err, &c) || c != want || !strings.Contains(err.Error(), part) {
		t.Errorf("%v; want %s with %q", err, want, part)
	}
}

func token(n int) string { return fmt.Sprintf("%032d", n) }

func TestNamesAndARNs(t *testing.T) {
	l := open(t, nil)
	x := l.create("team/db", "one")
	if !regexp.MustCompile(`^arn:aws:secretsmanager:eu-central-1:000000000000:secret:team/db-[A-Za-z0-9]{6}$`).MatchString(x.ARN) {
		t.Error(x.ARN)
	}
	for _, id := range []string{"team/db", x.ARN, x.ARN[:len(x.ARN)-7]} {
		l.has(id, "", "", "one")
	}
	for _, id := range []string{"team", "team/d", "TEAM/DB", x.ARN + "x", x.ARN[:len(x.ARN)-1], "team/db" + x.ARN[len(x.ARN)-7:], ""} {
		_, _, _, err := l.Get(t.Context(), id, "", "")
		refused(t, err, secret.NotFound, "can't find the specified secret")
	}
	// A secret whose name looks like another with its random end does not stand before it.
	l.create("team/db"+x.ARN[len(x.ARN)-7:], "trap")
	l.has(x.ARN, "", "", "one")
	for _, name := range []string{"", "with space", "ünïcode", "new\nline", strings.Repeat("x", 513), "star*"} {
		_, _, err := l.Create(t.Context(), secret.New{Name: name})
		refused(t, err, secret.Validation, "Invalid name")
	}
	_, _, err := l.Create(t.Context(), secret.New{Name: "team/db", Value: secret.Value{Text: "two"}})
	refused(t, err, secret.Exists, "already exists")
}

func TestStages(t *testing.T) {
	l := open(t, nil)
	x := l.create("s", "one")
	one := x.Stages[secret.Current]
	two := l.put("s", "two")
	l.has("s", "", "", "two")
	l.has("s", "", secret.Previous, "one")
	l.has("s", one, secret.Previous, "one")
	_, _, _, err := l.Get(t.Context(), "s", one, secret.Current)
	refused(t, err, secret.InvalidRequest, "VersionStage that is not associated")
	_, _, _, err = l.Get(t.Context(), "s", "", "nothing")
	refused(t, err, secret.NotFound, "staging label: nothing")
	_, _, _, err = l.Get(t.Context(), "s", token(1), "")
	refused(t, err, secret.NotFound, "VersionId")

	// A version with other labels does not become the current one.
	three := l.put("s", "three", "mine", secret.Pending)
	if !slices.Equal(three.Stages, []string{secret.Pending, "mine"}) {
		t.Error(three.Stages)
	}
	l.has("s", "", "", "two")
	l.has("s", "", "mine", "three")

	// Moving AWSCURRENT moves AWSPREVIOUS after it.
	_, err = l.MoveStage(t.Context(), "s", secret.Current, "", three.ID)
	refused(t, err, secret.InvalidParameter, "currently attached to version "+two.ID)
	_, err = l.MoveStage(t.Context(), "s", secret.Current, one, three.ID)
	refused(t, err, secret.InvalidParameter, "not found in version")
	_, err = l.MoveStage(t.Context(), "s", secret.Current, two.ID, "")
	refused(t, err, secret.InvalidParameter, "can't remove")
	_, err = l.MoveStage(t.Context(), "s", "mine", token(7), "")
	refused(t, err, secret.InvalidParameter, "Not a valid version")
	x, err = l.MoveStage(t.Context(), "s", secret.Current, two.ID, three.ID)
	if err != nil || x.Stages[secret.Current] != three.ID || x.Stages[secret.Previous] != two.ID {
		t.Error(x.Stages, err)
	}
	// Back again: what was AWSPREVIOUS is current, and not both.
	x, err = l.MoveStage(t.Context(), "s", secret.Current, three.ID, two.ID)
	if err != nil || x.Stages[secret.Current] != two.ID || x.Stages[secret.Previous] != three.ID {
		t.Error(x.Stages, err)
	}
	_, all, err := l.Versions(t.Context(), "s", false)
	if err != nil || len(all) != 2 {
		t.Error(all, err)
	}
	_, all, err = l.Versions(t.Context(), "s", true)
	if err != nil || len(all) != 3 || all[2].ID != one || len(all[2].Stages) != 0 {
		t.Error(all, err)
	}
	l.has("s", one, "", "one") // deprecated, and there

	// The first version is always the current one.
	_, _, err = l.Create(t.Context(), secret.New{Name: "empty"})
	must(t, err)
	_, _, _, err = l.Get(t.Context(), "empty", "", "")
	refused(t, err, secret.NotFound, "staging label: AWSCURRENT")
	if v := l.put("empty", "first", "mine"); !slices.Contains(v.Stages, secret.Current) {
		t.Error(v.Stages)
	}
	for i := range 18 {
		l.put("empty", "x", fmt.Sprint("label", i))
	}
	_, _, err = l.Put(t.Context(), "empty", secret.Put{Value: secret.Value{Text: "x"}, Stages: []string{"one too many"}})
	refused(t, err, secret.LimitExceeded, "20 staging labels")
}

func TestTheSameRequestAgain(t *testing.T) {
	l := open(t, nil)
	n := secret.New{Name: "s", Value: secret.Value{Text: "one"}, Token: token(1)}
	for range 2 {
		_, version, err := l.Create(t.Context(), n)
		if err != nil || version != token(1) {
			t.Fatal(version, err)
		}
	}
	n.Value.Text = "other"
	_, _, err := l.Create(t.Context(), n)
	refused(t, err, secret.Exists, "already in use for a version")
	p := secret.Put{Value: secret.Value{Text: "two"}, Token: token(2)}
	for range 2 {
		_, v, err := l.Put(t.Context(), "s", p)
		if err != nil || v.ID != token(2) || !slices.Equal(v.Stages, []string{secret.Current}) {
			t.Fatal(v, err)
		}
	}
	l.put("s", "three")
	_, v, err := l.Put(t.Context(), "s", p) // late, and without effect
	if err != nil || !slices.Equal(v.Stages, []string{secret.Previous}) {
		t.Error(v, err)
	}
	l.has("s", "", "", "three")
	for _, value := range []secret.Value{{Text: "other"}, {Binary: []byte("two")}} {
		_, _, err = l.Put(t.Context(), "s", secret.Put{Value: value, Token: token(2)})
		refused(t, err, secret.Exists, "already in use")
		_, _, err = l.Update(t.Context(), "s", nil, secret.Put{Value: value, Token: token(2)})
		refused(t, err, secret.Exists, "already in use")
	}
	for _, bad := range []string{"short", strings.Repeat("x", 65)} {
		_, _, err = l.Put(t.Context(), "s", secret.Put{Value: secret.Value{Text: "x"}, Token: bad})
		refused(t, err, secret.InvalidParameter, "32-64")
	}
}

func TestValues(t *testing.T) {
	l := open(t, nil)
	for i, v := range []secret.Value{{Text: "text"}, {Binary: []byte{0, 255, 10}}, {Binary: []byte("text")}, {Text: strings.Repeat("ü", 32768)}, {Binary: make([]byte, 65536)}} {
		name := fmt.Sprint("v", i)
		_, _, err := l.Create(t.Context(), secret.New{Name: name, Value: v})
		must(t, err)
		_, _, got, err := l.Get(t.Context(), name, "", "")
		if err != nil || got.Text != v.Text || !bytes.Equal(got.Binary, v.Binary) || (got.Binary == nil) != (v.Binary == nil) {
			t.Errorf("%d: %v", i, err)
		}
		if s := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(s, "text") {
			t.Error(s)
		}
	}
	for _, v := range []secret.Value{{Text: strings.Repeat("x", 65537)}, {Text: strings.Repeat("ü", 32769)}, {Binary: make([]byte, 65537)}} {
		_, _, err := l.Create(t.Context(), secret.New{Name: "long", Value: v})
		refused(t, err, secret.InvalidParameter, "65536 bytes")
	}
	_, _, err := l.Create(t.Context(), secret.New{Name: "both", Value: secret.Value{Text: "x", Binary: []byte("y")}})
	refused(t, err, secret.InvalidRequest, "both a binary")
	_, _, err = l.Put(t.Context(), "v0", secret.Put{})
	refused(t, err, secret.InvalidParameter, "either SecretString or SecretBinary")
	if _, err := l.Describe(t.Context(), "long"); err == nil {
		t.Error("what was refused is there")
	}
}

// Each value is sealed for its own place.
func TestValuesCannotBeExchanged(t *testing.T) {
	l := open(t, nil)
	l.create("low", "known")
	l.create("high", "unknown")
	must(t, l.db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE secret_versions SET value = (SELECT v.value FROM secret_versions v JOIN secret_secrets s ON s.id = v.secret_id WHERE s.name = 'low')
			WHERE secret_id = (SELECT id FROM secret_secrets WHERE name = 'high')`)
		return err
	}))
	if _, _, v, err := l.Get(t.Context(), "high", "", ""); err == nil {
		t.Errorf("reads %q", v.Text)
	}
}

func TestOldVersionsGiveWay(t *testing.T) {
	l := open(t, nil)
	l.create("s", "0")
	for i := 1; i <= 120; i++ {
		l.put("s", fmt.Sprint(i))
	}
	_, all, err := l.Versions(t.Context(), "s", true)
	if err != nil || len(all) != 100 {
		t.Error(len(all), err)
	}
	l.has("s", "", "", "120")
	l.has("s", "", secret.Previous, "119")
}

func TestDeleteAndRestore(t *testing.T) {
	l := open(t, nil)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { return now })
	x := l.create("s", "one")
	for _, days := range []int64{-1, 1, 6, 31} {
		_, err := l.Delete(t.Context(), "s", days, false)
		refused(t, err, secret.InvalidParameter, "between 7 and 30 days")
	}
	_, err := l.Delete(t.Context(), "s", 7, true)
	refused(t, err, secret.InvalidParameter, "in conjunction with")
	gone, err := l.Delete(t.Context(), "s", 7, false)
	if err != nil || !gone.Purge.Equal(now.Add(7*24*time.Hour)) {
		t.Fatal(gone, err)
	}
	for what, f := range map[string]func() error{
		"get": func() error { _, _, _, err := l.Get(t.Context(), "s", "", ""); return err },
		"put": func() error {
			_, _, err := l.Put(t.Context(), "s", secret.Put{Value: secret.Value{Text: "x"}})
			return err
		},
		"update": func() error { _, _, err := l.Update(t.Context(), "s", nil, secret.Put{}); return err },
		"tag":    func() error { return l.Tag(t.Context(), "s", []secret.Tag{{Key: "a"}}) },
		"untag":  func() error { return l.Untag(t.Context(), "s", []string{"a"}) },
		"policy": func() error { _, err := l.SetPolicy(t.Context(), "s", ""); return err },
		"move": func() error {
			_, err := l.MoveStage(t.Context(), "s", "mine", "", x.Stages[secret.Current])
			return err
		},
		"rotate": func() error { _, _, err := l.Rotate(t.Context(), lethe.System, "s", secret.Rotate{}); return err },
		"delete": func() error { _, err := l.Delete(t.Context(), "s", 0, false); return err },
		"create": func() error { _, _, err := l.Create(t.Context(), secret.New{Name: "s"}); return err },
	} {
		var c secret.Code
		if err := f(); !errors.As(err, &c) || c != secret.InvalidRequest || !strings.Contains(err.Error(), "deletion") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if d, err := l.Describe(t.Context(), "s"); err != nil || !d.Deleted.Equal(now) {
		t.Error(d, err)
	}
	_, err = l.Restore(t.Context(), "s")
	must(t, err)
	l.has("s", "", "", "one")

	_, err = l.Delete(t.Context(), "s", 7, false)
	must(t, err)
	now = now.Add(7*24*time.Hour + time.Second)
	_, err = l.Restore(t.Context(), "s")
	refused(t, err, secret.NotFound, "")
	y := l.create("s", "another") // the name is free, and the ARN is another
	if y.ARN == x.ARN {
		t.Error(y.ARN)
	}
	must(t, l.Purge(t.Context()))

	// For good, at once; and of nothing.
	for range 2 {
		d, err := l.Delete(t.Context(), "s", 0, true)
		if err != nil || !d.Purge.Equal(now.UTC()) {
			t.Error(d, err)
		}
	}
	_, err = l.Describe(t.Context(), "s")
	refused(t, err, secret.NotFound, "")
}

// A deletion leaves nothing of the value, not even sealed, in any file.
func TestDeletionLeavesNothing(t *testing.T) {
	l := open(t, nil)
	x := l.create("unforgettable-name", strings.Repeat("plain-value ", 1000))
	var sealed string
	must(t, l.db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT value FROM secret_versions").Scan(&sealed)
	}))
	traces := []string{"plain-value", "unforgettable-name", x.ID, sealed[100:164], sealed[8000:8064]}
	look := func() (found []string) {
		files, err := filepath.Glob(filepath.Join(l.dir, "state.db*"))
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			for _, trace := range traces {
				if bytes.Contains(b, []byte(trace)) {
					found = append(found, filepath.Base(f)+" "+trace[:8])
				}
			}
		}
		return found
	}
	if found := look(); len(found) == 0 || strings.Contains(fmt.Sprint(found), "plain-va") {
		t.Error(found)
	}
	_, err := l.Delete(t.Context(), x.Name, 0, true)
	must(t, err)
	if found := look(); len(found) > 0 {
		t.Error(found)
	}
}

func TestTags(t *testing.T) {
	l := open(t, nil)
	_, _, err := l.Create(t.Context(), secret.New{Name: "s", Tags: []secret.Tag{{"a", "1"}, {"b", "2"}}})
	must(t, err)
	must(t, l.Tag(t.Context(), "s", []secret.Tag{{"b", "3"}, {"c", ""}}))
	must(t, l.Untag(t.Context(), "s", []string{"a", "none"}))
	x, err := l.Describe(t.Context(), "s")
	if err != nil || fmt.Sprint(x.Tags) != "[{b 3} {c }]" {
		t.Error(x.Tags, err)
	}
	refused(t, l.Tag(t.Context(), "s", []secret.Tag{{"AWS:x", ""}}), secret.InvalidParameter, "reserved")
	refused(t, l.Tag(t.Context(), "s", []secret.Tag{{"", ""}}), secret.InvalidParameter, "1 to 128")
	var many []secret.Tag
	for i := range 49 {
		many = append(many, secret.Tag{Key: fmt.Sprint("k", i)})
	}
	refused(t, l.Tag(t.Context(), "s", many), secret.InvalidParameter, "50 tags")
}

func TestList(t *testing.T) {
	l := open(t, nil)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { now = now.Add(time.Second); return now })
	for i, n := range []secret.New{
		{Name: "alpha", Description: "Database of the blue team", Tags: []secret.Tag{{"team", "blue"}}},
		{Name: "beta/one", Description: "another", Tags: []secret.Tag{{"Team", "red"}, {"stage", "prod"}}},
		{Name: "beta/two"}, {Name: "Gamma"}, {Name: "deleted"},
	} {
		n.Value.Text = fmt.Sprint(i)
		_, _, err := l.Create(t.Context(), n)
		must(t, err)
	}
	_, err := l.Delete(t.Context(), "deleted", 0, false)
	must(t, err)
	names := func(q secret.Listing) string {
		t.Helper()
		var all []string
		for {
			page, next, err := l.List(t.Context(), q)
			must(t, err)
			for _, x := range page {
				all = append(all, x.Name)
			}
			if next == "" {
				return strings.Join(all, " ")
			}
			if q.Page > 0 && len(page) != q.Page {
				t.Errorf("a page of %d", len(page))
			}
			q.Continue = next
		}
	}
	filter := func(key string, values ...string) secret.Listing {
		return secret.Listing{Oldest: true, Filters: []secret.Filter{{Key: key, Values: values}}}
	}
	for _, c := range []struct {
		q    secret.Listing
		want string
	}{
		{secret.Listing{}, "Gamma beta/two beta/one alpha"},
		{secret.Listing{Page: 1}, "Gamma beta/two beta/one alpha"},
		{secret.Listing{Page: 2, Oldest: true, Deleted: true}, "alpha beta/one beta/two Gamma deleted"},
		{secret.Listing{Page: 4, SortBy: "name", Oldest: true}, "Gamma alpha beta/one beta/two"},
		{filter("name", "beta"), "beta/one beta/two"},
		{filter("name", "gamma"), ""},
		{filter("name", "!beta"), "alpha Gamma"},
		{filter("name", "al", "Ga"), "alpha Gamma"},
		{filter("description", "BLUE data"), "alpha"},
		{filter("tag-key", "team"), "alpha"},
		{filter("tag-key", "stage", "team"), "alpha beta/one"},
		{filter("tag-value", "re"), "beta/one"},
		{filter("all", "two"), "beta/two"},
		{filter("all", "Red"), "beta/one"},
		{filter("owning-service", "x"), ""},
		{secret.Listing{Oldest: true, Filters: []secret.Filter{{"name", []string{"beta"}}, {"tag-value", []string{"prod"}}}}, "beta/one"},
	} {
		if got := names(c.q); got != c.want {
			t.Errorf("%+v: %s; want %s", c.q, got, c.want)
		}
	}
	for _, bad := range []string{"%", "AAAA"} {
		_, _, err := l.List(t.Context(), secret.Listing{Continue: bad})
		refused(t, err, secret.InvalidToken, "Invalid token")
	}
}

func TestPolicies(t *testing.T) {
	l := open(t, nil)
	x := l.create("s", "one")
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	refused(t, secret.CheckNotPublic(open), secret.PublicPolicy, "public")
	must(t, secret.CheckNotPublic(strings.Replace(open, `"*"`, `{"AWS":"arn:aws:iam::000000000000:user/ada"}`, 1)))
	must(t, secret.CheckNotPublic(strings.Replace(open, "Allow", "Deny", 1)))
	must(t, secret.CheckNotPublic(strings.Replace(open, `"Effect"`, `"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.1"}},"Effect"`, 1)))
	_, err := l.SetPolicy(t.Context(), "s", `{"Statement":{}}`)
	refused(t, err, secret.MalformedPolicy, "syntax error")
	if texts, err := l.ResourcePolicies(t.Context(), x.ARN); err != nil || len(texts) != 0 {
		t.Error(texts, err)
	}
	_, err = l.SetPolicy(t.Context(), "s", open)
	must(t, err)
	for arn, want := range map[string]int{x.ARN: 1, x.ARN[:len(x.ARN)-7]: 0, "arn:aws:secretsmanager:us-east-1:000000000000:secret:s": 0, "s": 0} {
		if texts, err := l.ResourcePolicies(t.Context(), arn); err != nil || len(texts) != want {
			t.Error(arn, texts, err)
		}
	}
	if _, text, err := l.Policy(t.Context(), "s"); err != nil || text != open {
		t.Error(text, err)
	}
}

func TestRandomPassword(t *testing.T) {
	for _, c := range []struct {
		p    secret.Password
		form string
	}{
		{secret.Password{}, `^[!-~]{32}$`},
		{secret.Password{Length: 4}, `^[!-~]{4}$`},
		{secret.Password{Length: 5, Space: true}, `^[ -~]{5}$`},
		{secret.Password{NoLower: true, NoUpper: true, NoPunctuation: true}, `^[0-9]{32}$`},
		{secret.Password{Exclude: "abcdefghijklmnopqrstuvwxyz", NoPunctuation: true}, `^[A-Z0-9]{32}$`},
		{secret.Password{Length: 1, AnyTypes: true}, `^[!-~]$`},
		{secret.Password{Length: 4096}, `(?s)^.{4096}$`},
	} {
		for range 20 {
			got, err := secret.RandomPassword(c.p)
			if err != nil || c.p.Length != 4096 && !regexp.MustCompile(c.form).MatchString(got) || c.p.Length == 4096 && len(got) != 4096 {
				t.Fatalf("%+v: %q %v", c.p, got, err)
			}
			if c.p == (secret.Password{Length: 4}) && !(strings.ContainsAny(got, "0123456789") && strings.ToLower(got) != got && strings.ToUpper(got) != got) {
				t.Errorf("%q lacks a type", got)
			}
		}
	}
	for _, p := range []secret.Password{{Length: -1}, {Length: 4097}, {Length: 3}, {NoLower: true, NoUpper: true, NoNumbers: true, NoPunctuation: true}} {
		_, err := secret.RandomPassword(p)
		refused(t, err, secret.InvalidParameter, "")
	}
}
