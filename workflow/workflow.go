// Package workflow is the vocabulary in which processes are written that outlive
// the program: those that take days, wait for people, and may not lose a step.
//
//	var Locate = workflow.Activity[Request, Found]{Name: "erasure.locate"}
//	var Erasure = workflow.Process[Request, Outcome]{Name: "erasure"}
//
//	workflow.Handle(g, Locate, func(ctx context.Context, q Request) (Found, error) { ... })
//	workflow.Define(g, Erasure, func(r workflow.Run, q Request) (Outcome, error) {
//		found, err := workflow.Call(r, Locate, q)
//		...
//		d, ok, err := workflow.Await[Decision](r, "decision", 14*24*time.Hour)
//		...
//		n, err := workflow.Each(r, Objects, Purge, q.ID, 8)
//	})
//
// A process is a plain function over Call, Each and Await. Each of these is a step,
// and an engine keeps what a finished step returned: after a crash, or after a
// wait of days, it runs the function again from the top, and the finished steps
// return what they returned. From this follow three rules for processes.
//
//   - Between steps a process is deterministic. It sees the world and the time
//     only through its steps, and starts no goroutines.
//   - A process keeps nothing from the unwinding of its stack: when it has to wait,
//     its engine ends the call with a panic of its own, which a process must not
//     recover from, and deferred functions run.
//   - A process that has runs under way may be changed only after the steps they
//     have come to. An engine that meets another step than it kept stops the run
//     and says so (Stopped); it is never failed for it, and goes on with Resume.
//
// Activities are what the steps do. An activity is run at least once: it can be
// run again after it has taken effect, if the engine was killed before it had
// kept the result. It must therefore do nothing the second time; and what a
// process counts, it counts from what is there and not from what activities say
// they did.
//
// # Errors
//
// An activity's error of kind Internal, Exhausted or Canceled is taken for one
// that passes: the activity is tried again, sooner first and then every few
// minutes, without an end, and the run's Status says so (Stalled). An error of
// any other kind is the step's outcome, and the process is given it: its kind,
// message and hint.
package workflow

import (
	"context"
	"time"
)

// Activity names what a step does, and says what it is given and returns. Both
// are kept as JSON, for as long as the run is.
type Activity[In, Out any] struct{ Name string }

// Process names a process, and says what it is given and returns.
type Process[In, Out any] struct{ Name string }

// None is what is given to, or returned by, what has nothing to say.
type None struct{}

// Run is one run of a process, as the process sees it. Processes use Call, Each
// and Await, which know the types.
type Run interface {
	// ID is the id it was started with.
	ID() string
	// Now is the time, the same each time the process runs again. It is a step.
	Now() time.Time

	CallRaw(activity string, in, out any) error
	EachRaw(list, do, of string, atOnce int) (int64, error)
	AwaitRaw(signal string, d time.Duration, out any) (bool, error)
}

// Call runs an activity and returns what it returned.
func Call[In, Out any](r Run, a Activity[In, Out], in In) (Out, error) {
	var out Out
	err := r.CallRaw(a.Name, in, &out)
	return out, err
}

// Page asks an activity for a part of a list.
type Page struct {
	Of    string // whose list
	After string // the Next of the page before, "" for the first
}

// Items are a part of a list.
type Items[T any] struct {
	Items []T
	Next  string // "" after the last
}

// Each runs an activity for each item of a list, some at once, and returns how
// many there were. The list is asked for page by page, so that it may have any
// length; it does not go through the engine. Pages come one after the other, and
// after a crash or an error that passes, the items of a page are done again.
// If an item's outcome is an error, it is returned after the rest of its page.
func Each[T any](r Run, list Activity[Page, Items[T]], do Activity[T, None], of string, atOnce int) (int64, error) {
	return r.EachRaw(list.Name, do.Name, of, atOnce)
}

// Await waits for a signal, and returns false if d has passed without one.
// Signals of a name are kept until they are awaited, in the order in which they
// came.
func Await[T any](r Run, signal string, d time.Duration) (T, bool, error) {
	var out T
	ok, err := r.AwaitRaw(signal, d, &out)
	return out, ok, err
}

// State is how a run is.
type State string

// The states of runs.
const (
	Active  State = "active"  // it runs, or waits for a signal or for its time
	Stalled State = "stalled" // active, and its step has failed several times
	Stopped State = "stopped" // it needs a person, see Status.Error and Engine.Resume
	Done    State = "done"
	Failed  State = "failed" // the process returned an error
)

// Status tells of a run.
type Status struct {
	ID, Process      string
	State            State
	Result           []byte // JSON, of a run that is done
	Error            string // why it failed, stopped or stalled; or the last error of its step
	Created, Updated time.Time
	Wake             time.Time // when it goes on by itself, if it waits
	Steps            []Step    // in order
}

// Step tells of a step of a run.
type Step struct {
	Name  string // of the activity; "each" or "await" before it for those
	Done  bool
	Count int64 // items done, of an each
	Tries int64 // that failed
	At    time.Time
}

// Engine runs processes. workflowtest holds what all of them do.
type Engine interface {
	// Start begins a run of a process, which must be defined. It is durable when
	// Start returns. The same id again is the same run, whatever it is given.
	Start(ctx context.Context, process, id string, in any) error
	// Signal gives a run a signal, once for each key: it returns false for a key
	// that the signal has had, and an error of kind NotFound if no such run is active.
	Signal(ctx context.Context, id, signal, key string, payload any) (bool, error)
	// Resume lets a run go on that has stopped, or that waits to try again.
	Resume(ctx context.Context, id string) error
	// Status returns how a run is; an error of kind NotFound if there is none.
	Status(ctx context.Context, id string) (Status, error)
	// Forget removes what is kept of a run that has ended. An error of kind Conflict
	// says that it has not.
	Forget(ctx context.Context, id string) error
	// Run runs what is due until ctx ends, and returns when all it ran has ended.
	Run(ctx context.Context) error
}
