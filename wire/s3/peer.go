package s3

import (
	"net"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v3"

	"lethe/access"
)

// peer is how the shared port tells the gateway whom a request comes from: in a
// header with a secret that only this process knows, so that no client can say it.
type peer string

const peerHeader = "Lethe-Peer"

// tell adds the header to a request on its way to the gateway.
func (p peer) tell(out http.Header, in *http.Request) {
	out.Set(peerHeader, string(p)+" "+access.HostOf(in.RemoteAddr))
}

// hear makes the address that was told the request's own.
func (p peer) hear(c fiber.Ctx) error {
	told := c.Get(peerHeader)
	c.Request().Header.Set(peerHeader, "") // not Del, which changes the order of other headers
	if addr, ok := strings.CutPrefix(told, string(p)+" "); ok {
		if ip := net.ParseIP(addr); ip != nil {
			c.RequestCtx().SetRemoteAddr(&net.TCPAddr{IP: ip})
		}
	}
	return c.Next()
}
