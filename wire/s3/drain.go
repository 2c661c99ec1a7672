package s3

import (
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api/utils"
)

// Bounds of what is read of a body after the answer is known.
const (
	drainBytes = 256 << 10
	drainTime  = time.Second
)

// drainChunked reads a body of chunks (RFC 9112, section 7.1) to its end before
// the answer goes out. The front end does so with bodies whose length is told, and
// not with these: it stops where the content ends, before the last chunk, of
// which the next request on the connection would then seem to begin. Clients send
// such bodies when they do not know the length, as the SDK for C++ does, which is
// in Arrow.
func drainChunked(c fiber.Ctx) error {
	stream := c.Request().BodyStream()
	if stream == nil || c.Request().Header.ContentLength() != -1 {
		return c.Next()
	}
	body := &ended{r: stream}
	utils.ContextKeyBodyReader.Set(c, body)
	defer func() {
		conn := c.RequestCtx().Conn()
		if conn.SetReadDeadline(time.Now().Add(drainTime)) == nil {
			_, _ = io.CopyN(io.Discard, body, drainBytes)
			_ = conn.SetReadDeadline(time.Time{})
		}
		if !body.end {
			c.Response().SetConnectionClose()
		}
	}()
	return c.Next()
}

// ended remembers the end of a body, after which its stream must not be read: it
// would wait for another chunk.
type ended struct {
	r   io.Reader
	end bool
}

func (b *ended) Read(p []byte) (int, error) {
	if b.end {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	b.end = errors.Is(err, io.EOF)
	return n, err
}
