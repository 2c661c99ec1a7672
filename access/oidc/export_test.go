package oidc

// Forget lets p ask its provider anew at once.
func Forget(p *Provider) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = nil
}
