package duckdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lethe"
)

// process is a worker as the engine sees it: a directory, a child process, two
// pipes. It serves one task.
type process struct {
	dir    string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	ready  chan error // gets one value: nil when the worker waits for its task
	ended  chan struct{}
	kill   sync.Once
}

// errWorker is a worker's own failure, which is not the statement's.
type errWorker struct{ msg string }

func (e errWorker) Error() string { return e.msg }

// start makes a worker with a directory of its own and lets it get ready.
func (e *Engine) start() (*process, error) {
	dir := filepath.Join(e.c.Dir, dirPrefix+lethe.NewID())
	for _, d := range []string{inDir, tmpDir} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	p := &process{dir: dir, stderr: &tail{}, ready: make(chan error, 1), ended: make(chan struct{})}
	p.cmd = exec.Command(e.c.Command[0], e.c.Command[1:]...)
	p.cmd.Dir = dir
	// Nothing of ours: no credentials, no paths. A start collects no garbage,
	// which is a third of its processor time; see Worker.
	p.cmd.Env = []string{"GOGC=off"}
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	fail := func(err error) (*process, error) {
		return nil, errors.Join(fmt.Errorf("start a worker: %w", err), os.RemoveAll(dir))
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return fail(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return fail(err)
	}
	go func() {
		s := settings{Memory: e.c.Memory, Threads: e.c.Threads, Spill: e.c.Spill, Unconfined: e.c.AllowNoLandlock}
		if e.c.session {
			s.Connections = sessionConnections + 1 // for the native copy
		}
		err := writeFrame(p.in, s)
		if err == nil {
			var r reply
			if err = readFrame(p.out, maxReply, &r); err == nil && r.Ready == nil {
				err = errors.New("it did not say that it is ready")
				if r.Failed != nil {
					err = errors.New(r.Failed.Message)
				}
			}
		}
		p.ready <- err
	}()
	return p, nil
}

// await waits until the worker is ready for its task.
func (p *process) await(ctx context.Context) error {
	select {
	case err := <-p.ready:
		p.ready <- err
		if err != nil {
			p.end()
			if strings.HasPrefix(err.Error(), refusal) {
				return lethe.Errorf(lethe.Internal, "%s", err).
					WithHint("run lethe on a kernel with Landlock, or allow queries without it in the configuration")
			}
			return errWorker{fmt.Sprintf("a query worker did not start: %v%s", err, p.stderr)}
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run sends the task and returns its outcome. After an error the worker has
// exited; after success it is about to, and the caller ends it.
func (p *process) run(ctx context.Context, t task, memory int64, progress func(float64)) (_ done, err error) {
	defer func() {
		if err != nil {
			p.end()
		}
	}()
	var (
		over = make(chan struct{})
		big  int64
		wg   sync.WaitGroup
	)
	wg.Go(func() {
		// DuckDB keeps its own account of memory; what it does not count is
		// bounded here.
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-ctx.Done():
				p.end()
				return
			case <-tick.C:
				if n := residentSize(p.cmd.Process.Pid); n > memory+memory/4+memorySlack {
					big = n
					p.end()
					return
				}
			}
		}
	})
	d, err := p.exchange(t, progress)
	close(over)
	wg.Wait()
	switch {
	case err == nil:
		return d, nil
	case big > 0:
		return done{}, &failure{failed{Type: outOfMemory, Message: fmt.Sprintf("the worker grew to %d MB", big>>20)}}
	case ctx.Err() != nil:
		return done{}, context.Cause(ctx)
	}
	var f *failure
	if errors.As(err, &f) {
		return done{}, err
	}
	p.end()
	return done{}, errWorker{fmt.Sprintf("the query's worker ended unexpectedly (%s)%s", p.cmd.ProcessState, p.stderr)}
}

func (p *process) exchange(t task, progress func(float64)) (done, error) {
	if err := writeFrame(p.in, t); err != nil {
		return done{}, err
	}
	for {
		var r reply
		if err := readFrame(p.out, maxReply, &r); err != nil {
			return done{}, err
		}
		switch {
		case r.Progress != nil:
			if progress != nil {
				progress(min(max(*r.Progress, 0), 1))
			}
		case r.Failed != nil:
			return done{}, &failure{*r.Failed}
		case r.Done != nil:
			return *r.Done, nil
		}
	}
}

// end kills the worker and everything it may have started, and waits for it.
func (p *process) end() {
	p.kill.Do(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		_ = p.in.Close()
		_ = p.cmd.Wait()
		close(p.ended)
	})
	<-p.ended
}

// release ends the worker and removes its directory, at once.
func (p *process) release() error {
	p.end()
	return os.RemoveAll(p.dir)
}

const (
	memoryEvery = 200 * time.Millisecond
	// memorySlack is for the program itself.
	memorySlack = 256 << 20
)

// residentSize returns the bytes of memory a process holds, 0 if unknown.
func residentSize(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(f[1], 10, 64)
	return n * int64(os.Getpagesize())
}

// tail keeps the beginning of what a worker writes to standard error: a crash
// names its cause in its first lines.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b[:min(len(b), maxStderr-len(t.b))]...)
	return len(b), nil
}

const maxStderr = 4 << 10

// String returns the first line, for a message.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := strings.TrimSpace(string(t.b))
	if line == "" {
		return ""
	}
	return ": " + line
}
