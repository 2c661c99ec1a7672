package parquet

import (
	"bytes"
	"io"
	"strconv"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codecs, by their numbers in the format.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5
	codecZstd   = 6
	codecLZ4Raw = 7
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// knownCodec answers an error for a codec that pages cannot be written in.
func knownCodec(codec int64) error {
	switch codec {
	case codecNone, codecSnappy, codecGzip, codecBrotli, codecZstd, codecLZ4Raw:
		return nil
	case codecLZO:
		return unsupported("compression with LZO")
	case codecLZ4:
		return unsupported("compression with LZ4 in Hadoop's framing (LZ4_RAW is supported)")
	}
	return unsupported("compression of number %d", codec)
}

// Coders keep tables of some megabytes, so they are kept for the next page.
var (
	zstdReaders = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxPage))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	}}
	zstdWriters = sync.Pool{New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err)
		}
		return e
	}}
	gzipReaders   = sync.Pool{New: func() any { return new(gzip.Reader) }}
	gzipWriters   = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	brotliReaders = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
	brotliWriters = sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 5) }}
	lz4Writers    = sync.Pool{New: func() any { return new(lz4.Compressor) }}
)

// decompress returns the size bytes that b holds, by way of buf if that is large
// enough. It takes no more memory than that, whatever b says.
func decompress(codec int64, buf, b []byte, size int) ([]byte, error) {
	if codec == codecNone {
		if len(b) != size {
			return nil, damaged("%d bytes where there must be %d", len(b), size)
		}
		return b, nil
	}
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	var n int
	var err error
	switch codec {
	case codecSnappy:
		if n, err = snappy.DecodedLen(b); err == nil && n == size {
			var out []byte
			out, err = snappy.Decode(buf, b)
			n = len(out)
		}
	case codecGzip:
		z := gzipReaders.Get().(*gzip.Reader)
		defer gzipReaders.Put(z)
		if err = z.Reset(bytes.NewReader(b)); err == nil {
			n, err = fill(buf, z)
		}
	case codecBrotli:
		z := brotliReaders.Get().(*brotli.Reader)
		defer brotliReaders.Put(z)
		if err = z.Reset(bytes.NewReader(b)); err == nil {
			n, err = fill(buf, z)
		}
	case codecZstd:
		z := zstdReaders.Get().(*zstd.Decoder)
		defer zstdReaders.Put(z)
		var out []byte
		out, err = z.DecodeAll(b, buf[:0:size])
		n = len(out)
	case codecLZ4Raw:
		if size > 0 || len(b) > 1 {
			n, err = lz4.UncompressBlock(b, buf)
		}
	default:
		return nil, knownCodec(codec)
	}
	if err != nil {
		return nil, damaged("compressed bytes: %v", err)
	}
	if n != size {
		return nil, damaged("%d bytes come of what must be %d", n, size)
	}
	return buf, nil
}

// fill reads exactly what fits into buf; it says one more if there is more.
func fill(buf []byte, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	var more [1]byte
	switch k, err := io.ReadFull(r, more[:]); {
	case k > 0:
		return n + 1, nil
	case err != io.EOF:
		return n, err
	}
	return n, nil
}

// appendCompressed appends b compressed.
func appendCompressed(codec int64, dst, b []byte) ([]byte, error) {
	switch codec {
	case codecNone:
		return append(dst, b...), nil
	case codecSnappy:
		at := len(dst)
		dst = grow(dst, snappy.MaxEncodedLen(len(b)))
		return dst[:at+len(snappy.Encode(dst[at:], b))], nil
	case codecGzip:
		z := gzipWriters.Get().(*gzip.Writer)
		defer gzipWriters.Put(z)
		out := bytes.NewBuffer(dst)
		z.Reset(out)
		return finish(out, z, b)
	case codecBrotli:
		z := brotliWriters.Get().(*brotli.Writer)
		defer brotliWriters.Put(z)
		out := bytes.NewBuffer(dst)
		z.Reset(out)
		return finish(out, z, b)
	case codecZstd:
		z := zstdWriters.Get().(*zstd.Encoder)
		defer zstdWriters.Put(z)
		return z.EncodeAll(b, dst), nil
	case codecLZ4Raw:
		if len(b) == 0 {
			return append(dst, 0), nil // an empty block, of one empty sequence
		}
		z := lz4Writers.Get().(*lz4.Compressor)
		defer lz4Writers.Put(z)
		at := len(dst)
		dst = grow(dst, lz4.CompressBlockBound(len(b)))
		n, err := z.CompressBlock(b, dst[at:])
		return dst[:at+n], err
	}
	return nil, knownCodec(codec)
}

// grow returns b with n more bytes.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		b = append(make([]byte, 0, len(b)+n), b...)
	}
	return b[:len(b)+n]
}

func finish(out *bytes.Buffer, z io.WriteCloser, b []byte) ([]byte, error) {
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
