package need

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The Java programs that the metastore is held to are hundreds of megabytes. They
// are fetched once, by pip and Maven, into the folder that LETHE_PEERS names, and
// only where it is set: in CI, or by who asks for it. What is fetched must have
// the checksum written here.

// peers returns the folder of what is fetched.
func peers(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LETHE_PEERS")
	if dir == "" {
		absent(t, "needs Java programs, which are fetched into a folder that is yet to be named: set LETHE_PEERS")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Java returns the path of a Java runtime.
func Java(t testing.TB) string {
	t.Helper()
	return Command(t, "java", "apt-get install openjdk-17-jre-headless")
}

// artifacts are those of Maven that Artifact knows, with their checksums. A
// coordinate is group:artifact:version, and the packaging and classifier where
// they are not a plain jar's.
var artifacts = map[string]string{
	"com.amazonaws:aws-java-sdk-bundle:1.12.262":                     "873fe7cf495126619997bec21c44de5d992544aea7e632fdc77adb1a0915bae5",
	"io.trino:trino-hive:435:zip":                                    "c3a64f7536e573df951807f0d142417806cab48a50033653abdfc7e0410ef09e",
	"org.apache.hadoop:hadoop-aws:3.3.4":                             "53f9ae03c681a30a50aa17524bd9790ab596b28481858e54efd989a826ed3a4a",
	"org.apache.hadoop:hadoop-aws:3.4.1":                             "01334a07e179cae2b7e251f24857f11e3759108c9d6a79dcbe362a4295227da2",
	"org.apache.hive.hcatalog:hive-hcatalog-server-extensions:3.1.3": "d4ea218078966887846a0b05bee6e6a15b41d35eb94ee53bc6b98e0aa3ce3b9c",
	"org.apache.hive:hive-standalone-metastore:3.1.3:tar.gz:bin":     "83ddf76717eeb789091d845c069a631c25cad561c3d31ec0843a1ddf21f29409",
	"org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.6.1":        "87e7184f31ef0caac415bbdfcf1bc4943346a58b98d747dc83434f7139e12acb",
	"org.mariadb.jdbc:mariadb-java-client:2.7.12":                    "ccf16f38a7bc5bd55e59aa5e3590d74faebb2fb92d111ed5641d5175c4a3624a",
	"org.postgresql:postgresql:42.7.4":                               "188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e",
	"software.amazon.awssdk:bundle:2.24.6":                           "890bf9f2a80488f7a8aa8277d64d13a9ea3a3cdff8607ef3b63a878d8b467b41",
}

// Artifact returns the path of one of Maven's artifacts, without what it depends on.
func Artifact(t testing.TB, coordinate string) string {
	t.Helper()
	dir, sum := peers(t), artifacts[coordinate]
	if sum == "" {
		t.Fatalf("no checksum is known of %s", coordinate)
	}
	f := strings.Split(coordinate, ":")
	name, packaging, classifier := f[1]+"-"+f[2], "jar", ""
	if len(f) > 3 {
		packaging = f[3]
	}
	if len(f) > 4 {
		classifier = "-" + f[4]
	}
	// Artifacts of several groups may have one name.
	path := filepath.Join(dir, f[0], name+classifier+"."+packaging)
	once(t, dir, path, func() error {
		if err := run("mvn", "-B", "-q", "dependency:get", "-Dtransitive=false", "-Dartifact="+coordinate); err != nil {
			return err
		}
		into := filepath.Dir(path)
		if err := run("mvn", "-B", "-q", "-o", "dependency:copy", "-Dmdep.useBaseVersion=true", "-Dartifact="+coordinate, "-DoutputDirectory="+into); err != nil {
			return err
		}
		got, err := checksum(path)
		if err == nil && got != sum {
			err = fmt.Errorf("%s has the checksum %s, not %s", coordinate, got, sum)
		}
		if err != nil {
			os.Remove(path)
		}
		return err
	})
	return path
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// once makes a file or a folder if it is not there, in one process at a time.
func once(t testing.TB, dir, path string, fetch func() error) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := fetch(); err != nil {
		absent(t, "cannot fetch %s: %v", filepath.Base(path), err)
	}
}

func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		if len(out) > 2000 {
			out = out[:2000]
		}
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// spark is a version of PySpark, with what it needs to read and write S3.
type spark struct {
	requirements string
	jars         []string
}

var sparks = map[string]spark{
	"3.5": {
		"pyspark==3.5.7 --hash=sha256:80e36514e0c5c126d35a26adf4f405cd4a69de96a8ea8a3c1e9a65fce2fb4eaa\n" +
			"py4j==0.10.9.7 --hash=sha256:85defdfd2b2376eb3abf5ca6474b51ab7e0de341c75a02f46dc9b5976f5a5c1b\n",
		[]string{"org.apache.hadoop:hadoop-aws:3.3.4", "com.amazonaws:aws-java-sdk-bundle:1.12.262", "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.6.1"},
	},
	"4.0": {
		"pyspark==4.0.1 --hash=sha256:9d1f22d994f60369228397e3479003ffe2dd736ba79165003246ff7bd48e2c73\n" +
			"py4j==0.10.9.9 --hash=sha256:c7c26e4158defb37b0bb124933163641a2ff6e3a3913f7811b0ddbe07ed61533\n",
		[]string{"org.apache.hadoop:hadoop-aws:3.4.1", "software.amazon.awssdk:bundle:2.24.6"},
	},
}

// Spark returns a Python that has PySpark of a version, 3.5 or 4.0, and the jars
// that its sessions need for S3, and with 3.5 for Iceberg, joined by commas.
func Spark(t testing.TB, version string) (python, jars string) {
	t.Helper()
	Java(t)
	dir, s := peers(t), sparks[version]
	home := filepath.Join(dir, "spark-"+version)
	once(t, dir, home, func() error {
		fresh := home + ".new"
		os.RemoveAll(fresh)
		file := filepath.Join(dir, "spark-"+version+".txt")
		err := errors.Join(os.WriteFile(file, []byte(s.requirements), 0o644), run("/usr/bin/python3", "-m", "venv", fresh))
		if err == nil {
			err = run(filepath.Join(fresh, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "--no-cache-dir", "--require-hashes", "-r", file)
		}
		if err != nil {
			return err
		}
		return os.Rename(fresh, home) // only its own scripts, which are not used, have its path in them
	})
	var all []string
	for _, j := range s.jars {
		all = append(all, Artifact(t, j))
	}
	return filepath.Join(home, "bin", "python"), strings.Join(all, ",")
}

// JavaMetastore returns the class path of Hive's metastore, 3.1.3, with drivers for
// Derby, PostgreSQL and MariaDB; its main class is
// org.apache.hadoop.hive.metastore.HiveMetaStore. Hadoop is that of PySpark 3.5. The
// listener that writes notifications, of HCatalog, is among the classes.
func JavaMetastore(t testing.TB) (classPath []string) {
	t.Helper()
	dir := peers(t)
	archive := Artifact(t, "org.apache.hive:hive-standalone-metastore:3.1.3:tar.gz:bin")
	home := filepath.Join(dir, "hive-metastore-3.1.3")
	once(t, dir, home, func() error {
		fresh := home + ".new"
		os.RemoveAll(fresh)
		if err := untar(archive, fresh); err != nil {
			return err
		}
		return os.Rename(fresh, home)
	})
	Spark(t, "3.5")
	classPath = []string{Artifact(t, "org.postgresql:postgresql:42.7.4"), Artifact(t, "org.mariadb.jdbc:mariadb-java-client:2.7.12"),
		Artifact(t, "org.apache.hive.hcatalog:hive-hcatalog-server-extensions:3.1.3")}
	classPath = append(classPath, glob(t, filepath.Join(home, "*", "lib", "*.jar"))...)
	jars := filepath.Join(dir, "spark-3.5", "lib", "python3*", "site-packages", "pyspark", "jars")
	for _, name := range []string{"hadoop-client-api-*.jar", "hadoop-client-runtime-*.jar", "commons-*.jar", "slf4j-api-*.jar", "jcl-over-slf4j-*.jar", "jackson-*-asl-*.jar"} {
		classPath = append(classPath, glob(t, filepath.Join(jars, name))...)
	}
	return classPath
}

// JavaProcess is a Java metastore that runs until its test ends.
type JavaProcess struct {
	*os.Process
	URI   string        // thrift://127.0.0.1:port
	Ended chan struct{} // closed when it has ended
}

// StartJavaMetastore starts a metastore of JavaMetastore on a database that Postgres or
// MariaDB returned, which has Hive's schema. It takes seconds until it answers, for which the caller waits. If the
// test fails, what the metastore said is logged.
func StartJavaMetastore(t testing.TB, classPath []string, database string, options ...string) *JavaProcess {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	driver, jdbc, mode := "org.postgresql.Driver", "jdbc:postgresql://", ""
	if u.Scheme == "mysql" {
		// Hive takes a MariaDB for a database of standard SQL, in which texts in
		// double quotes are names: without the mode its listings are empty.
		driver, jdbc, mode = "org.mariadb.jdbc.Driver", "jdbc:mariadb://", "?sessionVariables=sql_mode=ANSI_QUOTES"
	}
	dir := t.TempDir()
	var site strings.Builder
	site.WriteString("<configuration>\n")
	for _, p := range [][2]string{
		{"javax.jdo.option.ConnectionURL", jdbc + u.Host + u.Path + mode},
		{"javax.jdo.option.ConnectionDriverName", driver},
		{"javax.jdo.option.ConnectionUserName", u.User.Username()},
		{"javax.jdo.option.ConnectionPassword", "lethe"}, // PostgreSQL asks for none
		{"metastore.schema.verification", "true"},
		{"metastore.warehouse.dir", filepath.Join(dir, "warehouse")},
		{"metastore.task.threads.always", "org.apache.hadoop.hive.metastore.events.EventCleanerTask"},
		{"metastore.expression.proxy", "org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy"},
		{"datanucleus.schema.autoCreateAll", "false"},
	} {
		fmt.Fprintf(&site, "<property><name>%s</name><value>%s</value></property>\n", p[0], p[1])
	}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		fmt.Fprintf(&site, "<property><name>%s</name><value>%s</value></property>\n", name, value)
	}
	site.WriteString("</configuration>\n")
	if err := os.WriteFile(filepath.Join(dir, "metastore-site.xml"), []byte(site.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close() // Java takes no listener; the kernel gives the port to nobody else soon
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(Java(t), "-Xmx1g", "-cp", strings.Join(append([]string{dir}, classPath...), ":"), "org.apache.hadoop.hive.metastore.HiveMetaStore", "-p", strconv.Itoa(port))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &JavaProcess{URI: fmt.Sprintf("thrift://127.0.0.1:%d", port), Ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // it ends with this thread, and so with the process
		started <- cmd.Start()
		cmd.Wait()
		close(p.Ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	p.Process = cmd.Process
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("Java says: ...%s", text[max(0, len(text)-4000):])
		}
	})
	return p
}

// trinoPOM asks for Trino's server, of which the registry has the parts and not the
// whole, and for Groovy, which starts it: the class that has main is in none of them.
const trinoPOM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lethe</groupId><artifactId>trino</artifactId><version>1</version><dependencies>
<dependency><groupId>io.trino</groupId><artifactId>trino-main</artifactId><version>435</version></dependency>
<dependency><groupId>org.apache.groovy</groupId><artifactId>groovy</artifactId><version>4.0.15</version></dependency>
</dependencies></project>
`

// trinoSum is the checksum of the list of the server's jars and their checksums.
const trinoSum = "4ca26144b548bc197977087c5bcf307df8f84ad702e441863269107bdce5b80b"

// Trino returns the folder of Trino 435: its server's jars in lib, and the Hive
// connector in plugin/hive. Start is the program for groovy.ui.GroovyMain -e.
func Trino(t testing.TB) (home, start string) {
	t.Helper()
	Java(t)
	dir := peers(t)
	connector := Artifact(t, "io.trino:trino-hive:435:zip")
	home = filepath.Join(dir, "trino-435")
	once(t, dir, home, func() error {
		fresh := home + ".new"
		os.RemoveAll(fresh)
		err := os.MkdirAll(fresh, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, "pom.xml"), []byte(trinoPOM), 0o644)
		}
		if err == nil {
			err = run("mvn", "-B", "-q", "-f", filepath.Join(fresh, "pom.xml"), "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(fresh, "lib"))
		}
		if err == nil {
			err = unzip(connector, filepath.Join(fresh, "plugin"))
		}
		if err == nil {
			err = os.Rename(filepath.Join(fresh, "plugin", "trino-hive-435"), filepath.Join(fresh, "plugin", "hive"))
		}
		if err != nil {
			return err
		}
		list := sha256.New()
		for _, jar := range glob(t, filepath.Join(fresh, "lib", "*.jar")) {
			sum, err := checksum(jar)
			if err != nil {
				return err
			}
			fmt.Fprintf(list, "%s  %s\n", sum, filepath.Base(jar))
		}
		if got := hex.EncodeToString(list.Sum(nil)); got != trinoSum {
			return fmt.Errorf("the jars of Trino's server have the checksum %s, not %s", got, trinoSum)
		}
		return os.Rename(fresh, home)
	})
	return home, `new io.trino.server.Server().start("435")`
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing is at %s", pattern)
	}
	sort.Strings(found)
	return found
}

// unzip unpacks regular files.
func unzip(archive, into string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	return os.CopyFS(into, z)
}

// untar unpacks regular files.
func untar(archive, into string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(into) // names cannot lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := filepath.Clean(h.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		w, err := root.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
}
