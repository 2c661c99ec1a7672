package mariadb

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"lethe"
	"lethe/instance"
	"lethe/lib/atomicfile"
	"lethe/lib/daemon"
)

// Prepare makes what servers of a version begin with, if it is not there: data without
// users, and the description of the parameters. Create does so too where nobody did
// before, and then takes seconds longer.
func (e *Engine) Prepare(ctx context.Context, version string) error {
	e.preparing.Lock()
	defer e.preparing.Unlock()
	return kind(e.prepare(ctx, version))
}

// template is the folder of a version's template.
func (e *Engine) template(version string) folder {
	return folder(filepath.Join(e.Dir, "mariadb-"+version))
}

func (f folder) parameters() string { return f.join("parameters.json") }

func (e *Engine) prepare(ctx context.Context, version string) error {
	if _, err := e.version(ctx, version); err != nil {
		return err
	}
	f := e.template(version)
	if there, err := exists(f.parameters()); there || err != nil {
		return err
	}
	if err := os.MkdirAll(e.Dir, 0o711); err != nil {
		return err
	}
	s := instance.Server{ID: "template-" + version, Dir: string(f), Version: version}
	if err := e.end(ctx, s); err != nil { // of a life that ended meanwhile
		return err
	}
	if err := os.RemoveAll(string(f)); err != nil {
		return err
	}
	if err := e.make(f); err != nil {
		return err
	}
	install, err := e.executable("mariadb-install-db", "mariadb-server")
	if err != nil {
		return err
	}
	// A small log of changes is soon copied; it grows when the server is started.
	small := map[string]string{"innodb_log_file_size": "4M", "innodb_flush_log_at_trx_commit": "0"}
	_, err = daemon.Command{
		Path: install, User: e.user, Dir: string(f), Env: environment(f.join("tmp")),
		Args: []string{
			"--no-defaults", "--datadir=" + f.unready(), "--auth-root-authentication-method=normal", "--skip-test-db",
			"--skip-name-resolve", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0",
		},
	}.Run(ctx)
	if err != nil {
		return err
	}
	m := mode{own: true, data: f.unready(), extra: small}
	if err := e.run(ctx, s, m); err != nil {
		return err
	}
	var all []parameter
	err = f.session(ctx, f.unready(), func(c *sql.Conn) error {
		err := execute(ctx, c,
			// What install-db makes besides the definer of the views in sys: root, and
			// the users of the host that may become it.
			"DELETE FROM mysql.global_priv WHERE User NOT IN ('mariadb.sys', 'PUBLIC')",
			"DELETE FROM mysql.proxies_priv", "DELETE FROM mysql.db",
			"DROP DATABASE IF EXISTS test", "FLUSH PRIVILEGES")
		if err != nil {
			return err
		}
		all, err = describe(ctx, c)
		return err
	})
	if err != nil {
		e.end(context.WithoutCancel(ctx), s)
		return err
	}
	if err := e.end(ctx, s); err != nil {
		return err
	}
	if err := f.settle(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.Write(f.parameters(), text, 0o600)
}

// preparation is how long Parameters, which has no context, may take at first.
const preparation = 2 * time.Minute

// known are the parameters of a version, by name.
func (e *Engine) known(version string) (map[string]instance.Parameter, error) {
	all, err := e.described(version)
	if err != nil {
		return nil, err
	}
	known := make(map[string]instance.Parameter, len(all))
	for _, p := range all {
		known[p.Name] = p.Parameter
	}
	return known, nil
}

func (e *Engine) described(version string) ([]parameter, error) {
	e.preparing.Lock()
	defer e.preparing.Unlock()
	if all, ok := e.catalogue[version]; ok {
		return all, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), preparation)
	defer cancel()
	if err := e.prepare(ctx, version); err != nil {
		return nil, kind(err)
	}
	text, err := os.ReadFile(e.template(version).parameters())
	if err != nil {
		return nil, err
	}
	var all []parameter
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, lethe.Errorf(lethe.BadData, "%s: %w", e.template(version).parameters(), err)
	}
	e.catalogue[version] = all
	return all, nil
}

// Create makes the server's data from the version's template. The first user and the
// database are made when it is first started, before it lets anybody in.
func (e *Engine) Create(ctx context.Context, s instance.Server, m instance.Master) error {
	return kind(e.create(ctx, s, m))
}

func (e *Engine) create(ctx context.Context, s instance.Server, m instance.Master) error {
	if err := checkMaster(m); err != nil {
		return err
	}
	f := at(s)
	if there, err := exists(f.data()); there || err != nil {
		return err
	}
	if err := e.Prepare(ctx, s.Version); err != nil {
		return err
	}
	if err := e.make(f); err != nil {
		return err
	}
	if _, err := e.effective(s, mode{}); err != nil {
		return err
	}
	if err := os.RemoveAll(f.unready()); err != nil {
		return err
	}
	if err := copyTree(e.template(s.Version).data(), f.unready(), e.user); err != nil {
		return err
	}
	statements := grants(m, false)
	if m.Database != "" {
		statements = append(statements, "CREATE DATABASE IF NOT EXISTS "+identifier(m.Database))
	}
	var text []byte
	for _, q := range statements {
		text = append(text, q+";\n"...)
	}
	if err := e.write(f.first(), text); err != nil {
		return err
	}
	return f.settle()
}
