package hive

import (
	"context"
	"sync"
	"time"
)

// cache keeps answers for a while.
type cache struct {
	age time.Duration

	mu       sync.Mutex
	changes  int // how often it was cleared
	entries  map[key]entry
	nextTidy time.Time
}

// key is what was asked for: a kind of thing, a database and a table.
type key struct{ kind, database, table string }

type entry struct {
	value any
	until time.Time
}

// most entries that are kept; when there are more, all are forgotten.
const mostEntries = 20_000

// clear forgets everything, also the answers that are on their way: they may be
// from before the change.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.entries)
}

func (c *cache) get(k key) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok || time.Now().After(e.until) {
		return nil, false
	}
	return e.value, true
}

// put keeps what was asked for at a time, unless something has changed since.
func (c *cache) put(k key, v any, asked time.Time, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age < 0 || c.changes != changes {
		return
	}
	if now := time.Now(); now.After(c.nextTidy) { // old ones are not worth their memory
		for k, e := range c.entries {
			if now.After(e.until) {
				delete(c.entries, k)
			}
		}
		c.nextTidy = now.Add(10 * c.age)
	}
	if len(c.entries) >= mostEntries {
		clear(c.entries)
	}
	if c.entries == nil {
		c.entries = map[key]entry{}
	}
	c.entries[k] = entry{v, asked.Add(c.age)}
}

func (c *cache) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

// cached answers from memory, or asks the nodes. What it returns is shared.
func cached[T any](ctx context.Context, c *Catalog, k key, do func(*conn) (T, error)) (T, error) {
	if v, ok := c.cache.get(k); ok {
		return v.(T), nil
	}
	asked, changes := time.Now(), c.cache.seen()
	v, err := read(ctx, c, do)
	if err == nil {
		c.cache.put(k, v, asked, changes)
	}
	return v, err
}
