package object

// Holder is a Store that looks, before it answers a deletion for good, after
// those who read the object through a Link.
type Holder interface {
	// Hold says that dir is the folder of somebody who reads objects through
	// links made below dir, and can be stopped. Whoever deletes what is linked
	// there waits a while for release, then calls cancel, which must not block,
	// and waits again; after that the linked files may be empty. release is to
	// be called once the links are removed and nobody has them open; calls after
	// the first do nothing.
	Hold(dir string, cancel func(cause error)) (release func())
}

// Hold calls the store's Hold, if it is a Holder. The bytes of other stores are
// copies.
func Hold(s Store, dir string, cancel func(cause error)) (release func()) {
	if h, ok := s.(Holder); ok {
		return h.Hold(dir, cancel)
	}
	return func() {}
}
