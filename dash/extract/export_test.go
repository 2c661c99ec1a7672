package extract

// Reached has f called at the moments of refreshes, of services opened from now on.
func Reached(f func(moment string)) { reached = f }

// Look lets the service look at its schedules now.
func (s *Service) Look() { s.nudge() }
