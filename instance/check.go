package instance

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// What a request must hold before anything is done. The rules are those of the RDS API
// Reference, at CreateDBInstance where nothing else is said.

var identifier = regexp.MustCompile(`^[a-zA-Z](-?[a-zA-Z0-9])*$`)

// CheckIdentifier returns the identifier of an instance, snapshot or group in the form in
// which it is kept: in small letters. parameter is what the request calls it.
func CheckIdentifier(parameter, id string) (string, error) {
	most := 255
	if parameter == "DBInstanceIdentifier" || strings.HasSuffix(parameter, "DBInstanceIdentifier") {
		most = 63
	}
	switch {
	case id == "":
		return "", invalidValue("The parameter %s must be provided and must not be blank.", parameter)
	case strings.HasSuffix(parameter, "DBSnapshotIdentifier") && !letter(rune(id[0])):
		return "", invalidValue("Invalid snapshot identifier:  %s", id) // two spaces, as RDS has them
	case len(id) > most:
		return "", invalidValue("The parameter %s is not a valid identifier because it is longer than %d characters.", parameter, most)
	case !identifier.MatchString(id):
		return "", invalidValue("The parameter %s is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.", parameter)
	}
	return strings.ToLower(id), nil
}

// CheckEngine refuses engines that RDS has and this package has not, and others.
func CheckEngine(name string) error {
	if !slices.Contains(engineNames, name) {
		return invalidValue("Invalid DB engine: %s. Engines here are %s.", name, strings.Join(engineNames, ", "))
	}
	return nil
}

var engineNames = []string{"mariadb", "mysql", "postgres"}

// DefaultPort returns the port of an engine's instances if nobody chooses one. Several
// instances share a host here, so it is only the first that is tried.
func DefaultPort(engine string) int {
	if engine == "postgres" {
		return 5432
	}
	return 3306
}

// CheckPort refuses ports that an instance cannot have.
func CheckPort(port int32) error {
	if port < 1150 || port > 65535 {
		return invalidValue("Invalid value for the parameter Port: %d. It must be from 1150 to 65535.", port)
	}
	return nil
}

var (
	masterName   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)
	databaseName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)
)

// CheckMasterUser refuses names that the first user cannot have.
func CheckMasterUser(engine, name string) error {
	switch {
	case name == "":
		return invalidValue("The parameter MasterUsername must be provided and must not be blank.")
	case len(name) > 16:
		return invalidValue("The parameter MasterUsername must not be longer than 16 characters.")
	case !masterName.MatchString(name):
		return invalidValue("The parameter MasterUsername must begin with a letter and contain only alphanumeric characters and underscores.")
	case isReserved(engine, name), engine == "postgres" && strings.HasPrefix(strings.ToLower(name), "pg_"):
		return invalidValue("MasterUsername %s cannot be used as it is a reserved word used by the engine", name)
	}
	return nil
}

// CheckDatabaseName refuses names that the first database cannot have. "" asks for none.
func CheckDatabaseName(engine, name string) error {
	most := 64
	if engine == "postgres" {
		most = 63
	}
	switch {
	case name == "":
		return nil
	case len(name) > most:
		return invalidValue("The parameter DBName must not be longer than %d characters.", most)
	case !databaseName.MatchString(name):
		return invalidValue("DBName must begin with a letter and contain only alphanumeric characters.")
	case name != "postgres" && isReserved(engine, name):
		return invalidValue("DBName %s cannot be used. It is a reserved word for this engine", name)
	}
	return nil
}

// longest is how long passwords may be.
var longest = map[string]int{"postgres": 128, "mariadb": 41, "mysql": 41}

// CheckPassword refuses passwords that the first user cannot have.
func CheckPassword(engine, password string) error {
	for _, c := range []byte(password) {
		// The members' documentation does not list the space; the service's message does.
		if c <= ' ' || c > '~' || strings.IndexByte(`/@"`, c) >= 0 {
			return invalidValue(`The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '"', ' ' may be used.`)
		}
	}
	switch most := longest[engine]; {
	case len(password) < 8:
		return invalidValue("The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.")
	case len(password) > most:
		return invalidValue("The parameter MasterUserPassword is not a valid password because it is longer than %d characters.", most)
	}
	return nil
}

// Storage is what an instance's disk is asked to be. Kinds and speeds are kept and
// answered; bytes are what bound a server here.
type Storage struct {
	Type       string // gp2, gp3, io1, io2, standard
	GiB        int32
	IOPS       int32 // 0 for none said
	Throughput int32 // MiB/s, of gp3; 0 for none said
}

// StorageType returns the type of an instance for which none is chosen.
func StorageType(chosen string, iops int32) string {
	switch {
	case chosen != "":
		return chosen
	case iops > 0:
		return "io1"
	}
	return "gp3"
}

// CheckStorage refuses disks that an engine's instance cannot have.
func CheckStorage(engine string, s Storage) error {
	i := slices.IndexFunc(storageTypes, func(t storageType) bool { return t.name == s.Type })
	if i < 0 {
		return invalidValue("Invalid storage type: %s", s.Type)
	}
	provisioned := s.Type == "io1" || s.Type == "io2"
	switch {
	case s.GiB < storageTypes[i].least || s.GiB > storageTypes[i].most:
		return invalidCombination("Invalid storage size for engine name %s and storage type %s: %d", engine, s.Type, s.GiB)
	case s.Throughput < 0 || s.IOPS < 0:
		return invalidValue("Invalid storage performance: negative numbers")
	case provisioned && s.IOPS == 0:
		return invalidCombination("The storage type %s requires iops to be specified.", s.Type)
	case s.IOPS != 0 && !provisioned && s.Type != "gp3":
		return invalidCombination("You can't specify IOPS for storage type %s", s.Type)
	case provisioned && (2*int64(s.IOPS) < int64(s.GiB) || int64(s.IOPS) > 50*int64(s.GiB)):
		return invalidCombination("Invalid iops to storage (GB) ratio for engine name %s and storage type %s: %.4f. It is from 0.5 to 50.", engine, s.Type, float64(s.IOPS)/float64(s.GiB))
	case provisioned && (s.IOPS < 1000 || s.IOPS > 256_000):
		return invalidCombination("Invalid iops value for engine name %s and storage type %s: %d. It is from 1000 to 256000.", engine, s.Type, s.IOPS)
	case s.Throughput != 0 && s.Type != "gp3":
		return invalidCombination("You can't specify storage throughput for storage type %s", s.Type)
	case s.Type == "gp3" && s.GiB < striped && (s.IOPS != 0 || s.Throughput != 0):
		return invalidCombination("You can't specify IOPS or storage throughput for engine %s and a storage size less than %d.", engine, striped)
	case s.Type == "gp3" && s.IOPS != 0 && (s.IOPS < 12_000 || s.IOPS > 64_000):
		return invalidCombination("Invalid iops value for engine name %s and storage type gp3: %d. It is from 12000 to 64000.", engine, s.IOPS)
	case s.Type == "gp3" && s.Throughput != 0 && (s.Throughput < 500 || s.Throughput > 4000):
		return invalidCombination("Invalid storage throughput value for engine name %s and storage type gp3: %d. It is from 500 to 4000.", engine, s.Throughput)
	}
	return nil
}

// striped is from how many GiB on RDS makes a gp3 disk of several volumes, whose speed can
// then be chosen (Amazon RDS User Guide, "gp3 storage").
const striped = 400

// CheckMostStorage refuses a bound up to which storage is not to grow by itself.
func CheckMostStorage(most, now int32) error {
	switch {
	case most <= now:
		return invalidCombination("Max storage size must be greater than storage size")
	case most < now+(now+9)/10:
		return invalidCombination("The maximum allocated storage must be increased by at least 10 percent.")
	case most > 65536:
		return invalidValue("Invalid max storage size: %d. It is at most 65536 GiB.", most)
	}
	return nil
}

// logTypes are those that an engine's instances can export.
var logTypes = map[string][]string{
	"postgres": {"postgresql", "upgrade", "iam-db-auth-error"},
	"mariadb":  {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
	"mysql":    {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
}

// CheckLogTypes refuses logs that an engine does not have.
func CheckLogTypes(engine, version string, asked []string) error {
	var bad []string
	for _, name := range asked {
		if !slices.Contains(logTypes[engine], name) {
			bad = append(bad, "'"+name+"'")
		}
	}
	if len(bad) > 0 {
		return invalidCombination("You cannot use the log types %s with engine version %s %s. For supported log types, see the documentation.", strings.Join(bad, ", "), engine, version)
	}
	return nil
}

// CheckMonitoring refuses enhanced monitoring, by a rule of RDS's own if one is broken.
func CheckMonitoring(interval *int32, role *string) error {
	n := aws.ToInt32(interval)
	switch {
	case !slices.Contains([]int32{0, 1, 5, 10, 15, 30, 60}, n):
		return invalidValue("Invalid value for the parameter MonitoringInterval: %d. It is 0, 1, 5, 10, 15, 30 or 60.", n)
	case n != 0 && aws.ToString(role) == "":
		return invalidCombination("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
	case n == 0 && aws.ToString(role) != "":
		return invalidCombination("You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN value.")
	case n != 0:
		return invalidCombination("Enhanced monitoring is not supported on this host.")
	}
	return nil
}

// CheckInsights refuses kinds of insights, and days for which they are kept, that RDS does
// not have.
func CheckInsights(mode types.DatabaseInsightsMode, days *int32) error {
	if mode != "" && !slices.Contains(mode.Values(), mode) {
		return invalidValue("Invalid value for the parameter DatabaseInsightsMode: %s.", mode)
	}
	if n := aws.ToInt32(days); days != nil && n != 7 && n != 731 && (n%31 != 0 || n < 31 || n > 23*31) {
		return invalidValue("Invalid Performance Insights retention period: %d. Valid values are 7, 731, or month * 31 where month is from 1 to 23.", n)
	}
	return nil
}

// CheckNetwork refuses kinds of networks that RDS does not have.
func CheckNetwork(kind string) error {
	if kind != "IPV4" && kind != "DUAL" {
		return invalidValue("Invalid network type: %s. It is IPV4 or DUAL.", kind)
	}
	return nil
}

// GrowStorage returns the size in GiB that a disk gets when it is asked to have another:
// never a smaller one, and if larger at least a tenth larger, rounded up to it
// (RDS API Reference, ModifyDBInstance).
func GrowStorage(now, asked int32) (int32, error) {
	if asked < now {
		return 0, invalidCombination("Requested storage size (%d) cannot be less than the current storage size (%d).", asked, now)
	}
	if asked == now {
		return now, nil
	}
	return max(asked, now+(now+9)/10), nil
}

// CheckRetention refuses days of automated backups. replicas says that the instance has
// read replicas, which need its logs.
func CheckRetention(days int32, replicas bool) error {
	switch {
	case days < 0 || days > 35:
		return invalidValue("Invalid backup retention period: %d. It must be from 0 to 35 days.", days)
	case days == 0 && replicas:
		return invalidCombination("Automated backups cannot be disabled while the DB instance is the source of read replicas. Delete or promote them first.")
	}
	return nil
}

// maxTags is how many tags a resource has at most.
const maxTags = 50

// CheckTags refuses tags that RDS does not take.
func CheckTags(tags []types.Tag) error {
	if len(tags) > maxTags {
		return invalidValue("A resource has %d tags at most.", maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return invalidValue("Tag keys must be between 1 and 128 characters in length.")
		case utf8.RuneCountInString(value) > 256:
			return invalidValue("Tag values must be between 0 and 256 characters in length.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"), strings.HasPrefix(strings.ToLower(key), "rds:"):
			return invalidValue("Tag keys cannot start with the reserved prefixes aws: and rds:.")
		case !tagText.MatchString(key) || !tagText.MatchString(value):
			return invalidValue("Tags may contain Unicode letters, digits, white space, and the characters _ . : / = + - @ only.")
		case seen[key]:
			return invalidValue("The tag key %s is given twice.", key)
		}
		seen[key] = true
	}
	return nil
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
