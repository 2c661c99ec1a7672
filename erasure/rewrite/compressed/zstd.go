package compressed

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/erasure/rewrite/lines"
)

// maxWindow bounds the memory that a frame asks its reader to keep. It is what the
// zstd command reads without being told to.
const maxWindow = 128 << 20

// zstdCodec is RFC 8878.
type zstdCodec struct{ traces lines.Traces }

func (zstdCodec) name() string { return "zstd" }

func (c zstdCodec) parts(r *reader) parts { return &frames{r: r, traces: c.traces} }

func (zstdCodec) writer() (writer, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
}

// Magic numbers of skippable frames begin with the first; the second is the one of
// the seekable format.
const (
	skippable = 0x184d2a50
	seekTable = 0x184d2a5e
)

// frames are those of a zstd file.
type frames struct {
	r      *reader
	traces lines.Traces
	z      *zstd.Decoder
	aside  aside
	frame  frame
}

func (f *frames) next() error {
	ended, err := f.r.ended()
	if err != nil {
		return err
	}
	if ended {
		return io.EOF
	}
	head, err := f.r.Peek(zstd.HeaderMaxSize)
	if len(head) < 8 {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	f.aside = aside{}
	if magic := binary.LittleEndian.Uint32(head); magic&^0xf == skippable {
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		f.aside.only, f.aside.table = true, magic == seekTable
		if _, err := f.r.Discard(8); err != nil {
			return err
		}
		before := f.r.offset()
		if f.aside.names, err = search(f.traces, io.LimitReader(f.r, size)); err != nil {
			return err
		}
		if f.r.offset()-before < size {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	var h zstd.Header
	if err := h.Decode(head); err != nil {
		return err
	}
	if h.DictionaryID != 0 {
		return lethe.Errorf(lethe.Unsupported, "the object is compressed with a dictionary, %d", h.DictionaryID)
	}
	if h.WindowSize > maxWindow {
		return lethe.Errorf(lethe.Unsupported, "the object asks for %d MiB of memory to be decompressed; lethe gives it %d", h.WindowSize>>20, maxWindow>>20)
	}
	f.frame = frame{r: f.r, left: int64(h.HeaderSize), checksum: h.HasCheckSum}
	if f.z == nil {
		f.z, err = zstd.NewReader(&f.frame, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		return err
	}
	return f.z.Reset(&f.frame)
}

func (f *frames) Read(b []byte) (int, error) {
	if f.aside.only {
		return 0, io.EOF
	}
	n, err := f.z.Read(b)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = lethe.Errorf(lethe.Unsupported, "the object asks for more than %d MiB of memory to be decompressed", maxWindow>>20)
	}
	if err == io.EOF && !f.frame.done {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (f *frames) about() aside { return f.aside }

func (f *frames) close() {
	if f.z != nil {
		f.z.Close()
	}
}

// frame reads the bytes of one frame and no more: a header, blocks, of which each
// tells its length and the last that it is, and a checksum.
type frame struct {
	r        *reader
	left     int64 // of what is being read
	checksum bool
	last     bool // the last block was begun
	done     bool
}

func (f *frame) Read(b []byte) (int, error) {
	if f.left == 0 && !f.done {
		if err := f.block(); err != nil {
			return 0, err
		}
	}
	if f.done {
		return 0, io.EOF
	}
	n, err := f.r.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// block begins a block, with its header of three bytes, or what follows the last.
func (f *frame) block() error {
	if f.last {
		if f.checksum {
			f.checksum, f.left = false, 4
		} else {
			f.done = true
		}
		return nil
	}
	head, err := f.r.Peek(3)
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	h := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16
	f.last = h&1 != 0
	f.left = 3 + int64(h>>3)
	if h>>1&3 == 1 { // one byte, repeated
		f.left = 4
	}
	return nil
}
