package instance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// installedVersion is a version and the engine that it is of.
type installedVersion struct {
	Version
	Engine string
}

// major is the major version: 15 of PostgreSQL, 10.11 of MariaDB.
func (v installedVersion) major() string { return strings.TrimPrefix(v.Family, v.Engine) }

// key sorts as engines and versions do.
func (v installedVersion) key() string {
	k := v.Engine
	for part := range strings.SplitSeq(v.Number, ".") {
		k += fmt.Sprintf(".%08s", part)
	}
	return k
}

// installed lists the versions of all engines of this host: by engine, the newest last.
// An engine whose packages the host lacks has none.
func (l *Local) installed(ctx context.Context) (all []installedVersion, err error) {
	for _, e := range l.Engines {
		versions, err := e.Versions(ctx)
		if lethe.Is(err, lethe.Unsupported) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			all = append(all, installedVersion{v, e.Name()})
		}
	}
	slices.SortFunc(all, func(a, b installedVersion) int { return cmp.Compare(a.key(), b.key()) })
	return all, nil
}

// families lists those of the installed versions, each once, in order.
func (l *Local) families(ctx context.Context) (all []string, err error) {
	installed, err := l.installed(ctx)
	for _, v := range installed {
		all = append(all, v.Family)
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// knownEngine refuses the name of an engine that RDS does not have. Those that RDS has
// and lethe has not are known, and nothing of theirs is installed.
func knownEngine(name string) error {
	if name == "" || slices.Contains(engineNames, name) {
		return nil
	}
	for _, p := range []string{"aurora", "custom-", "oracle-", "sqlserver-", "db2-"} {
		if strings.HasPrefix(name, p) {
			return nil
		}
	}
	return invalidValue("Unrecognized engine name: %s", name)
}

// exportable are the logs that RDS exports, by engine. Here they are downloaded.
var exportable = map[string][]string{
	"postgres": {"postgresql", "upgrade"},
	"mariadb":  {"audit", "error", "general", "slowquery"},
	"mysql":    {"audit", "error", "general", "slowquery"},
}

// DescribeDBEngineVersions lists the versions that are installed on this host.
func (l *Local) DescribeDBEngineVersions(ctx context.Context, in *rds.DescribeDBEngineVersionsInput, _ ...func(*rds.Options)) (*rds.DescribeDBEngineVersionsOutput, error) {
	engine, version, family := aws.ToString(in.Engine), aws.ToString(in.EngineVersion), aws.ToString(in.DBParameterGroupFamily)
	if err := knownEngine(engine); err != nil {
		return nil, err
	}
	by, err := filtered(in.Filters, "db-parameter-group-family", "engine", "engine-mode", "engine-version", "status")
	if err != nil {
		return nil, err
	}
	installed, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	matches := func(filter, value string) bool { return by[filter] == nil || slices.Contains(by[filter], value) }
	var all []installedVersion
	for i, v := range installed {
		newest := i+1 == len(installed) || installed[i+1].Engine != v.Engine
		switch {
		case engine != "" && engine != v.Engine, family != "" && family != v.Family, aws.ToBool(in.DefaultOnly) && !newest:
		case version != "" && v.Number != version && !strings.HasPrefix(v.Number, version+"."):
		case !matches("engine", v.Engine), !matches("db-parameter-group-family", v.Family), !matches("engine-version", v.Number), !matches("status", available), !matches("engine-mode", "provisioned"):
		default:
			all = append(all, v)
		}
	}
	page, next, err := paged(all, in.Marker, in.MaxRecords, installedVersion.key)
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBEngineVersionsOutput{Marker: next, DBEngineVersions: []types.DBEngineVersion{}}
	for _, v := range page {
		out.DBEngineVersions = append(out.DBEngineVersions, v.out(installed))
	}
	return out, nil
}

// titles are what the engines call themselves.
var titles = map[string]string{"postgres": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}

func (v installedVersion) out(installed []installedVersion) types.DBEngineVersion {
	d := types.DBEngineVersion{Engine: &v.Engine, EngineVersion: &v.Number, MajorEngineVersion: ptr(v.major()), DBParameterGroupFamily: &v.Family,
		DBEngineDescription: ptr(titles[v.Engine]), DBEngineVersionDescription: ptr(cmp.Or(v.Title, titles[v.Engine]+" "+v.Number)),
		Status: ptr(available), SupportedEngineModes: []string{"provisioned"}, SupportsReadReplica: ptr(true), SupportsLogExportsToCloudwatchLogs: ptr(false),
		ExportableLogTypes: exportable[v.Engine], ValidUpgradeTarget: []types.UpgradeTarget{}}
	for _, t := range installed {
		// From one major version to the next is an upgrade of the data, which is not made here.
		if t.Engine == v.Engine && t.Family == v.Family && compareVersions(t.Number, v.Number) > 0 {
			d.ValidUpgradeTarget = append(d.ValidUpgradeTarget, types.UpgradeTarget{Engine: &t.Engine, EngineVersion: &t.Number, Description: ptr(cmp.Or(t.Title, titles[t.Engine]+" "+t.Number)), AutoUpgrade: ptr(true), IsMajorVersionUpgrade: ptr(false)})
		}
	}
	return d
}

// DescribeDBMajorEngineVersions lists the major versions that are installed on this host.
func (l *Local) DescribeDBMajorEngineVersions(ctx context.Context, in *rds.DescribeDBMajorEngineVersionsInput, _ ...func(*rds.Options)) (*rds.DescribeDBMajorEngineVersionsOutput, error) {
	engine, major := aws.ToString(in.Engine), aws.ToString(in.MajorEngineVersion)
	if err := knownEngine(engine); err != nil {
		return nil, err
	}
	all, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v installedVersion) bool {
		return engine != "" && v.Engine != engine || major != "" && v.major() != major
	})
	all = slices.CompactFunc(all, func(a, b installedVersion) bool { return a.Family == b.Family })
	page, next, err := paged(all, in.Marker, in.MaxRecords, installedVersion.key)
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBMajorEngineVersionsOutput{Marker: next, DBMajorEngineVersions: []types.DBMajorEngineVersion{}}
	for _, v := range page {
		// When a version's support ends is its makers' to say: it has no dates here.
		out.DBMajorEngineVersions = append(out.DBMajorEngineVersions, types.DBMajorEngineVersion{Engine: &v.Engine, MajorEngineVersion: ptr(v.major()), SupportedEngineLifecycles: []types.SupportedEngineLifecycle{}})
	}
	return out, nil
}
