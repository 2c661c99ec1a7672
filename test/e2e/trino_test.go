package e2e

import (
	"fmt"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

// startTrino starts Trino with a catalog hive, which is the lake's metastore and
// store.
func startTrino(t *testing.T, l *lake.Lake) *need.TrinoServer {
	t.Helper()
	id, secret := administratorKey(t, l.Data)
	return need.StartTrino(t, fmt.Sprintf(`hive.metastore.uri=%s
hive.non-managed-table-writes-enabled=true
hive.hive-views.enabled=true
hive.security=allow-all
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint=%s
s3.region=%s
s3.path-style-access=true
s3.aws-access-key=%s
s3.aws-secret-key=%s
`, l.HMS, l.AWS, l.Region, id, secret))
}

// TestTrinoSparkAndSQLReadEachOther: what one of them writes, the others read. Of
// Trino the registry has the Hive connector and not the Iceberg connector.
func TestTrinoSparkAndSQLReadEachOther(t *testing.T) {
	python, jars := need.Spark(t, "3.5")
	l := open(t)
	l.Bucket(t, "spark")
	e := startTrino(t, l)
	id, secret := administratorKey(t, l.Data)
	converse(t, l, map[string]func(string) ([]string, error){"TRINO": e.Query}, python, "spark_trino.py", l.HMS, l.AWS, l.Region, id, secret, jars)
}
