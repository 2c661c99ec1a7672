package instance

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/lib/awsproto"
)

// The article's table: M6g and R6g (AWS News Blog, "New - Amazon RDS on Graviton2 Processors").
func TestClasses(t *testing.T) {
	for _, c := range []Class{
		{"db.m6g.large", 2, 8 * gib, 4750, true, "Up to 10"}, {"db.r6g.large", 2, 16 * gib, 4750, true, "Up to 10"},
		{"db.m6g.4xlarge", 16, 64 * gib, 4750, false, "Up to 10"}, {"db.r6g.8xlarge", 32, 256 * gib, 9000, false, "12"},
		{"db.m6g.12xlarge", 48, 192 * gib, 13500, false, "20"}, {"db.r6g.16xlarge", 64, 512 * gib, 19000, false, "25"},
		{"db.m5.24xlarge", 96, 384 * gib, 19000, false, "25"}, {"db.t4g.micro", 2, gib, 2085, true, "Up to 5"},
		{"db.m5.large", 2, 8 * gib, 4750, true, "Up to 10"}, {"db.m5.8xlarge", 32, 128 * gib, 6800, false, "10"}, {"db.r5.12xlarge", 48, 384 * gib, 9500, false, "10"}, {"db.r5.16xlarge", 64, 512 * gib, 13600, false, "20"},
		{"db.t3.micro", 2, gib, 1536, true, "Up to 5"}, {"db.t3.2xlarge", 8, 32 * gib, 2048, true, "Up to 5"}, {"db.t4g.2xlarge", 8, 32 * gib, 2780, true, "Up to 5"},
	} {
		if got, ok := ClassOf(c.Name); !ok || got != c {
			t.Errorf("%+v, want %+v", got, c)
		}
	}
	seen := map[string]bool{}
	for _, c := range Classes() {
		if seen[c.Name] || c.VCPU == 0 || c.Memory == 0 || c.EBS == 0 || c.Network == "" {
			t.Errorf("%+v", c)
		}
		seen[c.Name] = true
	}
	for _, c := range []struct{ region, class, engine, version, code string }{
		{"us-west-2", "db.m6g.large", "postgres", "12.3", ""},
		{"us-west-2", "db.m6g.large", "postgres", "12.2", "InvalidParameterCombination"},
		{"us-west-2", "db.m6g.large", "postgres", "9.6.24", "InvalidParameterCombination"},
		{"us-west-2", "db.m5.large", "postgres", "9.6.24", ""},
		{"us-west-2", "db.r6g.large", "mysql", "8.0.16", "InvalidParameterCombination"},
		{"us-west-2", "db.r6g.large", "mysql", "8.0.17", ""},
		{"us-west-2", "db.t4g.micro", "mariadb", "10.4.12", "InvalidParameterCombination"},
		{"us-west-2", "db.t4g.micro", "mariadb", "10.11.1", ""},
		{"home-1", "db.m6g.large", "postgres", "15.18", "InvalidParameterCombination"},
		{"home-1", "db.m5.large", "postgres", "15.18", ""},
		{"eu-central-1", "db.m6g.large", "postgres", "15.18", ""},
		{"us-west-2", "db.x9.large", "postgres", "15.18", "InvalidParameterValue"},
	} {
		_, err := CheckClass(c.region, c.class, c.engine, c.version)
		wantCode(t, c.region+" "+c.class+" "+c.engine+" "+c.version, err, c.code)
	}
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *awsproto.Error
	if code == "" && err != nil || code != "" && (!errors.As(err, &e) || e.Code != code || e.Message == "") {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

func TestFormulas(t *testing.T) {
	v := Variables{Memory: 8 * gib, Storage: 20 * gib, Port: 5432, VCPU: 2}
	for formula, want := range map[string]string{
		"on":                              "on",
		"":                                "",
		"pg_stat_statements,auto_explain": "pg_stat_statements,auto_explain",
		"LEASTWISE":                       "LEASTWISE",
		// Those of postgres12 (with 8 GiB).
		"LEAST({DBInstanceClassMemory/9531392},5000)":                "901",
		"{DBInstanceClassMemory/32768}":                              "262144",
		"GREATEST({DBInstanceClassMemory*1024/63963136},65536)":      "137518",
		"GREATEST({DBInstanceClassMemory/64371566592},3)":            "3",
		"GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)": "200",
		"{DBInstanceClassMemory*3/4}":                                "6442450944",
		"SUM({DBInstanceClassMemory/12038},-50003)":                  "663565",
		"{log(DBInstanceClassMemory/8187281418)*1000}":               "69",
		"{ AllocatedStorage / 1073741824 + EndPointPort - 1 }":       "5451",
		"{(DBInstanceVCPU+1)*2}":                                     "6",
		"{-7/2}":                                                     "-3",
		"{GREATEST(1,LEAST({7/2},9))}":                               "3",
		" LEAST( 3 , 4 )":                                            "3",
	} {
		if got, err := Evaluate(formula, v); got != want || err != nil {
			t.Errorf("%s = %q, %v; want %q", formula, got, err, want)
		}
	}
	for _, formula := range []string{
		"{", "{}", "{1", "{1}}", "{1}x", "{x}", "{DBInstanceClassMemory/0}", "{1/(2-2)}", "{log(0)}", "{log(-1)}", "{log 1}", "{1 2}", "{1,2}", "{0x10}", "{1_0}", "{1e400}", "{1e308*1e308}",
		"{DBInstanceClassMemory*DBInstanceClassMemory}", "LEAST()", "LEAST(1", "LEAST(1,)", "GREATEST(a)", "{dbinstanceclassmemory}", "{" + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200) + "}",
		"{" + strings.Repeat("-", 200) + "1}", "{1" + strings.Repeat("+1", 600) + "}", "{..}", "{1.2.3}", "{\x00}", "{é}",
	} {
		if got, err := Evaluate(formula, v); err == nil {
			t.Errorf("%.60s = %q", formula, got)
		}
	}
}

// Whatever a formula is, it is a number or an error, and a value that is none stays.
func FuzzFormula(f *testing.F) {
	for _, s := range []string{"{DBInstanceClassMemory/32768}", "GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)", "SUM(1,-2,{3*(4-5)})", "on", "{{1}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Evaluate(s, Variables{Memory: gib, Storage: 20 * gib, Port: 5432, VCPU: 2})
		if err == nil && got != s && strings.Trim(got, "-0123456789") != "" {
			t.Errorf("%q = %q", s, got)
		}
	})
}

func TestWindows(t *testing.T) {
	at := func(s string) time.Time {
		t.Helper()
		x, err := time.Parse("2006-01-02 15:04", s) // 2026-11-23 is a Monday
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ window, now, next, open string }{
		{"mon:03:00-mon:03:30", "2026-11-23 02:00", "2026-11-23 03:00", ""},
		{"mon:03:00-mon:03:30", "2026-11-23 03:00", "2026-11-30 03:00", "open"},
		{"mon:03:00-mon:03:30", "2026-11-23 03:29", "2026-11-30 03:00", "open"},
		{"mon:03:00-mon:03:30", "2026-11-23 03:30", "2026-11-30 03:00", ""},
		{"Sun:23:45-Mon:00:15", "2026-11-23 00:10", "2026-11-29 23:45", "open"},
		{"sun:23:45-mon:00:15", "2026-11-29 23:50", "2026-12-06 23:45", "open"},
		{"sun:23:45-mon:00:15", "2026-11-23 00:15", "2026-11-29 23:45", ""},
	} {
		w, err := ParseMaintenanceWindow(c.window)
		if err != nil {
			t.Fatal(err)
		}
		if next := w.Next(at(c.now)); !next.Equal(at(c.next)) || w.Open(at(c.now)) != (c.open != "") || w.String() != strings.ToLower(c.window) {
			t.Errorf("%s at %s: next %s, open %v", c.window, c.now, next, w.Open(at(c.now)))
		}
	}
	for _, bad := range []string{"", "x", "mon:03:00", "mon:03:00-mon:03:29", "mon:03:00-tue:03:00", "mon:03:00-wed:04:00", "mon:24:00-tue:00:30", "mon:03:60-mon:04:30", "foo:03:00-mon:03:30",
		"mon:3:00-mon:03:30", "mon:03:00-mon:03:30-", "mon:03:00-mon:02:59", "mon:0a:00-mon:03:30", "mon-mon"} {
		_, err := ParseMaintenanceWindow(bad)
		wantCode(t, bad, err, "InvalidParameterValue")
	}
	for _, bad := range []string{"", "03:00", "03:00-03:29", "03:00-03:00", "24:00-00:30", "3:00-4:00", "mon:03:00-mon:04:00"} {
		_, err := ParseBackupWindow(bad)
		wantCode(t, bad, err, "InvalidParameterValue")
	}
	for _, c := range []struct {
		backup, maintenance string
		overlap             bool
	}{
		{"03:00-03:30", "mon:03:30-mon:04:00", false}, {"03:00-03:31", "mon:03:30-mon:04:00", true}, {"03:00-03:30", "thu:02:31-thu:03:01", true},
		{"23:45-00:15", "sun:00:00-sun:00:30", true}, {"23:45-00:15", "sun:00:15-sun:00:45", false}, {"12:00-13:00", "mon:20:00-tue:19:59", true},
	} {
		b, err := ParseBackupWindow(c.backup)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseMaintenanceWindow(c.maintenance)
		if err != nil {
			t.Fatal(err)
		}
		if b.Overlaps(m) != c.overlap || m.Overlaps(b) != c.overlap || (CheckWindows(b, m) != nil) != c.overlap {
			t.Errorf("%s and %s: %v", c.backup, c.maintenance, b.Overlaps(m))
		}
	}
}

// Overlaps agrees with a look at every minute of the week, and Next with Open.
func TestWindowsAgainstMinutes(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for range 30 {
		b := Window{r.IntN(day), leastWindow + r.IntN(day-leastWindow), day}
		m := Window{r.IntN(week), leastWindow + r.IntN(day-leastWindow), week}
		both, was := false, m.Open(monday.Add(-time.Minute))
		for i := range week {
			now := monday.Add(time.Duration(i) * time.Minute)
			open := m.Open(now)
			both = both || open && b.Open(now)
			if opens := open && !was; opens != m.Next(now.Add(-time.Minute)).Equal(now) {
				t.Fatalf("seed %d: %s opens at %s: %v", seed, m, now, opens)
			}
			was = open
		}
		if both != b.Overlaps(m) {
			t.Fatalf("seed %d: %s and %s overlap: %v", seed, b, m, both)
		}
	}
}

// Windows that nobody chose do not overlap, whatever was chosen of the other, and lie in
// the region's block.
func TestDefaultWindows(t *testing.T) {
	for i := range 200 {
		id := "db-" + strings.Repeat("A", i%5) + string(rune('A'+i%26)) + strings.Repeat("B", i%7)
		b, m := DefaultWindows("us-west-2", id, nil, nil)
		if b.Overlaps(m) || b.length != 30 || m.length != 30 || b.start < 6*60 || b.start >= 14*60 || m.start%day < 6*60 || m.start%day >= 14*60 {
			t.Fatalf("%s: %s and %s", id, b, m)
		}
		whole := Window{6*60 - 10, 8*60 + 20, day} // all of the block
		if b, m := DefaultWindows("us-west-2", id, &whole, nil); b != whole || b.Overlaps(m) {
			t.Fatalf("%s: %s and %s", id, b, m)
		}
		chosen := Window{b.start + 3*day, 120, week}
		if b, m := DefaultWindows("us-west-2", id, nil, &chosen); m != chosen || b.Overlaps(m) {
			t.Fatalf("%s: %s and %s", id, b, m)
		}
		if b, m := DefaultWindows("nowhere", id, nil, nil); b.Overlaps(m) {
			t.Fatalf("%s: %s and %s", id, b, m)
		}
	}
}

func TestChecks(t *testing.T) {
	id := func(s string) error { _, err := CheckIdentifier("DBInstanceIdentifier", s); return err }
	snapshotID := func(s string) error { _, err := CheckIdentifier("DBSnapshotIdentifier", s); return err }
	grow := func(now, asked int32) error { _, err := GrowStorage(now, asked); return err }
	for _, c := range []struct {
		what string
		err  error
		code string
	}{
		{"id", id("News-Blog-1"), ""}, {"id", id("1a"), value}, {"id", id("a-"), value}, {"id", id("a--b"), value}, {"id", id("a_b"), value}, {"id", id(""), value}, {"id that ends so", id("a-b-"), value}, {"id in another script", id("аb"), value}, {"id", id("ä"), value},
		{"id of 63", id(strings.Repeat("a", 63)), ""}, {"id of 64", id(strings.Repeat("a", 64)), value},
		{"engine", CheckEngine("postgres"), ""}, {"engine", CheckEngine("oracle-ee"), value},
		{"port", CheckPort(1150), ""}, {"port", CheckPort(1149), value}, {"port", CheckPort(65535), ""}, {"port", CheckPort(65536), value},
		{"user", CheckMasterUser("postgres", "seb"), ""}, {"user", CheckMasterUser("postgres", "admin"), value}, {"user", CheckMasterUser("mariadb", "admin"), ""}, {"user", CheckMasterUser("postgres", "User"), value},
		{"user", CheckMasterUser("postgres", "rdsadmin"), value}, {"user", CheckMasterUser("mariadb", "root"), value}, {"user", CheckMasterUser("postgres", "pg_x"), value}, {"user", CheckMasterUser("postgres", ""), value},
		{"user", CheckMasterUser("postgres", "a b"), value}, {"user", CheckMasterUser("mariadb", strings.Repeat("a", 16)), ""}, {"user", CheckMasterUser("mariadb", strings.Repeat("a", 17)), value}, {"user", CheckMasterUser("mariadb", "1a"), value},
		{"password", CheckPassword("postgres", "12345678"), ""}, {"password", CheckPassword("postgres", "1234567"), value}, {"password", CheckPassword("postgres", "1234567@"), value}, {"password", CheckPassword("postgres", "1234567/"), value},
		{"password", CheckPassword("postgres", `1234567"`), value}, {"password", CheckPassword("postgres", "12345678é"), value}, {"password", CheckPassword("postgres", "1234\n5678"), value},
		{"password of 128", CheckPassword("postgres", strings.Repeat("a", 128)), ""}, {"password of 129", CheckPassword("postgres", strings.Repeat("a", 129)), value},
		{"password of 41", CheckPassword("mariadb", strings.Repeat("a", 41)), ""}, {"password of 42", CheckPassword("mariadb", strings.Repeat("a", 42)), value},
		{"database", CheckDatabaseName("postgres", "app_1"), ""}, {"database", CheckDatabaseName("postgres", ""), ""}, {"database", CheckDatabaseName("postgres", "1a"), value}, {"database", CheckDatabaseName("mariadb", "mysql"), value}, {"database", CheckDatabaseName("mariadb", "a-b"), value},
		{"storage", CheckStorage("postgres", Storage{Type: "gp3", GiB: 20}), ""}, {"storage", CheckStorage("postgres", Storage{Type: "gp3", GiB: 19}), combination}, {"storage", CheckStorage("postgres", Storage{Type: "gp3", GiB: 65537}), combination},
		{"storage", CheckStorage("postgres", Storage{Type: "standard", GiB: 5}), ""}, {"storage", CheckStorage("postgres", Storage{Type: "standard", GiB: 3073}), combination}, {"storage", CheckStorage("postgres", Storage{Type: "floppy", GiB: 20}), value},
		{"io1", CheckStorage("postgres", Storage{Type: "io1", GiB: 100, IOPS: 1000}), ""}, {"io1", CheckStorage("postgres", Storage{Type: "io1", GiB: 100}), combination}, {"io1", CheckStorage("postgres", Storage{Type: "io1", GiB: 100, IOPS: 5001}), combination},
		{"io1", CheckStorage("postgres", Storage{Type: "io1", GiB: 100, IOPS: 49}), combination}, {"gp2", CheckStorage("postgres", Storage{Type: "gp2", GiB: 100, IOPS: 1000}), combination}, {"gp2", CheckStorage("postgres", Storage{Type: "gp2", GiB: 100, Throughput: 1}), combination},
		{"grow", grow(20, 19), combination}, {"grow", grow(20, 30), ""},
		{"retention", CheckRetention(0, false), ""}, {"retention", CheckRetention(36, false), value}, {"retention", CheckRetention(-1, false), value}, {"retention", CheckRetention(0, true), combination},
	} {
		wantCode(t, c.what, c.err, c.code)
	}
	disk := func(kind string, gib, iops, throughput int32) error {
		return CheckStorage("postgres", Storage{kind, gib, iops, throughput})
	}
	tags := func(key, text string) error { return CheckTags([]types.Tag{{Key: &key, Value: &text}}) }
	// The words are those that RDS answers with, as people have reported them.
	for _, c := range []struct {
		err        error
		code, says string
	}{
		{id(""), value, "The parameter DBInstanceIdentifier must be provided and must not be blank."},
		{snapshotID(""), value, "The parameter DBSnapshotIdentifier must be provided and must not be blank."},
		{snapshotID("-invalid"), value, "Invalid snapshot identifier:  -invalid"},
		{snapshotID("in--valid"), value, "The parameter DBSnapshotIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."},
		{snapshotID("rds:mine"), value, "The parameter DBSnapshotIdentifier is not a valid identifier."},
		{snapshotID(strings.Repeat("a", 256)), value, "longer than 255"}, {snapshotID(strings.Repeat("a", 255)), "", ""},
		{disk("gp2", 10, 0, 0), combination, "Invalid storage size for engine name postgres and storage type gp2: 10"},
		{disk("io1", 100, 0, 0), combination, "The storage type io1 requires iops to be specified."},
		{disk("io1", 10_000, 3000, 0), combination, "Invalid iops to storage (GB) ratio for engine name postgres and storage type io1: 0.3000"},
		{disk("io1", 100, 999, 0), combination, "Invalid iops value"}, {disk("io2", 65_536, 256_001, 0), combination, "Invalid iops value"}, {disk("io2", 65_536, 256_000, 0), "", ""},
		{disk("io1", 99, 1000, 0), combination, "Invalid storage size"}, {disk("io1", 100, -1, 0), value, "negative"},
		{disk("gp3", 399, 3000, 0), combination, "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400."},
		{disk("gp3", 399, 0, 125), combination, "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400."},
		{disk("gp3", 400, 12_000, 500), "", ""}, {disk("gp3", 400, 11_999, 0), combination, "from 12000"}, {disk("gp3", 400, 64_001, 0), combination, "to 64000"},
		{disk("gp3", 400, 0, 499), combination, "from 500"}, {disk("gp3", 400, 0, 4001), combination, "to 4000"},
		{CheckMostStorage(20, 20), combination, "Max storage size must be greater than storage size"},
		{CheckMostStorage(21, 20), combination, "The maximum allocated storage must be increased by at least 10 percent."},
		{CheckMostStorage(22, 20), "", ""}, {CheckMostStorage(65_537, 20), value, "65536"},
		{CheckLogTypes("postgres", "15.18", []string{"postgresql", "error", "audit"}), combination, "You cannot use the log types 'error', 'audit' with engine version postgres 15.18. For supported log types, see the documentation."},
		{CheckLogTypes("mariadb", "10.11.19", []string{"audit", "error", "general", "slowquery"}), "", ""},
		{CheckMonitoring(ptr(int32(60)), nil), combination, "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."},
		{CheckMonitoring(nil, ptr("arn")), combination, "You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN value."},
		{CheckMonitoring(ptr(int32(7)), ptr("arn")), value, "MonitoringInterval"}, {CheckMonitoring(ptr(int32(60)), ptr("arn")), combination, "not supported"}, {CheckMonitoring(ptr(int32(0)), nil), "", ""},
		{CheckInsights("", ptr(int32(7))), "", ""}, {CheckInsights("standard", ptr(int32(93))), "", ""}, {CheckInsights("", ptr(int32(8))), value, "8"}, {CheckInsights("", ptr(int32(0))), value, "0"},
		{CheckInsights("", ptr(int32(24*31))), value, "744"}, {CheckInsights("some", nil), value, "some"},
		{CheckNetwork("DUAL"), "", ""}, {CheckNetwork("IPV6"), value, "IPV6"},
		{tags("", ""), value, "between 1 and 128"}, {tags(strings.Repeat("ä", 128), strings.Repeat("ß", 256)), "", ""}, {tags(strings.Repeat("k", 129), ""), value, "between 1 and 128"},
		{tags("k", strings.Repeat("v", 257)), value, "between 0 and 256"}, {tags("AWS:x", ""), value, "prefixes"}, {tags("rds:x", ""), value, "prefixes"}, {tags("a#b", ""), value, "characters"},
		{CheckTags(make([]types.Tag, 51)), value, "50"},
	} {
		wantCode(t, c.says, c.err, c.code)
		if c.err != nil && !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%q does not say %q", c.err, c.says)
		}
	}
	for _, c := range [][3]int32{{20, 20, 20}, {20, 21, 22}, {20, 22, 22}, {20, 23, 23}, {101, 102, 112}} {
		if got, err := GrowStorage(c[0], c[1]); got != c[2] || err != nil {
			t.Errorf("from %d to %d: %d, %v; want %d", c[0], c[1], got, err, c[2])
		}
	}
	if got, err := CheckIdentifier("DBInstanceIdentifier", "NewsBlog"); got != "newsblog" || err != nil {
		t.Error(got, err)
	}
}

const value, combination = "InvalidParameterValue", "InvalidParameterCombination"

// A page begins behind the last, also if the list changed between the two.
func TestPages(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	all := []string{}
	for i := range 2000 {
		if r.IntN(2) == 0 {
			all = append(all, string([]byte{'a' + byte(i/26/26%26), 'a' + byte(i/26%26), 'a' + byte(i%26)}))
		}
	}
	seen, marker := map[string]bool{}, (*string)(nil)
	for range 1000 {
		page, next, err := paged(all, marker, ptr(int32(20+r.IntN(80))), func(s string) string { return s })
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			if seen[s] {
				t.Fatalf("seed %d: %s comes twice", seed, s)
			}
			seen[s] = true
		}
		if marker = next; next == nil {
			break
		}
	}
	if marker != nil || len(seen) != len(all) {
		t.Errorf("seed %d: %d of %d", seed, len(seen), len(all))
	}
	for _, most := range []int32{-1, 0, 19, 101} {
		_, _, err := paged(all, nil, &most, func(s string) string { return s })
		wantCode(t, "MaxRecords", err, value)
	}
	if page, _, err := pagedTo(1000, all, nil, ptr(int32(1000)), strings.Clone); err != nil || len(page) != min(len(all), 1000) {
		t.Errorf("1,000 where they are allowed: %d, %v", len(page), err)
	}
	_, _, err := paged(all, ptr("%"), nil, func(s string) string { return s })
	wantCode(t, "Marker", err, value)
}

// Log files are read line by line, from both ends, and never more than an answer holds.
func TestLogLines(t *testing.T) {
	text := "one\ntwo\nthree\nfour"
	f := strings.NewReader(text)
	for _, c := range []struct {
		from  int64 // -1 for the end
		lines int
		want  string
		end   int64
	}{
		{0, 1, "one\n", 4}, {0, 2, "one\ntwo\n", 8}, {4, 1, "two\n", 8}, {8, 10, "three\nfour", 18}, {18, 5, "", 18}, {0, 4, text, 18}, {0, 3, "one\ntwo\nthree\n", 14},
		{-1, 1, "four", 18}, {-1, 2, "three\nfour", 18}, {-1, 9, text, 18},
	} {
		got, end, err := []byte(nil), int64(0), error(nil)
		if c.from < 0 {
			got, end, err = lastLines(f, int64(len(text)), c.lines)
		} else {
			got, end, err = nextLines(f, int64(len(text)), c.from, c.lines)
		}
		if string(got) != c.want || end != c.end || err != nil {
			t.Errorf("from %d, %d lines: %q to %d, %v; want %q to %d", c.from, c.lines, got, end, err, c.want, c.end)
		}
	}
	long := strings.Repeat("x", mostLogBytes+10) + "\nend\n"
	f = strings.NewReader(long)
	var all strings.Builder
	for from := int64(0); from < int64(len(long)); {
		got, end, err := nextLines(f, int64(len(long)), from, 1)
		if err != nil || end <= from {
			t.Fatal(end, err)
		}
		all.Write(got)
		from = end
	}
	if all.String() != long {
		t.Error("a long line is not read whole in parts")
	}
	if got, _, err := lastLines(f, int64(len(long)), 1); string(got) != "end\n" || err != nil {
		t.Errorf("%.20q %v", got, err)
	}
}
