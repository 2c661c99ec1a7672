package event

import (
	"slices"
	"strings"

	"lethe"
)

// Notifications is a bucket's notification configuration: which of its events
// go to which targets. The kinds of targets are Amazon's words for them; here
// any of the process's targets may stand under any of them.
type Notifications struct {
	Queues    []Rule `json:",omitempty"`
	Topics    []Rule `json:",omitempty"`
	Functions []Rule `json:",omitempty"`
	// Bus is the target that gets every event, as Amazon EventBridge does; ""
	// if none.
	Bus string `json:",omitempty"`
}

// Names are the events that a rule may ask for.
var Names = []string{
	"ObjectCreated:*", "ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload",
	"ObjectRemoved:*", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated",
	"ObjectTagging:*", "ObjectTagging:Put", "ObjectTagging:Delete",
	"LifecycleExpiration:*", "LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated",
}

const maxRules = 100 // Amazon S3's limit for a bucket

// Rules are all rules, for whoever delivers.
func (n Notifications) Rules() []Rule {
	all := slices.Concat(n.Queues, n.Topics, n.Functions)
	if n.Bus != "" {
		var every []string
		for _, name := range Names {
			if strings.HasSuffix(name, ":*") {
				every = append(every, name)
			}
		}
		all = append(all, Rule{ID: "EventBridge", Target: n.Bus, Events: every})
	}
	return all
}

// Check says what is wrong with the configuration; errors are of kind Invalid.
// Two rules of one kind may not ask for the same event of the same key, because
// it would be sent twice.
func (n Notifications) Check() error {
	if have := len(n.Queues) + len(n.Topics) + len(n.Functions); have > maxRules {
		return lethe.Errorf(lethe.Invalid, "a bucket has at most %d notification rules, not %d", maxRules, have)
	}
	ids := map[string]bool{}
	for _, kind := range [][]Rule{n.Queues, n.Topics, n.Functions} {
		for i, r := range kind {
			switch {
			case ids[r.ID]:
				return lethe.Errorf(lethe.Invalid, "same ID used for multiple configurations: %q; IDs must be unique", r.ID)
			case r.Target == "":
				return lethe.Errorf(lethe.Invalid, "notification rule %q names no target", r.ID)
			case len(r.Events) == 0:
				return lethe.Errorf(lethe.Invalid, "notification rule %q asks for no event", r.ID)
			}
			ids[r.ID] = true
			for _, e := range r.Events {
				if !slices.Contains(Names, strings.TrimPrefix(e, "s3:")) {
					return lethe.Errorf(lethe.Invalid, "event %s is not supported for notifications", e).
						WithHint("there are s3:%s", strings.Join(Names, ", s3:"))
				}
			}
			for _, other := range kind[:i] {
				if r.overlaps(other) {
					return lethe.Errorf(lethe.Invalid, "configuration is ambiguously defined: rules %q and %q ask for the same event of the same keys", other.ID, r.ID)
				}
			}
		}
	}
	return nil
}

// overlaps reports whether one event may match both rules.
func (r Rule) overlaps(o Rule) bool {
	begins := strings.HasPrefix(r.Prefix, o.Prefix) || strings.HasPrefix(o.Prefix, r.Prefix)
	ends := strings.HasSuffix(r.Suffix, o.Suffix) || strings.HasSuffix(o.Suffix, r.Suffix)
	if !begins || !ends {
		return false
	}
	covers := func(a, b string) bool {
		a, b = strings.TrimPrefix(a, "s3:"), strings.TrimPrefix(b, "s3:")
		return a == b || strings.HasSuffix(a, ":*") && strings.HasPrefix(b, a[:len(a)-1])
	}
	for _, a := range r.Events {
		for _, b := range o.Events {
			if covers(a, b) || covers(b, a) {
				return true
			}
		}
	}
	return false
}
