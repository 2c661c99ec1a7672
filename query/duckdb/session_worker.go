package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"lethe/query/duckdb/dialect"
)

// sessionPath is the file of a session in the worker's directory, and sessionTable the
// table that reads it.
var sessionPath = filepath.Join(inDir, "0.parquet")

const sessionTable = "lake.extract"

// sessionAsk is a message to a session: a statement, or that one is to be interrupted.
type sessionAsk struct {
	ID        int64
	Cancel    bool   `json:",omitempty"`
	SQL, Wide string `json:",omitempty"`
	Limit     int    `json:",omitempty"`
}

// sessionReply answers a statement.
type sessionReply struct {
	ID     int64
	Rows   [][]*string
	More   bool    `json:",omitempty"`
	Failed *failed `json:",omitempty"`
}

// maxAnswer bounds the text of an answer, in bytes: as JSON it must stay below maxReply.
const maxAnswer = 8 << 20

// answering is a worker's side of a session.
type answering struct {
	out     io.Writer
	say     sync.Mutex // guards out
	free    chan *database
	mu      sync.Mutex
	running map[int64]context.CancelFunc
	known   sync.Mutex // guards registering functions
	last    time.Time  // when a statement began or ended, guarded by mu
}

// session answers statements until the stream of them ends.
func (d *database) session(ctx context.Context, c copier, in io.Reader, out io.Writer) error {
	if err := d.exec(ctx, "CREATE VIEW "+sessionTable+" AS SELECT * FROM read_parquet("+quote(sessionPath)+", hive_partitioning=false)"); err != nil {
		return err
	}
	a := &answering{out: out, free: make(chan *database, len(d.more)), running: map[int64]context.CancelFunc{}}
	a.free <- d
	further := d.more[len(d.more)-1]
	for _, c := range d.more[:len(d.more)-1] {
		a.free <- &database{conn: c}
	}
	if err := writeFrame(out, reply{Done: &done{}}); err != nil {
		return err
	}
	if i, err := os.Stat(sessionPath); err == nil && i.Size() >= nativeFrom {
		go a.native(ctx, c, &database{conn: further})
	}
	for {
		var q sessionAsk
		if err := readFrame(in, maxTask, &q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if q.Cancel {
			a.mu.Lock()
			if stop := a.running[q.ID]; stop != nil {
				stop()
			}
			a.mu.Unlock()
			continue
		}
		ctx, stop := context.WithCancel(ctx)
		a.mu.Lock()
		a.running[q.ID], a.last = stop, time.Now()
		a.mu.Unlock()
		go a.answer(ctx, q)
	}
}

// answer answers one statement.
func (a *answering) answer(ctx context.Context, q sessionAsk) {
	d := <-a.free
	r := sessionReply{ID: q.ID}
	err := d.interruptible(ctx, func() error { return a.query(ctx, d, q, &r) })
	a.free <- d
	a.mu.Lock()
	a.running[q.ID]()
	delete(a.running, q.ID)
	a.last = time.Now()
	a.mu.Unlock()
	if err != nil {
		f := failed{Message: plain(err)}
		f.Type, _ = errorClass(err)
		r = sessionReply{ID: q.ID, Failed: &f}
	}
	a.say.Lock()
	defer a.say.Unlock()
	_ = writeFrame(a.out, reply{Answer: &r}) // nobody listens: the stream of statements ends too
}

func (a *answering) query(ctx context.Context, d *database, q sessionAsk, r *sessionReply) error {
	a.known.Lock()
	err := dialect.Register(ctx, d.conn, q.SQL, q.Wide)
	a.known.Unlock()
	if err != nil {
		return err
	}
	err = d.read(ctx, q.SQL, q.Limit, r)
	if err != nil && q.Wide != "" && dialect.Overflowed(err.Error()) {
		r.Rows, r.More = nil, false
		err = d.read(ctx, q.Wide, q.Limit, r)
	}
	return err
}

// interruptible runs f and interrupts what the connection is at while ctx has ended;
// the driver's own way takes half a second.
func (d *database) interruptible(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, ok := d.raw()
	if !ok {
		return f()
	}
	returned := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-returned:
			return
		case <-ctx.Done():
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			mapping.Interrupt(c)
			select {
			case <-returned:
				return
			case <-tick.C:
			}
		}
	})
	err := f()
	close(returned)
	wg.Wait()
	return err
}

// read reads the rows of a SELECT as text.
func (d *database) read(ctx context.Context, query string, limit int, r *sessionReply) error {
	rows, err := d.conn.QueryContext(ctx, fmt.Sprintf("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s\n) LIMIT %d", query, limit+1))
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(names))
	dest := make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	size := 0
	for rows.Next() {
		if len(r.Rows) == limit {
			r.More = true
			break
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		row := make([]*string, len(values))
		for i, v := range values {
			if v.Valid {
				row[i] = &v.String
				size += len(v.String)
			}
			size += 4
		}
		if size > maxAnswer {
			return fmt.Errorf("%sthe answer has more than %d MB of text", tooLarge, maxAnswer>>20)
		}
		r.Rows = append(r.Rows, row)
	}
	return rows.Err()
}

// tooLarge begins the message of a statement whose answer is too large to give.
const tooLarge = "ANSWER_TOO_LARGE: "
