package mariadb

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/instance"
	"lethe/lib/atomicfile"
)

// An instance has several servers in the course of its life: after a failover, the
// standby is the one. The logs of all of them are kept in one place, so their names have
// the server's generation: one more than that of the server which it was copied from.

// logs is how the names of a server's binary logs begin.
func (f folder) logs() string { return fmt.Sprintf("binlog-%04d", f.generation()) }

func (f folder) generation() int {
	text, err := os.ReadFile(f.join("generation"))
	if err != nil {
		return 1
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 1
	}
	return n
}

func (f folder) setGeneration(n int) error {
	return atomicfile.Write(f.join("generation"), []byte(strconv.Itoa(n)+"\n"), 0o600)
}

// all lists a server's binary logs in order; it writes to the last one.
func (f folder) all() ([]string, error) {
	text, err := os.ReadFile(f.join("binlog", f.logs()+".index"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		names = append(names, filepath.Base(strings.TrimSpace(line)))
	}
	return names, err
}

// Closed returns the binary logs that are complete and were not released. Empty ones are
// among them: they tell that nothing was written.
func (e *Engine) Closed(ctx context.Context, s instance.Server, rotate bool) ([]instance.Log, error) {
	logs, err := e.closed(ctx, s, rotate)
	return logs, kind(err)
}

func (e *Engine) closed(ctx context.Context, s instance.Server, rotate bool) ([]instance.Log, error) {
	f := at(s)
	running := e.process(s) != nil
	if rotate && running {
		err := e.admin(ctx, s, func(c *sql.Conn) error { return execute(ctx, c, "FLUSH LOCAL BINARY LOGS") })
		if err != nil {
			return nil, err
		}
	}
	names, err := f.all()
	if err != nil {
		return nil, err
	}
	released, err := f.last()
	if err != nil {
		return nil, err
	}
	var logs []instance.Log
	for i, name := range names {
		if name <= released {
			continue
		}
		path := f.join("binlog", name)
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // purged meanwhile
		}
		if err != nil {
			return nil, err
		}
		l := instance.Log{Name: name, Path: path, Size: info.Size()}
		if i+1 < len(names) {
			// What is in the next one was written after that was begun.
			h, err := header(f.join("binlog", names[i+1]))
			if err != nil {
				return nil, err
			}
			l.Last = h.time
		} else {
			// The last one is complete if its server has ended as it should.
			if running {
				continue
			}
			h, err := header(path)
			if err != nil || h.flags&inUse != 0 {
				continue
			}
			l.Last = info.ModTime().Truncate(time.Second)
		}
		logs = append(logs, l)
	}
	return logs, nil
}

// last is the name of the last log that was released.
func (f folder) last() (string, error) {
	text, err := os.ReadFile(f.released())
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// Release lets go of a binary log and those before it. They are purged once no follower
// needs them.
func (e *Engine) Release(ctx context.Context, s instance.Server, l instance.Log) error {
	return kind(e.letGo(ctx, s, l))
}

func (e *Engine) letGo(ctx context.Context, s instance.Server, l instance.Log) error {
	f := at(s)
	released, err := f.last()
	if err != nil {
		return err
	}
	if l.Name > released {
		released = l.Name
		if err := atomicfile.Write(f.released(), []byte(released+"\n"), 0o600); err != nil {
			return err
		}
	}
	if e.process(s) == nil {
		return nil
	}
	needed, err := e.needed(ctx, s)
	if err != nil {
		return err
	}
	names, err := f.all()
	if err != nil {
		return err
	}
	// All before keep go.
	keep := ""
	for _, name := range names {
		keep = name
		if name > released || needed != "" && name >= needed {
			break
		}
	}
	if keep == "" || keep == names[0] {
		return nil
	}
	return e.admin(ctx, s, func(c *sql.Conn) error {
		return execute(ctx, c, "PURGE BINARY LOGS TO "+literal(keep))
	})
}

// Events in binary logs (MariaDB documentation, Binlog Event Header and GTID_EVENT).
const (
	magic      = "\xfebin"
	headerSize = 19
	typeStop   = 3
	typeRotate = 4
	typeFormat = 15
	typeGTID   = 162
	inUse      = 1 // a flag of the first event: the server has not closed the file
)

// event is the header of an event, and of a GTID event its id.
type event struct {
	pos, end int64
	time     time.Time
	kind     byte
	server   uint32 // who committed it first
	flags    uint16
	seq      uint64
	domain   uint32
}

// head reports whether it describes the file.
func (e event) head() bool { return e.kind == typeFormat }

// header reads the first event of a log.
func header(path string) (event, error) {
	f, err := os.Open(path)
	if err != nil {
		return event{}, err
	}
	defer f.Close()
	r, err := newReader(f)
	if err != nil {
		return event{}, err
	}
	return r.next()
}

// reader reads the headers of a log's events.
type reader struct {
	r   *bufio.Reader
	pos int64
}

func newReader(r io.Reader) (*reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	var m [4]byte
	if _, err := io.ReadFull(b, m[:]); err != nil || string(m[:]) != magic {
		return nil, lethe.Errorf(lethe.BadData, "it is no binary log of MariaDB, or an encrypted one")
	}
	return &reader{r: b, pos: 4}, nil
}

// next returns the next event, io.EOF at the end, and also where the file was cut within
// an event, as a crash does.
func (r *reader) next() (event, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return event{}, err
	}
	ev := event{
		pos: r.pos, kind: h[4], server: binary.LittleEndian.Uint32(h[5:]), flags: binary.LittleEndian.Uint16(h[17:]),
		time: time.Unix(int64(binary.LittleEndian.Uint32(h[:])), 0).UTC(),
	}
	length := int64(binary.LittleEndian.Uint32(h[9:]))
	if length < headerSize {
		return event{}, lethe.Errorf(lethe.BadData, "a binary log has an event of %d bytes at %d", length, r.pos)
	}
	rest := length - headerSize
	if ev.kind == typeGTID && rest >= 12 {
		var b [12]byte
		if _, err := io.ReadFull(r.r, b[:]); err != nil {
			return event{}, io.EOF
		}
		ev.seq, ev.domain = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint32(b[8:])
		rest -= 12
	}
	if _, err := io.CopyN(io.Discard, r.r, rest); err != nil {
		return event{}, err
	}
	r.pos += length
	ev.end = r.pos
	return ev, nil
}

// committed is the last transaction of each domain in the newest of a server's logs that
// has any.
func (f folder) committed() (map[uint32]uint64, error) {
	names, err := f.all()
	if err != nil {
		return nil, err
	}
	last := map[uint32]uint64{}
	for _, name := range slices.Backward(names) {
		if err := func() error {
			file, err := os.Open(f.join("binlog", name))
			if err != nil {
				return err
			}
			defer file.Close()
			r, err := newReader(file)
			if err != nil {
				return err
			}
			for {
				ev, err := r.next()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if ev.kind == typeGTID {
					last[ev.domain] = max(last[ev.domain], ev.seq)
				}
			}
		}(); err != nil {
			return nil, fmt.Errorf("log %s: %w", name, err)
		}
		if len(last) > 0 {
			break
		}
	}
	return last, nil
}

// stretch is a part of the logs of one server that a recovery applies: from a position in
// the first file to one in the last.
type stretch struct {
	files       []string
	from, until int64
}

// plan finds what of a folder's logs is applied after a backup with this mark: what
// committed before a moment, or all if that is zero.
func plan(dir string, m mark, until time.Time) ([]stretch, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "binlog-") && e.Name() >= m.File {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	if len(names) == 0 || names[0] != m.File {
		return nil, lethe.Errorf(lethe.Invalid, "the log %s, with which the recovery begins, is missing", m.File)
	}
	var all []stretch
	p := planner{dir: dir, until: until, applied: maps.Clone(m.GTID), from: m.Position}
	for len(names) > 0 && !p.reached {
		base, _, _ := strings.Cut(names[0], ".")
		n := slices.IndexFunc(names, func(s string) bool { return !strings.HasPrefix(s, base+".") })
		if n < 0 {
			n = len(names)
		}
		s, err := p.server(names[:n])
		if err != nil {
			return nil, err
		}
		// There may be nothing after the backup.
		if len(s.files) > 1 || len(s.files) == 1 && s.from < s.until {
			all = append(all, s)
		}
		names, p.from = names[n:], 0
	}
	return all, nil
}

// planner reads the logs of one server after the other.
type planner struct {
	dir     string
	until   time.Time
	applied map[uint32]uint64 // by domain, the number of the last transaction
	from    int64             // where to begin; 0 for at the first that was not applied
	reached bool              // a transaction was met that is later than until
}

// server reads the logs of one server.
func (p *planner) server(names []string) (s stretch, err error) {
	for i, name := range names {
		if i > 0 && !follows(names[i-1], name) {
			return s, lethe.Errorf(lethe.Invalid, "logs are missing between %s and %s", names[i-1], name)
		}
		path := filepath.Join(p.dir, name)
		if err := p.file(path, &s); err != nil {
			return s, lethe.Errorf(lethe.KindOf(err), "log %s: %w", name, err)
		}
		if p.reached {
			break
		}
	}
	return s, nil
}

// file reads one log and adds it to the stretch, if there is something in it to apply or
// was in one before.
func (p *planner) file(path string, s *stretch) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := newReader(f)
	if err != nil {
		return err
	}
	begin, end := int64(4), int64(4)
	var own uint32 // whose log it is
	started := len(s.files) > 0
	if !started && p.from > 0 {
		begin, started = p.from, true
	}
	for {
		ev, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if ev.head() {
			own = ev.server
		}
		if ev.pos < begin && !ev.head() {
			continue // it is in the backup
		}
		if ev.kind == typeGTID {
			if !p.until.IsZero() && !ev.time.Before(p.until) {
				p.reached = true
				break
			}
			was, ok := p.applied[ev.domain]
			if !started {
				if ok && ev.seq <= was {
					if ev.server == own {
						return lethe.Errorf(lethe.Invalid, "its transaction %d is another than that of the server before, which had not sent it when it died", ev.seq).
							WithHint("recover from a backup made since then, or to a moment before")
					}
					continue // by the server before
				}
				if ok && ev.seq > was+1 {
					return lethe.Errorf(lethe.Invalid, "the transactions from %d to %d are missing before it", was+1, ev.seq-1)
				}
				begin, started = ev.pos, true
			}
			p.applied[ev.domain] = max(was, ev.seq)
		}
		if ev.kind != typeRotate && ev.kind != typeStop {
			end = ev.end
		}
	}
	if !started {
		return nil
	}
	if len(s.files) == 0 {
		s.from = begin
	}
	s.files, s.until = append(s.files, path), end
	return nil
}

// follows reports whether b is the name of the log after a.
func follows(a, b string) bool {
	base, n, _ := strings.Cut(a, ".")
	m, err := strconv.Atoi(n)
	return err == nil && b == fmt.Sprintf("%s.%06d", base, m+1)
}
