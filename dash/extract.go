package dash

import "time"

// ExtractInfo is what there is of a data set's extract.
type ExtractInfo struct {
	// ID of the file that answers now; "" before the first refresh is done.
	ID    string    `json:"id,omitempty"`
	Rows  int64     `json:"rows"`
	Bytes int64     `json:"bytes"`
	AsOf  time.Time `json:"as_of,omitzero"` // when the reading of what it holds began
	// Columns are those of the file; nil if they are not known.
	Columns []Column `json:"-"`
	// Running is the refresh under way; nil if none is.
	Running *Refresh `json:"running,omitempty"`
	// Next is when the schedule refreshes; zero without one.
	Next time.Time `json:"next,omitzero"`
}

// Refresh is one making of an extract.
type Refresh struct {
	ID        string       `json:"id"`
	DataSet   string       `json:"data_set"`
	State     RefreshState `json:"state"`
	Increment bool         `json:"increment,omitempty"`
	// By is the ARN of who asked, "schedule", "erasure", or "restore" after the lake was
	// restored from a backup, which has no extracts.
	By      string    `json:"by"`
	Slot    time.Time `json:"slot,omitzero"` // of the schedule: no slot runs twice
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Rows    int64     `json:"rows"`
	Bytes   int64     `json:"bytes"`
	Error   string    `json:"error,omitempty"`
	// Done is the share that is done, 0 to 1; -1 if it is not known.
	Done float64 `json:"done"`
}

// RefreshState is how a refresh is.
type RefreshState string

// The states of refreshes. The last three are final.
const (
	Waiting    RefreshState = "waiting"
	Refreshing RefreshState = "running"
	Refreshed  RefreshState = "done"
	Failed     RefreshState = "failed"
	Stopped    RefreshState = "stopped"
)

// Final reports whether the refresh will not change any more.
func (s RefreshState) Final() bool { return s == Refreshed || s == Failed || s == Stopped }

// ExtractFile names a file of an extract that is on disk.
type ExtractFile struct {
	ID, DataSet string
	Made        time.Time
}
