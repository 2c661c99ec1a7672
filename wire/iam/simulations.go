package iam

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
	"lethe/lib/policy"
)

func (a *api) simulations(svc *awsproto.Service) {
	handle(a, svc, everywhere[sdk.SimulateCustomPolicyInput], a.simulateCustomPolicy)
	handle(a, svc, on(func(in *sdk.SimulatePrincipalPolicyInput) string { return *in.PolicySourceArn }), a.simulatePrincipalPolicy)
	handle(a, svc, everywhere[sdk.GetContextKeysForCustomPolicyInput], func(ctx context.Context, in *sdk.GetContextKeysForCustomPolicyInput) (*sdk.GetContextKeysForCustomPolicyOutput, error) {
		names, err := a.ContextKeys(ctx, "", in.PolicyInputList)
		return &sdk.GetContextKeysForCustomPolicyOutput{ContextKeyNames: names}, err
	})
	handle(a, svc, on(func(in *sdk.GetContextKeysForPrincipalPolicyInput) string { return *in.PolicySourceArn }), func(ctx context.Context, in *sdk.GetContextKeysForPrincipalPolicyInput) (*sdk.GetContextKeysForPrincipalPolicyOutput, error) {
		names, err := a.ContextKeys(ctx, *in.PolicySourceArn, in.PolicyInputList)
		return &sdk.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: names}, err
	})
}

// questions are the actions and resources of a simulation.
type questions struct {
	actions, resources []string
	marker             *string
	most               *int32
}

func contextOf(entries []types.ContextEntry) map[string][]string {
	m := map[string][]string{}
	for _, e := range entries {
		m[text(e.ContextKeyName)] = e.ContextKeyValues
	}
	return m
}

func (a *api) simulateCustomPolicy(ctx context.Context, in *sdk.SimulateCustomPolicyInput) (*sdk.SimulateCustomPolicyOutput, error) {
	if len(in.OrderedOrganizationPolicyInputList) > 0 {
		return nil, lethe.Errorf(lethe.Unsupported, "OrderedOrganizationPolicyInputList is not supported: there are no organizations")
	}
	s := access.Simulation{Policies: in.PolicyInputList, Boundary: in.PermissionsBoundaryPolicyInputList, Resource: text(in.ResourcePolicy), Caller: text(in.CallerArn), Context: contextOf(in.ContextEntries)}
	results, next, err := a.simulate(ctx, s, questions{in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems})
	return &sdk.SimulateCustomPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: next != nil}, err
}

func (a *api) simulatePrincipalPolicy(ctx context.Context, in *sdk.SimulatePrincipalPolicyInput) (*sdk.SimulatePrincipalPolicyOutput, error) {
	s := access.Simulation{Source: *in.PolicySourceArn, Policies: in.PolicyInputList, Boundary: in.PermissionsBoundaryPolicyInputList, Resource: text(in.ResourcePolicy), Caller: text(in.CallerArn), Context: contextOf(in.ContextEntries)}
	results, next, err := a.simulate(ctx, s, questions{in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems})
	return &sdk.SimulatePrincipalPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: next != nil}, err
}

// simulate answers each action on each resource, in that order. Its markers are
// numbers of answers.
func (a *api) simulate(ctx context.Context, s access.Simulation, q questions) ([]types.EvaluationResult, *string, error) {
	m, err := a.Simulate(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if len(q.resources) == 0 {
		q.resources = []string{"*"}
	}
	from := 0
	if t := text(q.marker); t != "" {
		b, err := base64.RawURLEncoding.DecodeString(t)
		if err == nil {
			from, err = strconv.Atoi(string(b))
		}
		if err != nil || from < 0 {
			return nil, nil, lethe.Errorf(lethe.Invalid, "The marker %q is not one that was returned by this operation.", t)
		}
	}
	most := defaultItems
	if q.most != nil {
		most = int(*q.most)
	}
	results := []types.EvaluationResult{}
	all := len(q.actions) * len(q.resources)
	for i := from; i < all; i++ {
		if len(results) == most {
			next := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(i)))
			return results, &next, nil
		}
		action, resource := q.actions[i/len(q.resources)], q.resources[i%len(q.resources)]
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" {
			return nil, nil, refuse("InvalidInput", "ActionNames %d is not valid: %q; an action is named service:Action", i/len(q.resources)+1, action)
		}
		d, err := m.Decide(ctx, action, resource)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, result(d, s.Boundary != nil))
	}
	return results, nil, nil
}

func refuse(code, format string, args ...any) error {
	e := lethe.Errorf(lethe.Invalid, format, args...)
	e.Cause = access.Code(code)
	return e
}

func result(d access.Simulated, bounded bool) types.EvaluationResult {
	out := types.EvaluationResult{
		EvalActionName: aws.String(d.Action), EvalResourceName: aws.String(d.Resource), EvalDecision: types.PolicyEvaluationDecisionTypeImplicitDeny,
		MatchedStatements: []types.Statement{}, MissingContextValues: d.Missing,
	}
	switch {
	case d.Allowed:
		out.EvalDecision = types.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit:
		out.EvalDecision = types.PolicyEvaluationDecisionTypeExplicitDeny
	}
	for _, m := range d.Matched {
		out.MatchedStatements = append(out.MatchedStatements, types.Statement{
			SourcePolicyId: aws.String(m.Policy), SourcePolicyType: sourceType(m), StartPosition: position(m.Start), EndPosition: position(m.End),
		})
	}
	if bounded || d.Reason == policy.BoundaryNotAllowed {
		out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: d.Reason != policy.BoundaryNotAllowed && !(d.Explicit && d.Source == policy.BoundarySource)}
	}
	return out
}

func position(p policy.Position) *types.Position {
	return &types.Position{Line: int32(p.Line), Column: int32(p.Column)}
}

// sourceType says whose a policy is, by its name in the simulation.
func sourceType(m policy.MatchedStatement) types.PolicySourceType {
	switch {
	case m.Source == policy.ResourceSource:
		return types.PolicySourceTypeResource
	case strings.HasPrefix(m.Policy, "arn:aws:iam::aws:"):
		return types.PolicySourceTypeAwsManaged
	case strings.HasPrefix(m.Policy, "arn:"):
		return types.PolicySourceTypeUserManaged
	case strings.HasPrefix(m.Policy, "user/"):
		return types.PolicySourceTypeUser
	case strings.HasPrefix(m.Policy, "group/"):
		return types.PolicySourceTypeGroup
	case strings.HasPrefix(m.Policy, "role/"):
		return types.PolicySourceTypeRole
	}
	return types.PolicySourceTypeNone
}
