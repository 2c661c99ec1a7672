package access

import (
	"sync"

	"lethe/lib/policy"
)

// maxCached bounds each cache. Beyond it all is forgotten, which costs reading again.
const maxCached = 10_000

// cache keeps what was read from the state database until the next change of
// anything. What it holds belongs to one generation; a change begins the next.
type cache[V any] struct {
	mu         sync.RWMutex
	generation uint64
	values     map[string]V
}

func (c *cache[V]) get(key string, generation uint64) (v V, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.generation != generation {
		return v, false
	}
	v, ok = c.values[key]
	return v, ok
}

// put keeps what was read. The generation is that from before it was read: if
// something changed meanwhile, it is forgotten at once.
func (c *cache[V]) put(key string, generation uint64, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case generation < c.generation:
		return
	case generation > c.generation || len(c.values) >= maxCached || c.values == nil:
		c.generation, c.values = generation, map[string]V{}
	}
	c.values[key] = v
}

// parsed keeps compiled policies by their text, so that a change of one costs
// compiling one.
type parsed struct {
	mu       sync.Mutex
	policies map[parsedKey]*policy.Policy
}

type parsedKey struct {
	kind policy.Kind
	text string
}

// parse compiles a document that was checked when it was stored.
func (c *parsed) parse(text string, k policy.Kind) (*policy.Policy, error) {
	c.mu.Lock()
	p := c.policies[parsedKey{k, text}]
	c.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := policy.Parse([]byte(text), k)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.policies == nil || len(c.policies) >= maxCached {
		c.policies = map[parsedKey]*policy.Policy{}
	}
	c.policies[parsedKey{k, text}] = p
	return p, nil
}
