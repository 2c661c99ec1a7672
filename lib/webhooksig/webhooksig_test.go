package webhooksig_test

import (
	"net/http"
	"testing"
	"time"

	"lethe/lib/webhooksig"
)

// TestSignature holds the example of the specification's reference libraries.
func TestSignature(t *testing.T) {
	key, err := webhooksig.Key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h, at, body := http.Header{}, time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)
	webhooksig.Sign(h, key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
	if !webhooksig.Signed(h, key, at.Add(4*time.Minute), body) {
		t.Error("the signature is refused")
	}
	if webhooksig.Signed(h, key, at.Add(6*time.Minute), body) || webhooksig.Signed(h, key, at, append(body, ' ')) || webhooksig.Signed(http.Header{}, key, at, body) {
		t.Error("an old signature, one of another body, or none is taken")
	}
	if _, err := webhooksig.Key("whsec_!"); err == nil {
		t.Error("a secret that is no base64 is taken")
	}
}
