package disk

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
)

// marks are the running CRC32 of a blob at some of its offsets, the last of them
// its end. A CRC is linear: from the values at two offsets follows that of the
// bytes between them, and from those of parts that of the whole. So the checksum
// of a spliced object costs reading a few hundred kilobytes and not all of it.
//
// They are kept in an extended attribute of the blob's file, so they come and go
// with it, and they are a help and no more: a blob without them is read.
type marks []mark

type mark struct {
	off int64
	sum uint32
}

const (
	markEvery = 256 << 10 // the distance at first; it doubles when there are too many
	maxMarks  = 256
	marksAttr = "user.lethe.crc32"
)

// marker sums up what is written to it.
type marker struct {
	marks
	every, at int64
	sum       uint32
}

func newMarker() *marker { return &marker{every: markEvery} }

func (m *marker) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := int(min(int64(len(rest)), m.every-m.at%m.every))
		m.sum = crc32.Update(m.sum, crc32.IEEETable, rest[:n])
		m.at += int64(n)
		if rest = rest[n:]; m.at%m.every == 0 {
			m.add(m.at, m.sum)
		}
	}
	return len(p), nil
}

// add appends a mark, and thins them out where there are too many.
func (m *marker) add(off int64, sum uint32) {
	if len(m.marks) == maxMarks {
		m.every *= 2
		kept := m.marks[:0]
		for i := 1; i < len(m.marks); i += 2 {
			kept = append(kept, m.marks[i])
		}
		m.marks = kept
	}
	m.marks = append(m.marks, mark{off, sum})
}

// end returns the marks of all that was written.
func (m *marker) end() marks {
	if len(m.marks) > 0 && m.marks[len(m.marks)-1].off == m.at {
		return m.marks
	}
	return append(m.marks, mark{m.at, m.sum})
}

// The attribute is 12 bytes for each mark, and the CRC32 of these.
func (m marks) encode() []byte {
	b := make([]byte, 0, len(m)*12+4)
	for _, x := range m {
		b = binary.BigEndian.AppendUint64(b, uint64(x.off))
		b = binary.BigEndian.AppendUint32(b, x.sum)
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// decodeMarks returns nil if b is not the marks of a blob of the given size.
func decodeMarks(b []byte, size int64) (m marks) {
	n := len(b) - 4
	if n < 12 || n%12 != 0 || crc32.ChecksumIEEE(b[:n]) != binary.BigEndian.Uint32(b[n:]) {
		return nil
	}
	for at := int64(0); n > 0; n -= 12 {
		x := mark{int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint32(b[8:])}
		if x.off <= at {
			return nil
		}
		m, b, at = append(m, x), b[12:], x.off
	}
	if m[len(m)-1].off != size {
		return nil
	}
	return m
}

// save keeps the marks of a blob with it. Small blobs need none, and where a
// file system has no such attributes there are none.
func (m marks) save(f *os.File) {
	if len(m) > 1 {
		_ = setAttr(f, marksAttr, m.encode())
	}
}

// loadMarks returns a blob's marks, nil if it has none.
func loadMarks(f *os.File, size int64) marks {
	b, err := getAttr(f, marksAttr, maxMarks*12+16)
	if err != nil {
		return nil
	}
	return decodeMarks(b, size)
}

// running returns the CRC32 of the blob's first off bytes. It reads from the
// last mark before off.
func (m marks) running(f io.ReaderAt, off int64) (uint32, error) {
	var from mark
	for _, x := range m {
		if x.off > off {
			break
		}
		from = x
	}
	buf := buffers.Get().(*[bufSize]byte)
	defer buffers.Put(buf)
	for from.off < off {
		n := min(off-from.off, int64(len(buf)))
		if n, err := f.ReadAt(buf[:n], from.off); err != nil && (err != io.EOF || n == 0) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		} else {
			from.sum = crc32.Update(from.sum, crc32.IEEETable, buf[:n])
			from.off += int64(n)
		}
	}
	return from.sum, nil
}

// keep adds n bytes of a blob from offset off, whose marks are m, to what is
// summed up.
func (w *marker) keep(m marks, f io.ReaderAt, off, n int64) error {
	before, err := m.running(f, off)
	if err != nil {
		return err
	}
	start, sum := w.at, w.sum
	to := func(x mark) {
		w.at, w.sum = start+x.off-off, shift(sum^before, x.off-off)^x.sum
	}
	for _, x := range m {
		if x.off > off && x.off < off+n {
			to(x)
			w.add(w.at, w.sum)
		}
	}
	last := mark{off: off + n}
	if last.sum, err = m.running(f, off+n); err != nil {
		return err
	}
	to(last)
	return nil
}

// shift is what becomes of a CRC32 when n bytes follow, as far as it is due to
// the bytes before: the CRC32 of A and then B is shift(crc(A), len(B)) ^ crc(B).
// It is a multiplication by x^(8n) modulo the polynomial (as crc32_combine of
// zlib has it).
func shift(sum uint32, n int64) uint32 {
	by := uint32(1 << 31) // x^0; bits are reversed
	for k := 3; n > 0; n >>= 1 {
		if n&1 != 0 {
			by = multiply(powers[k%32], by)
		}
		k++
	}
	return multiply(by, sum)
}

// powers[i] is x^(2^i); they repeat after 32.
var powers = func() (p [32]uint32) {
	p[0] = 1 << 30
	for i := 1; i < len(p); i++ {
		p[i] = multiply(p[i-1], p[i-1])
	}
	return p
}()

// multiply is the product of two polynomials modulo CRC32's.
func multiply(a, b uint32) (p uint32) {
	for m := uint32(1 << 31); m != 0; m >>= 1 {
		if a&m != 0 {
			p ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return p
}
