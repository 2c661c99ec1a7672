package seal

// OnStep calls f before each step of rotations.
func (k *Keyring) OnStep(f func(string)) { k.step = f }

// Keys tells how many keys the source holds.
func (s Source) Keys() (int, error) {
	all, err := s.read()
	return len(all), err
}
