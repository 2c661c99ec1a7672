package dialect

import "sync"

// cache keeps what is made of texts that recur in row after row: patterns,
// formats, paths, zones. It is bounded, because the texts may come from data.
type cache[V any] struct {
	mu sync.RWMutex
	m  map[string]V
}

const (
	cacheSize = 1000 // entries; then all go
	cacheText = 4096 // bytes of a text worth keeping
)

// get returns the value for a text, made by f at first.
func (c *cache[V]) get(text string, f func() V) V {
	c.mu.RLock()
	v, ok := c.m[text]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = f()
	if len(text) > cacheText {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= cacheSize {
		c.m = map[string]V{}
	}
	c.m[text] = v
	return v
}

// result is a value or why there is none.
type result[V any] struct {
	value V
	err   error
}
