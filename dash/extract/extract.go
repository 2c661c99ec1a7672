// Package extract keeps the extracts of data sets, makes them again, and answers from
// them.
//
// # Files
//
// An extract is one Parquet file, <Dir>/<data set>/<id>.parquet, which never changes. A
// refresh writes another one beside it: whole, or, by increment, the rows of the old one
// outside the window and new ones within it. When the new file and its name are on the
// disk, one transaction of the state database makes it the one that answers. Only then
// the old one is deleted: its name first, so that nobody opens it any more, and its
// bytes when the answers that are being read from it have been given.
//
// A process that is killed leaves either extract answering, and at most files that no
// row of the database names; the next Open deletes those, and goes on with the
// refreshes that were under way.
//
// # Refreshes
//
// A refresh is a row of the state database before anything else: waiting, running, and
// then done, failed or stopped. There is at most one that is not final of each data set,
// and Most run at once. One that fails by an error that may pass is tried again, later
// each time; the extract that is there goes on answering.
//
// Slots of schedules are rows as well, of which no two are the same, so that none runs
// twice. Those that passed while nobody looked, or while a refresh was under way, run
// once, as one.
//
// # Persons
//
// Extracts are copies, and in the scope of erasure. One that names somebody who is erased is
// deleted whole, and made again from sources that name them no more. An increment that
// kept rows of a file which was erased meanwhile is not used: see commit.
package extract

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/lib/state"
)

// File is an extract on disk.
type File struct {
	ID       string        `json:"id"`
	DataSet  string        `json:"data_set"`
	Path     string        `json:"-"`
	Columns  []dash.Column `json:"columns"`
	Rows     int64         `json:"rows"`
	Bytes    int64         `json:"bytes"`
	AsOf     time.Time     `json:"as_of"` // when the reading of what it holds began
	Made     time.Time     `json:"made"`
	Revision int64         `json:"revision"` // of the data set
}

// Maker writes files.
type Maker interface {
	// Write writes the rows of a statement to a new file at path, with the permission of
	// s.As, and returns its columns and rows.
	Write(ctx context.Context, s dash.Statement, path string, progress func(float64)) (File, error)
	// Merge writes the rows of old for which replaces, a condition, is not true, and those
	// of fresh, whose columns are the same.
	Merge(ctx context.Context, old, fresh File, replaces, path string, progress func(float64)) (File, error)
}

// Reader answers from files.
type Reader interface {
	// Ask answers a SELECT over the table "extract". NotFound if the file is gone.
	Ask(ctx context.Context, f File, sql string, limit int) (dash.Rows, error)
	// Open begins to open a file that will soon be asked, if there is place for it.
	Open(f File)
	// Drop lets go of a file, whose name is gone, when the answers under way are given.
	Drop(ctx context.Context, f File) error
	// Rows yields the names of a file's columns, and then its rows, as text.
	Rows(ctx context.Context, f File) iter.Seq2[[]string, error]
}

// Config introduces the service to its neighbours.
type Config struct {
	DB     *state.DB
	Dir    string // of the files; the service's alone
	Maker  Maker
	Reader Reader
	// Redact returns what may be kept of a text; nil keeps all.
	Redact func(ctx context.Context, text string) (string, error)
	// Most is how many refreshes run at once; 0 means 2.
	Most int
	Log  *slog.Logger
	Now  func() time.Time // nil is time.Now
	// Backoff is how long a refresh waits after so many failures; nil is 10 seconds, then
	// 1, 5 and 15 minutes, and then no more.
	Backoff func(failures int) (time.Duration, bool)
}

// Service implements dash.Extracts. It is safe for concurrent use.
type Service struct {
	Config
	preparer dash.Preparer

	// reach is told of the moments after which a crash finds another state; for tests.
	reach func(moment string)

	mu      sync.Mutex
	running map[string]*attempt // by data set
	// schedules are those of data sets when they were last looked at.
	schedules map[string][]dash.Schedule
	wake      chan struct{}
	stop      context.CancelFunc
	wg        sync.WaitGroup
}

var _ dash.Extracts = (*Service)(nil)

// reached is what reach is at first.
var reached = func(string) {}

//go:embed migrations/*.sql
var migrations embed.FS

// Open brings the tables up to date and removes what a crash left. Nothing is refreshed
// before Start.
func Open(ctx context.Context, c Config) (*Service, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if c.Most <= 0 {
		c.Most = 2
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Backoff == nil {
		c.Backoff = backoff
	}
	if err := c.DB.Migrate(ctx, "dash_extract", set); err != nil {
		return nil, err
	}
	s := &Service{Config: c, reach: reached, running: map[string]*attempt{}, schedules: map[string][]dash.Schedule{}, wake: make(chan struct{}, 1)}
	return s, s.recover(ctx)
}

// Start begins to refresh what is due.
func (s *Service) Start(p dash.Preparer) {
	s.preparer = p
	ctx, stop := context.WithCancel(lethe.WithPrincipal(context.Background(), lethe.System))
	s.stop = stop
	s.wg.Go(func() { s.run(ctx) })
}

// Close stops refreshes, which go on at the next start, and waits for them.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.wg.Wait()
	return nil
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) path(f File) string { return filepath.Join(s.Dir, f.DataSet, f.ID+".parquet") }

// name is what the ids of data sets look like: they name folders.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,511}$`)

func checked(dataSet string) error {
	if !name.MatchString(dataSet) {
		return lethe.Errorf(lethe.Invalid, "%q cannot be the id of a data set", dataSet)
	}
	return nil
}

// recover removes files that answer nothing, and lets go on what ran.
func (s *Service) recover(ctx context.Context) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	files, err := s.files(ctx)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, f := range files {
		_, err := os.Stat(f.Path)
		if f.current && err == nil {
			keep[f.Path] = true
			continue
		}
		// One that answers and is not there was left out of a backup.
		if err := s.forget(ctx, f.File, f.current); err != nil {
			return err
		}
	}
	folders, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, d := range folders {
		dir := filepath.Join(s.Dir, d.Name())
		inside, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("the folder of extracts: %w", err)
		}
		for _, f := range inside {
			if path := filepath.Join(dir, f.Name()); !keep[path] {
				if err := os.RemoveAll(path); err != nil {
					return err
				}
			}
		}
		_ = os.Remove(dir) // if it is empty
	}
	return s.resume(ctx)
}

// Ask implements dash.Extracts.
func (s *Service) Ask(ctx context.Context, dataSet, sql string, limit int) (dash.Rows, time.Time, error) {
	last := ""
	for {
		f, err := s.current(ctx, dataSet)
		if err != nil {
			return dash.Rows{}, time.Time{}, err
		}
		if f.ID == last {
			return dash.Rows{}, time.Time{}, lethe.Errorf(lethe.NotFound, "the extract of data set %s is not there", dataSet).WithHint("refresh it")
		}
		rows, err := s.Reader.Ask(ctx, f, sql, limit)
		if lethe.Is(err, lethe.NotFound) {
			last = f.ID // a refresh has put another in its place
			continue
		}
		return rows, f.AsOf, err
	}
}

// Open implements dash.Extracts.
func (s *Service) Open(ctx context.Context, dataSet string) error {
	f, err := s.current(ctx, dataSet)
	if lethe.Is(err, lethe.NotFound) {
		return nil
	}
	if err == nil {
		s.Reader.Open(f)
	}
	return err
}

// Drop implements dash.Extracts.
func (s *Service) Drop(ctx context.Context, dataSet string) error {
	if err := checked(dataSet); err != nil {
		return err
	}
	files, err := s.dropRows(ctx, dataSet)
	if err != nil {
		return err
	}
	// What runs finds at its commit that it is not wanted.
	s.cancel(dataSet, errDropped)
	for _, f := range files {
		if err := s.remove(ctx, f); err != nil {
			return err
		}
	}
	_ = os.Remove(filepath.Join(s.Dir, dataSet)) // unless a refresh is just leaving it
	return nil
}

var errDropped = lethe.Errorf(lethe.Canceled, "the data set was deleted")

// remove deletes a file and waits until nobody reads it.
func (s *Service) remove(ctx context.Context, f File) error {
	if err := os.Remove(s.path(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.reach("unlinked")
	if err := s.Reader.Drop(ctx, f); err != nil {
		return err
	}
	s.reach("let go")
	return s.forget(ctx, f, false)
}
