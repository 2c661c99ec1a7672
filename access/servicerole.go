package access

import (
	"context"
	"database/sql"
	"maps"
	"regexp"
	"strings"

	"lethe"
	"lethe/lib/policy"
)

// The services that act by roles, by the names that trust policies have for them. Those
// of AWS are called as there, so that roles made for AWS fit.
const (
	ConnectorService = "lambda.amazonaws.com"     // reaches other metastores
	DataSetService   = "quicksight.amazonaws.com" // refreshes data sets
	ScheduleService  = "scheduler.amazonaws.com"  // runs what is to be run at a time
	IngestService    = "ingest.lethe"
	ErasureService   = "erasure.lethe"
)

// ServiceRoles lets services act by roles. *Service does.
type ServiceRoles interface {
	PassRole(ctx context.Context, p lethe.Principal, role, service string) error
	AssumeServiceRole(ctx context.Context, owner lethe.Principal, role, service string) (lethe.Principal, error)
}

// RoleARN returns the ARN of a role that is named by it, or by the role's path and name
// as they stand in it: "service/refresh" of arn:aws:iam::000000000000:role/service/refresh.
// Whether there is such a role it does not look.
func RoleARN(role string) (string, error) {
	root := lethe.IAMARN("role/")
	name := strings.TrimPrefix(strings.TrimPrefix(role, root), "/")
	if strings.HasPrefix(name, "arn:") || !roleForm.MatchString(name) {
		return "", lethe.Errorf(lethe.Invalid, "%q names no role of this lake", role).WithHint("give its name, or its ARN as %sNAME", root)
	}
	return root + name, nil
}

// roleForm is a role's path, without the slash before it, and name.
var roleForm = regexp.MustCompile(`^([\x21-\x7e]{1,510}/)?[A-Za-z0-9+=,.@_-]{1,64}$`)

var serviceName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)

// PassRole decides whether p may have a service act by a role: p needs iam:PassRole on
// it, with the condition key iam:PassedToService, and the role's trust policy must let
// the service assume it. Whoever makes something that names a role, or changes which it
// names, asks for this first. Whether there is such a role nobody learns who may not
// pass it.
func (s *Service) PassRole(ctx context.Context, p lethe.Principal, role, service string) error {
	if !serviceName.MatchString(service) {
		return lethe.Errorf(lethe.Invalid, "%q is not the name of a service", service)
	}
	q := question{principal: p, action: "iam:PassRole", resource: role, more: map[string][]string{"iam:passedtoservice": {service}}}
	if err := s.decide(ctx, q); err != nil {
		return err
	}
	r, err := s.roleAt(ctx, role)
	if err != nil {
		return lethe.Errorf(lethe.Invalid, "role %s cannot be passed: %w", role, err)
	}
	d, err := s.trusts(ctx, r, service, "check")
	if err == nil && !d.Allowed {
		err = lethe.Errorf(lethe.Invalid, "role %s cannot be assumed by %s", role, service).
			WithHint(`its trust policy must allow sts:AssumeRole to {"Service": "%s"}`, service)
	}
	return err
}

// AssumeServiceRole returns the principal of what a service does by a role for an owner:
// who made what names the role. It may do what the role may, as it is at each
// decision, and its lines in the audit name both. Denied if the role is gone or does
// not trust the service any more. The owner's own permissions do not count: it had
// iam:PassRole when it named the role.
//
// The principal can be kept; if the role is deleted it may do nothing.
func (s *Service) AssumeServiceRole(ctx context.Context, owner lethe.Principal, role, service string) (lethe.Principal, error) {
	session, _, _ := strings.Cut(service, ".")
	by := lethe.Principal{ARN: service, For: owner.ARN}
	r, err := s.roleAt(ctx, role)
	if lethe.Is(err, lethe.NotFound) {
		s.recordDenied(ctx, by, "sts:AssumeRole", role)
		return lethe.Principal{}, lethe.Errorf(lethe.Denied, "%s cannot act by role %s: there is none", service, role)
	}
	if err != nil {
		return lethe.Principal{}, err
	}
	d, err := s.trusts(ctx, r, service, session)
	if err != nil {
		return lethe.Principal{}, err
	}
	if err := s.recordDecision(ctx, by, d); err != nil {
		return lethe.Principal{}, err
	}
	if !d.Allowed {
		return lethe.Principal{}, lethe.Errorf(lethe.Denied, "%s cannot act by role %s: its trust policy does not let it", service, role)
	}
	return lethe.Principal{ID: r.ID + ":" + session, Name: r.Name + "/" + session, ARN: lethe.SessionARN(r.Name, session), For: owner.ARN}, nil
}

// trusts evaluates a role's trust policy for a service.
func (s *Service) trusts(ctx context.Context, r Role, service, session string) (policy.Decision, error) {
	trust, err := s.parsed.parse(r.Trust, policy.Trust)
	if err != nil {
		return policy.Decision{}, err
	}
	conditions := maps.Clone(RequestOf(ctx).conditions())
	conditions["sts:rolesessionname"] = []string{session}
	conditions["aws:sourceaccount"] = []string{lethe.Account}
	set := policy.Set{Resource: []policy.Named{{Name: r.ARN(), Policy: trust}}}
	return set.Evaluate(&policy.Request{Principal: policy.Principal{Type: policy.Service, ARN: service}, Action: "sts:AssumeRole", Resource: r.ARN(), ResourceAccount: lethe.Account, Context: conditions}), nil
}

// roleAt returns the role of an ARN.
func (s *Service) roleAt(ctx context.Context, arn string) (r Role, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		r, err = roleAt(ctx, tx, arn)
		return err
	})
	return r, err
}
