package erasure_test

import "testing"

// This is a model of how a key is erased, as erase in cut.go does it, among two
// writers and crashes. All interleavings of its steps are tried, and what they end in
// is looked at. Two weaker protocols show that the model can tell.

// modelVersion is a version of the key.
type modelVersion struct {
	id     int8
	update int8 // how many updates of others it is the result of
	person bool // it holds the person
}

// modelState is the key, and how far everybody is.
type modelState struct {
	versions [8]modelVersion // the oldest first
	n        int8
	nextID   int8
	updates  int8 // of others that were acknowledged

	step    eraserStep
	target  int8   // the version that is looked at
	read    uint16 // ids of versions that were read and do not hold the person
	crashes int8

	written bool         // the first writer has put its object, whatever was there
	copying int8         // how far the second is, which reads, changes and puts
	copied  modelVersion // what it read
	event   bool         // of a put, which the watcher has not had
}

type eraserStep int8

const (
	choosing eraserStep = iota // list, and take a version that was not read
	reading
	acting
	listing // the listing after the last change
	done
)

// modelProtocol is what may be left out of the protocol.
type modelProtocol struct {
	versioned   bool // the bucket
	conditional bool // the cut is on the condition of the ETag
	suppressing bool // what comes back later is erased again
}

func (s *modelState) current() modelVersion { return s.versions[s.n-1] }

func (s *modelState) full() bool { return int(s.n) == len(s.versions) }

func (s *modelState) find(id int8) int8 {
	for i := range s.n {
		if s.versions[i].id == id {
			return i
		}
	}
	return -1
}

func (s *modelState) holds() bool {
	for _, v := range s.versions[:s.n] {
		if v.person {
			return true
		}
	}
	return false
}

func (s *modelState) put(p modelProtocol, update int8, person bool) {
	if !p.versioned && s.n == 1 {
		s.n = 0
	}
	s.versions[s.n] = modelVersion{s.nextID, update, person}
	s.nextID++
	s.n++
}

func (s *modelState) remove(i int8) {
	copy(s.versions[i:s.n], s.versions[i+1:s.n])
	s.n--
	s.versions[s.n] = modelVersion{}
}

// next are the states that one step of anybody leads to.
func (s modelState) next(p modelProtocol) (out []modelState) {
	if !s.written && !s.full() {
		t := s
		t.written, t.event = true, true
		t.updates++
		t.put(p, t.updates, false)
		out = append(out, t)
	}
	switch t := s; {
	case s.copying == 0:
		t.copying, t.copied = 1, s.current()
		out = append(out, t)
	case s.copying == 1 && !s.full():
		t.copying, t.event = 2, true
		t.updates++
		t.put(p, t.updates, s.copied.person) // the person's record, if it was there, is back
		out = append(out, t)
	}
	if s.event && s.step == done {
		t := s
		t.event = false
		if p.suppressing && t.holds() {
			t.step = choosing
		}
		out = append(out, t)
	}
	if s.step != done && s.crashes < 2 {
		t := s
		t.crashes++
		t.step, t.target, t.read = choosing, 0, 0
		out = append(out, t)
	}
	return append(out, s.erase(p)...)
}

// erase is a step of the eraser.
func (s modelState) erase(p modelProtocol) []modelState {
	at := s.find(s.target)
	switch s.step {
	case choosing:
		s.step = listing
		for i := s.n - 1; i >= 0; i-- {
			if v := s.versions[i]; s.read>>v.id&1 == 0 {
				s.step, s.target = reading, v.id
				break
			}
		}
	case reading:
		switch {
		case at < 0:
			s.step = choosing
		case s.versions[at].person:
			s.step = acting
		default:
			s.read |= 1 << s.target
			s.step = choosing
		}
	case acting:
		switch {
		case at >= 0 && at < s.n-1:
			s.remove(at)
		case at == s.n-1 || !p.conditional: // the condition is that it is current
			if s.full() {
				return nil
			}
			s.put(p, s.updateOf(at), false)
		}
		s.step, s.target = choosing, 0
	case listing:
		s.step, s.read = done, 0
		if s.holds() {
			s.step = choosing
		}
	case done:
		return nil
	}
	return []modelState{s}
}

// updateOf is what a cut of a version has of others' updates; of one that is gone,
// what it was read with, which here is the oldest.
func (s *modelState) updateOf(at int8) int8 {
	if at < 0 {
		return 0
	}
	return s.versions[at].update
}

func TestProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		modelProtocol
		loses, leaves bool // that it may: an update of others, the person
	}{
		"ours":                                   {modelProtocol{true, true, true}, false, false},
		"ours, in a bucket without versions":     {modelProtocol{false, true, true}, false, false},
		"without suppression":                    {modelProtocol{true, true, false}, false, true},
		"without a condition":                    {modelProtocol{false, false, true}, true, false},
		"without suppression, without versions":  {modelProtocol{false, true, false}, false, true},
		"without a condition or suppression too": {modelProtocol{false, false, false}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			var first modelState
			first.put(c.modelProtocol, 0, true)
			first.put(c.modelProtocol, 0, true)
			seen := map[modelState]bool{first: true}
			open := []modelState{first}
			var ends, lost, left, stuck int
			for len(open) > 0 {
				s := open[len(open)-1]
				open = open[:len(open)-1]
				next := s.next(c.modelProtocol)
				if s.step == done && s.written && s.copying == 2 && !s.event {
					ends++
					if s.current().update != s.updates {
						lost++
					}
					if s.holds() {
						left++
					}
				} else if len(next) == 0 {
					stuck++
				}
				for _, n := range next {
					if !seen[n] {
						seen[n] = true
						open = append(open, n)
					}
				}
			}
			t.Logf("%d states, %d ends: %d lose an update of others, %d leave the person", len(seen), ends, lost, left)
			if ends == 0 || stuck > 0 {
				t.Errorf("%d ends, and %d states that lead nowhere", ends, stuck)
			}
			if (lost > 0) != c.loses || (left > 0) != c.leaves {
				t.Errorf("it loses updates of others: %t, want %t; it leaves the person: %t, want %t", lost > 0, c.loses, left > 0, c.leaves)
			}
		})
	}
}
