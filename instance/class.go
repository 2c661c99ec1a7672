package instance

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Class is a DB instance class: how large a server is. Here it is a size and not a
// processor.
type Class struct {
	Name    string // db.m6g.large
	VCPU    int
	Memory  int64  // bytes
	EBS     int    // Mbps to the disks, dedicated; the most of a burst if Burst
	Burst   bool   // EBS is the most of a burst ("up to")
	Network string // Gbps, in the words of the tables: "Up to 10"
}

const gib = 1 << 30

// size is a row of a table that several families share.
type size struct {
	name    string
	vcpu    int
	memory  int64 // GiB of the family with the least
	ebs     int
	burst   bool
	network string
}

// families lists the classes. The sizes of M6g and R6g are those with which RDS on
// Graviton2 was announced (AWS News Blog, "New - Amazon RDS on Graviton2 Processors");
// of the others, those of the RDS User Guide, "Hardware specifications for DB instance
// classes" (github.com/awsdocs/amazon-rds-user-guide, 2022).
var families = []struct {
	names  []string
	memory []int64 // how often the table's memory each name has
	sizes  []size
}{
	{[]string{"m6g", "r6g"}, []int64{1, 2}, []size{
		{"large", 2, 8, 4750, true, "Up to 10"},
		{"xlarge", 4, 16, 4750, true, "Up to 10"},
		{"2xlarge", 8, 32, 4750, true, "Up to 10"},
		{"4xlarge", 16, 64, 4750, false, "Up to 10"},
		{"8xlarge", 32, 128, 9000, false, "12"},
		{"12xlarge", 48, 192, 13500, false, "20"},
		{"16xlarge", 64, 256, 19000, false, "25"},
	}},
	{[]string{"m5", "r5"}, []int64{1, 2}, []size{
		{"large", 2, 8, 4750, true, "Up to 10"},
		{"xlarge", 4, 16, 4750, true, "Up to 10"},
		{"2xlarge", 8, 32, 4750, true, "Up to 10"},
		{"4xlarge", 16, 64, 4750, false, "Up to 10"},
		{"8xlarge", 32, 128, 6800, false, "10"},
		{"12xlarge", 48, 192, 9500, false, "10"},
		{"16xlarge", 64, 256, 13600, false, "20"},
		{"24xlarge", 96, 384, 19000, false, "25"},
	}},
	{[]string{"t4g"}, []int64{1}, []size{
		{"micro", 2, 1, 2085, true, "Up to 5"},
		{"small", 2, 2, 2085, true, "Up to 5"},
		{"medium", 2, 4, 2085, true, "Up to 5"},
		{"large", 2, 8, 2780, true, "Up to 5"},
		{"xlarge", 4, 16, 2780, true, "Up to 5"},
		{"2xlarge", 8, 32, 2780, true, "Up to 5"},
	}},
	{[]string{"t3"}, []int64{1}, []size{
		{"micro", 2, 1, 1536, true, "Up to 5"},
		{"small", 2, 2, 1536, true, "Up to 5"},
		{"medium", 2, 4, 1536, true, "Up to 5"},
		{"large", 2, 8, 2048, true, "Up to 5"},
		{"xlarge", 4, 16, 2048, true, "Up to 5"},
		{"2xlarge", 8, 32, 2048, true, "Up to 5"},
	}},
}

var classes = func() (all []Class) {
	for _, f := range families {
		for i, family := range f.names {
			for _, s := range f.sizes {
				all = append(all, Class{Name: "db." + family + "." + s.name, VCPU: s.vcpu, Memory: s.memory * f.memory[i] * gib, EBS: s.ebs, Burst: s.burst, Network: s.network})
			}
		}
	}
	return all
}()

// Classes returns all classes, family by family, the smallest of each first.
func Classes() []Class { return slices.Clone(classes) }

// ClassOf returns the class of a name.
func ClassOf(name string) (Class, bool) {
	i := slices.IndexFunc(classes, func(c Class) bool { return c.Name == name })
	if i < 0 {
		return Class{}, false
	}
	return classes[i], true
}

// Graviton reports whether AWS's class has a processor of its Graviton line.
func (c Class) Graviton() bool {
	f := strings.Split(c.Name, ".")[1]
	return strings.HasSuffix(f, "g")
}

// minimum is the oldest version of each engine that Graviton2 classes run, by the same
// announcement.
var minimum = map[string]string{"mysql": "8.0.17", "mariadb": "10.4.13", "postgres": "12.3"}

// Minimum returns the oldest version of an engine that the class runs, "" for any.
func (c Class) Minimum(engine string) string {
	if !c.Graviton() {
		return ""
	}
	return minimum[engine]
}

// gravitonRegions are those where Graviton2 classes can be ordered, by the same
// announcement: N. Virginia, Ohio, Oregon, Mumbai, Singapore, Sydney, Tokyo, Ireland and
// Frankfurt.
var gravitonRegions = []string{
	"us-east-1", "us-east-2", "us-west-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-west-1", "eu-central-1",
}

// Orderable reports whether the class can be ordered in a region. What is not a Graviton
// class can be in every one, also of a name that AWS does not have.
func (c Class) Orderable(region string) bool {
	return !c.Graviton() || slices.Contains(gravitonRegions, region)
}

// licenses are the engines' license models, as RDS answers them.
var licenses = map[string]string{"postgres": "postgresql-license", "mysql": "general-public-license", "mariadb": "general-public-license"}

// CheckClass returns the class of a name if it can be had for the engine's version in
// the region.
func CheckClass(region, name, engine, version string) (Class, error) {
	c, ok := ClassOf(name)
	if !ok {
		return Class{}, invalidValue("Invalid DB Instance class: %s", name)
	}
	if !c.Orderable(region) {
		return Class{}, invalidCombination("RDS does not support creating a DB instance with the following combination: DBInstanceClass=%s, Engine=%s, EngineVersion=%s, LicenseModel=%s in region %s. Classes with Graviton2 processors are offered in %s.",
			name, engine, version, licenses[engine], region, strings.Join(gravitonRegions, ", "))
	}
	if least := c.Minimum(engine); compareVersions(version, least) < 0 {
		return Class{}, invalidCombination("RDS does not support creating a DB instance with the following combination: DBInstanceClass=%s, Engine=%s, EngineVersion=%s, LicenseModel=%s. The class needs %s %s or higher.",
			name, engine, version, licenses[engine], engine, least)
	}
	return c, nil
}

// compareVersions compares versions number by number; "" is before all others, and what
// is no number counts as 0.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		m, n := -1, -1
		if i < len(x) && x[i] != "" {
			m, _ = strconv.Atoi(x[i])
		}
		if i < len(y) && y[i] != "" {
			n, _ = strconv.Atoi(y[i])
		}
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return 0
}
