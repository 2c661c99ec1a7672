package instance

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/lib/ca"
)

// authorityName begins the identifiers of the authorities, which end in their generation.
const authorityName = "lethe-ca-g"

// renewAuthority is how long before its end an authority is followed by the next: longer
// than the certificates that it signs hold.
const renewAuthority = 2 * 365 * 24 * time.Hour

// authority is one of this installation.
type authority struct {
	*ca.Authority
	ID string // its CACertificateIdentifier
}

// authorities reads all of them, the newest last.
func (l *Local) authorities(ctx context.Context, tx *sql.Tx) (all []authority, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT generation, cert, key FROM instance_authorities ORDER BY generation`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var generation int
		var cert, sealed string
		if err := rows.Scan(&generation, &cert, &sealed); err != nil {
			return nil, err
		}
		id := authorityName + strconv.Itoa(generation)
		key, err := l.Keys.Unseal(sealed, "instance_authorities", id, "key")
		if err != nil {
			return nil, err
		}
		a, err := ca.Parse([]byte(cert), key)
		if err != nil {
			return nil, err
		}
		all = append(all, authority{a, id})
	}
	return all, rows.Err()
}

// signer returns all authorities; the last, which signs, is made if there is none, or if
// it ends soon.
func (l *Local) signer(ctx context.Context, tx *sql.Tx) ([]authority, error) {
	all, err := l.authorities(ctx, tx)
	if err != nil {
		return nil, err
	}
	now := l.now()
	if n := len(all); n > 0 && all[n-1].Cert.NotAfter.Sub(now) > renewAuthority {
		return all, nil
	}
	generation := len(all) + 1
	id := authorityName + strconv.Itoa(generation)
	a, err := ca.New(id, now)
	if err != nil {
		return nil, err
	}
	cert, key := a.PEM()
	_, err = tx.ExecContext(ctx, `INSERT INTO instance_authorities (generation, cert, key) VALUES ($1, $2, $3)`, generation, string(cert), l.Keys.Seal(key, "instance_authorities", id, "key"))
	return append(all, authority{a, id}), err
}

// certify makes the certificate of an instance's server, whose resource id is given, and
// seals its key. It is for the endpoint's address, and for all names of this host.
func (l *Local) certify(ctx context.Context, tx *sql.Tx, id string) (cert, error) {
	all, err := l.signer(ctx, tx)
	if err != nil {
		return cert{}, err
	}
	a := all[len(all)-1]
	s, err := a.Issue(l.hosts(), l.now())
	if err != nil {
		return cert{}, err
	}
	own, _ := a.PEM()
	return cert{Cert: string(s.Cert), CA: string(own), Key: l.Keys.Seal(s.Key, "instance", id, "key"), Authority: a.ID, Until: s.Until}, nil
}

// Renew has certificates replaced that end in some months, in the maintenance windows of
// their instances: it puts that among what the instances wait for.
func (l *Local) Renew(ctx context.Context) error {
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if !l.ages(&r) {
			continue
		}
		_, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
			if !l.ages(r) {
				return nil // meanwhile
			}
			all, err := l.signer(ctx, tx)
			if err != nil {
				return err
			}
			r.Pending.CACertificateIdentifier = ptr(all[len(all)-1].ID)
			return l.event(ctx, tx, r.source(), "maintenance", "The server's certificate ends on %s, and is replaced in the maintenance window", r.Cert.Until.Format(time.DateOnly))
		})
		if err != nil && !errors.Is(err, errGone) {
			return fmt.Errorf("certificate of instance %s: %w", r.Name, err)
		}
	}
	return nil
}

// ages says that an instance's certificate is to be replaced, and that nobody has said so yet.
func (l *Local) ages(r *record) bool {
	return r.steady() && !r.Cert.Until.IsZero() && ca.Due(r.Cert.Until, l.now()) && r.Pending.CACertificateIdentifier == nil
}

// hosts are the names by which clients may reach servers here.
func (l *Local) hosts() []string {
	var all []string
	if l.Host != "" && l.Host != "0.0.0.0" && l.Host != "::" {
		all = append(all, l.Host)
	}
	all = append(all, "localhost", "127.0.0.1", "::1")
	if name, err := os.Hostname(); err == nil && name != "" && !strings.ContainsAny(name, " _*") {
		all = append(all, name)
	}
	return all
}

// Trust returns the certificates, in PEM, that a client needs to believe the servers of
// this installation: those of its authorities, which have a first one after the call.
func (l *Local) Trust(ctx context.Context) ([]byte, error) {
	var b bytes.Buffer
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := l.signer(ctx, tx)
		for _, a := range all {
			cert, _ := a.PEM()
			b.Write(cert)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("certificate authority of instances: %w", err)
	}
	return b.Bytes(), nil
}

// checkAuthority refuses a CACertificateIdentifier other than that of the authority which
// signs; nil stands for it.
func (l *Local) checkAuthority(ctx context.Context, tx *sql.Tx, id *string) error {
	if id == nil {
		return nil
	}
	all, err := l.signer(ctx, tx)
	if err != nil {
		return err
	}
	if own := all[len(all)-1].ID; *id != own {
		return &types.CertificateNotFoundFault{Message: ptr(fmt.Sprintf("Certificate not found: %s. Certificates here are signed by %s.", *id, own))}
	}
	return nil
}

// DescribeCertificates lists the authorities of this installation. They sign for
// instances here and are not those of AWS.
func (l *Local) DescribeCertificates(ctx context.Context, in *rds.DescribeCertificatesInput, opts ...func(*rds.Options)) (*rds.DescribeCertificatesOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	all, err := l.certificates(ctx, region)
	if err != nil {
		return nil, err
	}
	newest := all[len(all)-1].CertificateIdentifier
	if id := aws.ToString(in.CertificateIdentifier); id != "" {
		all = slices.DeleteFunc(all, func(c types.Certificate) bool { return *c.CertificateIdentifier != id })
		if len(all) == 0 {
			return nil, &types.CertificateNotFoundFault{Message: ptr("Certificate not found: " + id)}
		}
	}
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(c types.Certificate) string { return *c.CertificateIdentifier })
	if err != nil {
		return nil, err
	}
	return &rds.DescribeCertificatesOutput{Certificates: page, Marker: next, DefaultCertificateForNewLaunches: newest}, nil
}

func (l *Local) certificates(ctx context.Context, region string) (out []types.Certificate, err error) {
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := l.signer(ctx, tx)
		for _, a := range all {
			out = append(out, types.Certificate{CertificateIdentifier: ptr(a.ID), CertificateArn: ptr("arn:aws:rds:" + region + "::cert:" + a.ID), CertificateType: ptr("CA"),
				CustomerOverride: ptr(false), Thumbprint: ptr(a.Thumbprint()), ValidFrom: ptr(a.Cert.NotBefore), ValidTill: ptr(a.Cert.NotAfter)})
		}
		return err
	})
	return out, err
}

// ModifyCertificates chooses the authority of new instances, of which there is one: the
// newest.
func (l *Local) ModifyCertificates(ctx context.Context, in *rds.ModifyCertificatesInput, opts ...func(*rds.Options)) (*rds.ModifyCertificatesOutput, error) {
	all, err := l.certificates(ctx, l.region(opts))
	if err != nil {
		return nil, err
	}
	c := all[len(all)-1]
	if id := aws.ToString(in.CertificateIdentifier); id != "" && id != *c.CertificateIdentifier {
		return nil, &types.CertificateNotFoundFault{Message: ptr(fmt.Sprintf("Certificate not found: %s. New instances have %s.", id, *c.CertificateIdentifier))}
	}
	return &rds.ModifyCertificatesOutput{Certificate: &c}, nil
}
