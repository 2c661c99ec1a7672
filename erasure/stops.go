package erasure

import "time"

// Stops are when a request came to each stop of its way, the last time that it did;
// zero where it has not.
type Stops struct {
	Asked    time.Time `json:"asked,omitzero"`
	Located  time.Time `json:"located,omitzero"`
	Reported time.Time `json:"reported,omitzero"`
	Approved time.Time `json:"approved,omitzero"` // by the last of those who had to
	// Erased is when all that had been found was erased, Verified when a listing after
	// that showed nothing.
	Erased   time.Time `json:"erased,omitzero"`
	Verified time.Time `json:"verified,omitzero"`
	// Told is when the last letter about what became of it was sent to the person, or to
	// whoever asked if only that one has an address; zero if nobody has.
	Told time.Time `json:"told,omitzero"`
}

// stopped is now, as stops are kept.
func stopped() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
