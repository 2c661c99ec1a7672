package remote

import (
	"lethe/object"
)

// limits are S3's bounds of an upload's parts; tests plan with smaller ones.
type limits struct {
	minPart, maxCopy int64 // bytes
	target           int64 // how large a part that is sent is to be; at least minPart
	maxParts         int
}

var s3Limits = limits{minPart: minPart, maxCopy: maxCopy, target: 8 << 20, maxParts: maxParts}

// part is a part of a spliced object: copied within the store (sent is nil), or
// sent, made of these pieces.
type part struct {
	off, len int64 // of the old object, if copied
	sent     []object.Piece
}

func (p part) size() (n int64) {
	if p.sent == nil {
		return p.len
	}
	for _, x := range p.sent {
		n += x.Len
	}
	return n
}

// window is a run of the old object that is replaced by parts that are sent:
// some edits, what lies between them, and as much around as a part needs.
type window struct {
	from, to    int64 // of the old object
	first, last int   // edits: [first, last)
	size        int64 // of what takes its place
}

// plan says how to make a spliced object of size bytes by copying and sending
// parts, moving few bytes. ok is false if sending everything moves no more, or if
// no parts would do. The edits must be in order.
//
// Every part but the last has at least minPart bytes, so an edit that brings less
// takes in kept bytes around it, which are fetched and sent again: from the right,
// and at the end of the object from the left. What lies between two windows is
// copied, unless it is too short to be a part; then the windows become one. Two
// windows also become one if that moves less than filling up both.
func (l limits) plan(size int64, edits []object.Edit) (parts []part, ok bool) {
	var ws []window
	for i, e := range edits {
		w := window{from: e.Off, to: e.Off + e.Len, first: i, last: i + 1, size: e.NewLen()}
		if n := len(ws); n > 0 && l.joins(ws[n-1], w) {
			ws[n-1] = joined(ws[n-1], w)
			continue
		}
		ws = append(ws, w)
	}
	ws = l.fill(size, ws)
	var at int64
	var moved, whole int64 = 0, size
	for _, w := range ws {
		parts = l.copied(parts, at, w.from)
		pieces := piecesOf(w, edits)
		for _, p := range pieces {
			if moved += p.Len; p.Data == nil {
				moved += p.Len // fetched, too
			}
		}
		parts = l.sent(parts, pieces)
		whole += w.size - (w.to - w.from)
		at = w.to
	}
	parts = l.copied(parts, at, size)
	// To send everything is to fetch what stays and to send what comes of it.
	whole += size
	for _, e := range edits {
		whole -= e.Len
	}
	return parts, moved < whole && len(parts) > 0 && l.valid(parts)
}

// need is how many bytes a window lacks to be a part.
func (l limits) need(w window) int64 { return max(0, l.minPart-w.size) }

// joins says whether it is better, or necessary, to make two neighbours one.
func (l limits) joins(a, b window) bool {
	gap := b.from - a.to
	return gap < l.minPart+l.need(a) || gap <= l.need(a)+l.need(b)
}

func joined(a, b window) window {
	return window{a.from, b.to, a.first, b.last, a.size + (b.from - a.to) + b.size}
}

// fill takes kept bytes into the windows until each is large enough and what
// lies between them, or before the first, is large enough to be copied or empty.
func (l limits) fill(size int64, ws []window) (out []window) {
	for _, w := range ws {
		start := int64(0)
		if n := len(out); n > 0 {
			start = out[n-1].to
		}
		if gap := w.from - start; gap < l.minPart { // too short to be copied
			if n := len(out); n > 0 {
				w = joined(out[n-1], w)
				out = out[:n-1]
			} else {
				w.from, w.size = 0, w.size+gap
			}
		}
		// A last part may be small; so the bytes after the last window are
		// taken, if that is fewer than the window needs.
		more := min(l.need(w), size-w.to)
		w.to, w.size = w.to+more, w.size+more
		out = append(out, w)
	}
	return out
}

// copied appends the parts that copy [from, to).
func (l limits) copied(parts []part, from, to int64) []part {
	for n := to - from; n > 0; n = to - from {
		if n > l.maxCopy {
			// What remains must be a part, too.
			n = min(l.maxCopy, n-l.minPart)
		}
		parts = append(parts, part{off: from, len: n})
		from += n
	}
	return parts
}

// sent appends the parts that send pieces, each of about the size that is aimed at.
func (l limits) sent(parts []part, pieces []object.Piece) []part {
	var left int64
	for _, p := range pieces {
		left += p.Len
	}
	for left > 0 {
		n := left
		if n >= l.target+l.minPart {
			n = l.target
		}
		var some []object.Piece
		for want := n; want > 0; {
			p := pieces[0]
			if p.Len > want {
				pieces[0].Off, pieces[0].Len = p.Off+want, p.Len-want
				p.Len = want
			} else {
				pieces = pieces[1:]
			}
			some = append(some, p)
			want -= p.Len
		}
		parts = append(parts, part{sent: some})
		left -= n
	}
	return parts
}

// piecesOf returns what a window is replaced by.
func piecesOf(w window, edits []object.Edit) (ps []object.Piece) {
	at := w.from
	for _, e := range edits[w.first:w.last] {
		if e.Off > at {
			ps = append(ps, object.Piece{Off: at, Len: e.Off - at})
		}
		if n := e.NewLen(); n > 0 {
			ps = append(ps, object.Piece{Len: n, Data: e.Data})
		}
		at = e.Off + e.Len
	}
	if at < w.to {
		ps = append(ps, object.Piece{Off: at, Len: w.to - at})
	}
	return ps
}

// valid reports whether S3 takes the parts.
func (l limits) valid(parts []part) bool {
	for i, p := range parts {
		if n := p.size(); i < len(parts)-1 && n < l.minPart || p.sent == nil && n > l.maxCopy || n == 0 {
			return false
		}
	}
	return len(parts) <= l.maxParts
}
