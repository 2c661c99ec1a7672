package dash

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lethe"
	"lethe/access"
)

// The roles of shares.
const (
	viewer = "viewer"
	editor = "editor"
)

// maxShares bounds whom one thing is shared with; groups have no bound here.
const maxShares = 100

// allows are the actions of each role, by the kind of what is shared (Service Authorization
// Reference, Amazon QuickSight). Owners may do everything.
var allows = map[string]map[string][]string{
	dataSetKind: {
		viewer: {"DescribeDataSet", "PassDataSet", "DescribeIngestion", "ListIngestions"},
		editor: {"DescribeDataSet", "PassDataSet", "DescribeIngestion", "ListIngestions", "UpdateDataSet", "CreateIngestion", "CancelIngestion"},
	},
	analysisKind: {
		editor: {"DescribeAnalysis", "UpdateAnalysis"},
	},
	dashboardKind: {
		viewer: {"DescribeDashboard"},
		editor: {"DescribeDashboard", "ListDashboardVersions", "UpdateDashboard", "UpdateDashboardPublishedVersion"},
	},
}

// passes are what an editor of a dashboard may do with the data sets of its analysis.
var passes = []string{"DescribeDataSet", "PassDataSet"}

// listing are the actions that list a kind.
var listing = map[string]string{dataSetKind: "ListDataSets", analysisKind: "ListAnalyses", dashboardKind: "ListDashboards"}

// grant lets a principal do something.
type grant struct {
	owner     bool
	principal string // ARN
	id        string
	actions   []string
}

// grants are all grants, by kind and id.
type grants map[string]map[string][]grant

// grantsAt are those that held after a number of changes.
type grantsAt struct {
	changes int64
	grants
}

// loadGrants returns who may do what as owner and by shares. They are kept until something is
// changed here; who is in a group is asked each time.
func (s *Service) loadGrants(ctx context.Context) (grants, error) {
	at := s.changes.Load()
	if g := s.granted.Load(); g != nil && g.changes == at {
		return g.grants, nil
	}
	g := grants{dataSetKind: {}, analysisKind: {}, dashboardKind: {}}
	kinds, owners := map[string]string{}, map[string]string{}
	err := s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, kind, owner_id, document FROM dash_documents`)
		if err != nil {
			return err
		}
		defer rows.Close()
		analysisOf := map[string]string{} // by dashboard
		setsOf := map[string][]string{}   // by analysis
		for rows.Next() {
			var id, kind, owner string
			var doc []byte
			if err := rows.Scan(&id, &kind, &owner, &doc); err != nil {
				return err
			}
			var d struct {
				Owner      string `json:"owner"`
				Analysis   string `json:"analysis"`
				Definition struct {
					DataSets []string `json:"data_sets"`
				} `json:"definition"`
			}
			if err := json.Unmarshal(doc, &d); err != nil {
				return err
			}
			kinds[id], owners[id] = kind, owner
			analysisOf[id], setsOf[id] = d.Analysis, d.Definition.DataSets
			g[kind][id] = append(g[kind][id], grant{owner: true, principal: d.Owner, id: owner})
		}
		if err := rows.Err(); err != nil {
			return err
		}
		shares, err := tx.QueryContext(ctx, `SELECT resource, principal, principal_id, role FROM dash_shares ORDER BY resource, principal`)
		if err != nil {
			return err
		}
		defer shares.Close()
		for shares.Next() {
			var id, principal, principalID, role string
			if err := shares.Scan(&id, &principal, &principalID, &role); err != nil {
				return err
			}
			to := func(kind, id string, actions []string) {
				g[kind][id] = append(g[kind][id], grant{principal: principal, id: principalID, actions: actions})
			}
			kind := kinds[id]
			to(kind, id, allows[kind][role])
			if kind != dashboardKind || role != editor || analysisOf[id] == "" || owners[analysisOf[id]] != owners[id] {
				continue
			}
			// Whoever shares a dashboard passes on what is theirs, and nothing of others'.
			to(analysisKind, analysisOf[id], allows[analysisKind][role])
			for _, set := range setsOf[analysisOf[id]] {
				if kinds[set] == dataSetKind && owners[set] == owners[id] {
					to(dataSetKind, set, passes)
				}
			}
		}
		return shares.Err()
	})
	if err != nil {
		return nil, err
	}
	s.granted.Store(&grantsAt{at, g})
	return g, nil
}

// ResourcePolicies are the policies of data sets, analyses and dashboards: what their owners and
// those whom they are shared with may do. Of a pattern as dashboard/* it says who may list: all who
// may do something with one of them.
func (s *Service) ResourcePolicies(ctx context.Context, resource string) ([]string, error) {
	kind, id, ok := strings.Cut(resource[strings.LastIndexByte(resource, ':')+1:], "/")
	if !ok || listing[kind] == "" || resource != lethe.QuickSightARN(s.Region, kind, id) {
		return nil, nil
	}
	g, err := s.loadGrants(ctx)
	if err != nil {
		return nil, err
	}
	of := g[kind][id]
	if id == "*" {
		seen := map[string]bool{}
		for _, list := range g[kind] {
			for _, x := range list {
				if !seen[x.id] {
					seen[x.id] = true
					of = append(of, grant{principal: x.principal, id: x.id, actions: []string{listing[kind]}})
				}
			}
		}
		slices.SortFunc(of, func(a, b grant) int { return strings.Compare(a.id, b.id) })
	}
	return s.policy(ctx, resource, of)
}

type statement struct {
	Effect, Resource string
	Principal        map[string][]string
	Action           []string
	Condition        map[string]map[string]string `json:",omitempty"`
}

// policy writes grants as a policy. Principals are named by their ids, so that nobody inherits
// by having the name of who is gone.
func (s *Service) policy(ctx context.Context, resource string, of []grant) ([]string, error) {
	var statements []statement
	for _, x := range of {
		actions := make([]string, 0, len(x.actions))
		for _, a := range x.actions {
			actions = append(actions, "quicksight:"+a)
		}
		if x.owner {
			actions = []string{"quicksight:*"}
		}
		if len(actions) == 0 {
			continue
		}
		ids := []string{x.id}
		if strings.HasPrefix(x.principal, lethe.IAMARN("group/")) {
			var err error
			if ids, err = s.members(ctx, x); err != nil {
				return nil, err
			}
		}
		to := statement{Effect: "Allow", Resource: resource, Action: actions}
		// A session of a role is itself, not all who may assume the role.
		if role, _, session := strings.Cut(x.id, ":"); session {
			ids, to.Condition = []string{role}, map[string]map[string]string{"StringEquals": {"aws:userid": x.id}}
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return !isPrincipal(id) })
		if len(ids) == 0 {
			continue
		}
		to.Principal = map[string][]string{"AWS": ids}
		statements = append(statements, to)
	}
	if len(statements) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return []string{string(text)}, err
}

// isPrincipal reports whether an id is of those that policies name. System's is not: it may
// do everything anyway.
func isPrincipal(id string) bool {
	return strings.HasPrefix(id, "AIDA") || strings.HasPrefix(id, "AROA")
}

// members returns the ids of those who are in a group now; nobody's if it is gone.
func (s *Service) members(ctx context.Context, x grant) ([]string, error) {
	name := nameOf(x.principal)
	g, users, err := s.Access.Group(ctx, name)
	if err == nil && g.ID != x.id || lethe.Is(err, lethe.NotFound) {
		// It was given another name, and perhaps another group has its.
		groups, err := s.Access.Groups(ctx)
		if err != nil {
			return nil, err
		}
		for _, other := range groups {
			if other.ID == x.id {
				_, users, err = s.Access.Group(ctx, other.Name)
				return idsOf(users), err
			}
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return idsOf(users), nil
}

func idsOf(users []access.User) []string {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return ids
}

// shares returns whom something is shared with.
func shares(ctx context.Context, tx *sql.Tx, id string) ([]Share, error) {
	rows, err := tx.QueryContext(ctx, `SELECT principal, role FROM dash_shares WHERE resource = $1 ORDER BY principal`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Share{}
	for rows.Next() {
		var x Share
		if err := rows.Scan(&x.Principal, &x.Role); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// DataSetShares returns whom a data set is shared with.
func (s *Service) DataSetShares(ctx context.Context, id string) (list []Share, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, dataSetKind, id, &DataSet{}); err != nil {
			return err
		}
		list, err = shares(ctx, tx, id)
		return err
	})
	return list, err
}

// ShareDataSet shares a data set with exactly these.
func (s *Service) ShareDataSet(ctx context.Context, id string, list []Share) ([]Share, error) {
	return s.share(ctx, dataSetKind, id, list)
}

// ShareDashboard shares a dashboard with exactly these. Editors may change its analysis and ask
// its data sets, as far as these are of the dashboard's owner.
func (s *Service) ShareDashboard(ctx context.Context, id string, list []Share) ([]Share, error) {
	return s.share(ctx, dashboardKind, id, list)
}

func (s *Service) share(ctx context.Context, kind, id string, list []Share) (now []Share, err error) {
	ids, err := s.shareable(ctx, list)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, kind, id, &struct{}{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM dash_shares WHERE resource = $1`, id); err != nil {
			return err
		}
		for i, x := range list {
			if _, err := tx.ExecContext(ctx, `INSERT INTO dash_shares (resource, principal, principal_id, role) VALUES ($1, $2, $3, $4)`, id, x.Principal, ids[i], x.Role); err != nil {
				return err
			}
		}
		now, err = shares(ctx, tx, id)
		return err
	})
	return now, err
}

// shareable returns the ids of those whom something is to be shared with.
func (s *Service) shareable(ctx context.Context, list []Share) ([]string, error) {
	c, seen := &check{}, names{}
	c.most("shares", len(list), maxShares)
	var ids []string
	for i, x := range list {
		at := fmt.Sprintf("shares[%d]", i)
		oneOf(c, at+".role", x.Role, viewer, editor)
		seen.add(c, at+".principal", x.Principal)
		if c.first != nil {
			break
		}
		id, err := s.idOf(ctx, x.Principal)
		if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Invalid) {
			c.fail(at+".principal", "there is no user, group or role %q", x.Principal)
			break
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, c.err()
}

// idOf returns the unique id of a user, a group or a role, whose ARN must be its own, with its path.
func (s *Service) idOf(ctx context.Context, arn string) (string, error) {
	gone := lethe.Errorf(lethe.NotFound, "there is no user, group or role %q", arn)
	switch name := nameOf(arn); {
	case strings.HasPrefix(arn, lethe.IAMARN("user/")):
		u, err := s.Access.User(ctx, name)
		if err == nil && u.ARN() != arn {
			err = gone
		}
		return u.ID, err
	case strings.HasPrefix(arn, lethe.IAMARN("group/")):
		g, _, err := s.Access.Group(ctx, name)
		if err == nil && g.ARN() != arn {
			err = gone
		}
		return g.ID, err
	case strings.HasPrefix(arn, lethe.IAMARN("role/")):
		r, err := s.Access.Role(ctx, name)
		if err == nil && r.ARN() != arn {
			err = gone
		}
		return r.ID, err
	}
	return "", gone
}
