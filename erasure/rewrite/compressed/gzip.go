package compressed

import (
	"io"

	"github.com/klauspost/compress/gzip"

	"lethe/erasure/rewrite/lines"
)

// gzipCodec is RFC 1952.
type gzipCodec struct{ traces lines.Traces }

func (gzipCodec) name() string { return "gzip" }

func (c gzipCodec) parts(r *reader) parts { return &members{r: r, traces: c.traces} }

// Nothing is put into the headers: no name, no time, an unknown system.
func (gzipCodec) writer() (writer, error) { return gzip.NewWriter(nil), nil }

// members are those of a gzip file.
type members struct {
	r      *reader
	traces lines.Traces
	z      *gzip.Reader
}

func (m *members) next() error {
	ended, err := m.r.ended()
	switch {
	case err != nil:
		return err
	case ended:
		return io.EOF
	case m.z == nil:
		m.z, err = gzip.NewReader(m.r.Reader)
	default:
		err = m.z.Reset(m.r.Reader)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		m.z.Multistream(false)
	}
	return err
}

func (m *members) Read(b []byte) (int, error) { return m.z.Read(b) }

func (m *members) about() aside {
	h := m.z.Header
	return aside{names: m.traces.In([]byte(h.Name)) || m.traces.In([]byte(h.Comment)) || m.traces.In(h.Extra)}
}

func (m *members) close() {}
