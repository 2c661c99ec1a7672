package erasure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/object"
)

// Preview is what a mapping would find, by a sample. It holds counts only, and keys
// without the identifiers in them.
type Preview struct {
	// Objects and Bytes are of the current versions that lie under the mapping;
	// More says that there are more than were counted.
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	More    bool  `json:"more,omitempty"`
	Read    int64 `json:"read"` // objects that were read: the Samples
	// Samples are drawn from all at random.
	Samples []Sample `json:"samples,omitzero"`
	// Problems are what is wrong with the mapping, or what it leaves unknown.
	Problems []Problem `json:"problems,omitzero"`
}

// Sample is an object that was read for a Preview.
type Sample struct {
	Bucket      string  `json:"bucket"`
	Key         string  `json:"key"`
	Records     int64   `json:"records"` // that were read
	Identifiers []Count `json:"identifiers,omitzero"`
}

// Count counts the identifiers of one entry of a mapping.
type Count struct {
	Type     string `json:"type"`
	Found    int64  `json:"found"`
	Distinct int64  `json:"distinct"`
}

// Problem says what is wrong with a mapping.
type Problem struct {
	Where   string `json:"where"` // the mapping, an object, or identifiers[0]
	Message string `json:"message"`
}

// What a Preview looks at.
const (
	previewListed  = 100_000
	previewSamples = 20
	previewRecords = 1000
	previewTime    = 10 * time.Second
)

// Preview checks a mapping, and reads a sample of its objects, without keeping
// anything. What is wrong with it is in Problems; an error says that it could not be
// looked at.
func (s *Service) Preview(ctx context.Context, m Mapping) (p Preview, err error) {
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	if m.Name == "" {
		m.Name = "preview"
	}
	m.Database, m.Table = strings.ToLower(m.Database), strings.ToLower(m.Table)
	k, err := s.known(ctx)
	if err != nil {
		return p, err
	}
	places, err := s.places(ctx, m, k.types)
	switch lethe.KindOf(err) {
	case lethe.Invalid, lethe.NotFound, lethe.Unsupported:
		if err != nil {
			p.Problems = append(p.Problems, Problem{"mapping", strings.TrimPrefix(err.Error(), "mapping "+m.Name+": ")})
			return p, nil
		}
	}
	if err != nil {
		return p, err
	}
	c := &scope{places: places}
	c.sort()
	samples, err := s.sample(ctx, c, &p)
	if err != nil {
		return p, outOfTime(err, &p)
	}
	if p.Objects == 0 {
		p.Problems = append(p.Problems, Problem{"mapping", "no object lies there"})
	}
	found := make([]int64, len(m.Identifiers))
	l := s.looker(c)
	for _, o := range samples {
		if err := s.readSample(ctx, l, o, &p, found); err != nil {
			return p, outOfTime(err, &p)
		}
	}
	for i, n := range found {
		if n == 0 && p.Read > 0 {
			p.Problems = append(p.Problems, Problem{fmt.Sprintf("identifiers[%d]", i), m.Identifiers[i].Where() + " had no identifier in any object that was read"})
		}
	}
	return p, nil
}

// outOfTime makes a Problem of it that time has run out.
func outOfTime(err error, p *Preview) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p.More = true
	p.Problems = append(p.Problems, Problem{"mapping", fmt.Sprintf("the time of %v was over before all of the sample was read", previewTime)})
	return nil
}

// sample counts the objects of a scope, and draws some of them.
func (s *Service) sample(ctx context.Context, c *scope, p *Preview) (drawn []object.Object, err error) {
	for _, root := range c.roots() {
		for o, err := range object.All(ctx, s.Store, root.Bucket, root.Key) {
			if lethe.Is(err, lethe.NotFound) {
				p.Problems = append(p.Problems, Problem{"mapping", "there is no bucket " + root.Bucket})
				break
			} else if err != nil {
				return nil, err
			}
			if len(c.covers(o.Bucket, o.Key)) == 0 {
				continue
			}
			if p.Objects == previewListed {
				p.More = true
				return drawn, nil
			}
			p.Objects++
			p.Bytes += o.Size
			if len(drawn) < previewSamples {
				drawn = append(drawn, o)
			} else if i := rand.Int64N(p.Objects); i < previewSamples { // each with the same chance (Knuth, 3.4.2, algorithm R)
				drawn[i] = o
			}
		}
	}
	slices.SortFunc(drawn, func(a, b object.Object) int { return strings.Compare(a.Key, b.Key) })
	return drawn, nil
}

// readSample reads an object of the sample; found counts by entries of the mapping.
func (s *Service) readSample(ctx context.Context, l *looker, o object.Object, p *Preview, found []int64) error {
	covers := l.c.covers(o.Bucket, o.Key)
	sample := Sample{Bucket: o.Bucket, Key: s.shown(covers, o.Key)}
	problem := func(err error) error {
		if !stays(err) {
			return err
		}
		p.Problems = append(p.Problems, Problem{"s3://" + o.Bucket + "/" + sample.Key, s.hide(covers, o.Key, err).Error()})
		return nil
	}
	vs, err := s.versions(ctx, o.Bucket, o.Key)
	if err != nil {
		return err
	}
	tasks, err := l.versions(ctx, vs[:min(1, len(vs))])
	if err != nil {
		return problem(err)
	}
	if len(tasks) == 0 || tasks[0].gone || tasks[0].Marker || len(tasks[0].looks) == 0 {
		return nil // by now
	}
	k := tasks[0].looks[0]
	distinct := make([]map[string]bool, len(k.Identifiers))
	count := func(i int, value string) {
		if distinct[i] == nil {
			distinct[i] = map[string]bool{}
		}
		distinct[i][value] = true
		found[i]++
		sample.Identifiers[i].Found++
	}
	for _, id := range k.Identifiers {
		sample.Identifiers = append(sample.Identifiers, Count{Type: id.Type})
	}
	for _, c := range k.claims {
		count(c.from, c.value)
	}
	err = k.unknown
	if columns := k.columns(); err == nil && k.doc == nil && len(columns) > 0 {
		err = s.readSampleRecords(ctx, k, tasks[0].Object, &sample, count)
	}
	for i := range sample.Identifiers {
		sample.Identifiers[i].Distinct = int64(len(distinct[i]))
	}
	p.Read++
	p.Samples = append(p.Samples, sample)
	if err != nil {
		return problem(err)
	}
	return nil
}

func (s *Service) readSampleRecords(ctx context.Context, k look, o object.Object, sample *Sample, count func(i int, value string)) error {
	f, err := s.format(k.cover, o.Key)
	if err != nil {
		return err
	}
	unreadable := 0
	for r, err := range f.Records(ctx, content{ctx, s.Store, o}, k.columns(), nil) {
		if err != nil {
			return err
		}
		sample.Records++
		if r.Unreadable {
			unreadable++
		} else {
			k.each(r.Values, func(i int, v string) bool {
				count(i, v)
				return true
			})
		}
		if sample.Records == previewRecords {
			break
		}
	}
	if unreadable > 0 {
		return lethe.Errorf(lethe.BadData, "%d of %d records cannot be read", unreadable, sample.Records)
	}
	return nil
}
