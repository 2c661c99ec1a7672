package duckdb

// SessionLoad is what sessions are at.
type SessionLoad struct {
	Open int
	// Questions are under way, or wait for their session.
	Questions int
	Memory    int64 // bytes that their workers hold
}

// Load tells what the sessions are at now.
func (s *Sessions) Load() SessionLoad {
	var pids []int
	s.mu.Lock()
	l := SessionLoad{Open: len(s.open)}
	for _, x := range s.open {
		l.Questions += x.active
		select {
		case <-x.started:
			if x.p != nil {
				pids = append(pids, x.p.cmd.Process.Pid)
			}
		default: // it is being started
		}
	}
	s.mu.Unlock()
	for _, pid := range pids {
		l.Memory += residentSize(pid)
	}
	return l
}
