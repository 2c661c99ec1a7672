// Package ca is a certificate authority for the servers of one installation: made once,
// kept by its user, and trusted by those who are given its certificate.
//
//	a, err := ca.New("example", time.Now())
//	cert, key := a.PEM() // to be kept; the key is a secret
//	server, err := a.Issue([]string{"localhost", "127.0.0.1"}, time.Now())
//
// Keys are ECDSA on P-256. An authority signs servers' certificates only, and no other
// authority's.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// How long certificates hold. What an authority signs does not outlast it.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 365 * 24 * time.Hour
	// clocks of clients may be that much behind.
	early = time.Hour
)

// Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Server is a server's certificate and its key, in PEM.
type Server struct {
	Cert, Key []byte
	Until     time.Time
}

// New makes an authority of a name.
func New(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-early), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := sign(t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{cert, key}, nil
}

// Parse reads what PEM has written.
func Parse(cert, key []byte) (*Authority, error) {
	c, _ := pem.Decode(cert)
	k, _ := pem.Decode(key)
	if c == nil || k == nil {
		return nil, errors.New("authority: not in PEM")
	}
	x, err := x509.ParseCertificate(c.Bytes)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(k.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key of authority %s: %w", x.Subject.CommonName, err)
	}
	ec, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !ec.PublicKey.Equal(x.PublicKey) {
		return nil, fmt.Errorf("key of authority %s: it is another's", x.Subject.CommonName)
	}
	if !x.IsCA {
		return nil, fmt.Errorf("authority %s: the certificate is not an authority's", x.Subject.CommonName)
	}
	return &Authority{x, ec}, nil
}

// PEM returns the certificate, for everyone, and the key, for nobody.
func (a *Authority) PEM() (cert, key []byte) {
	return encode("CERTIFICATE", a.Cert.Raw), encodeKey(a.key)
}

// Thumbprint is the SHA-1 of the certificate, in hexadecimal digits, by which AWS names
// certificates. Nothing is secured by it.
func (a *Authority) Thumbprint() string {
	h := sha1.Sum(a.Cert.Raw)
	return hex.EncodeToString(h[:])
}

// Issue makes a key and a certificate for a server of these hosts, which are names or
// addresses.
func (a *Authority) Issue(hosts []string, now time.Time) (Server, error) {
	if len(hosts) == 0 {
		return Server{}, errors.New("a certificate for no host")
	}
	until := now.Add(serverLife)
	if until.After(a.Cert.NotAfter) {
		until = a.Cert.NotAfter
	}
	if !until.After(now) {
		return Server{}, fmt.Errorf("authority %s has expired on %s", a.Cert.Subject.CommonName, a.Cert.NotAfter.Format(time.DateOnly))
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: hosts[0]},
		NotBefore: now.Add(-early), NotAfter: until, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	seen := map[string]bool{}
	for _, h := range hosts {
		if seen[h] {
			continue
		}
		seen[h] = true
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Server{}, err
	}
	cert, err := sign(t, a.Cert, key.Public(), a.key)
	if err != nil {
		return Server{}, err
	}
	return Server{encode("CERTIFICATE", cert.Raw), encodeKey(key), cert.NotAfter}, nil
}

// Due reports whether a certificate that holds until then is to be issued anew: when a
// third of a server's year is left.
func Due(until, now time.Time) bool { return until.Sub(now) < serverLife/3 }

func sign(t, parent *x509.Certificate, public crypto.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// serial returns a random serial number, of 20 octets at most (RFC 5280, section 4.1.2.2).
func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:])
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic("ca: a key on P-256 that cannot be written: " + err.Error())
	}
	return encode("PRIVATE KEY", der)
}
