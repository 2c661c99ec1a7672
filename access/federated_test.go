package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
)

func groupsOf(t *testing.T, s *access.Service, user string) (names []string) {
	t.Helper()
	groups, err := s.GroupsOf(t.Context(), user)
	must(t, err)
	for _, g := range groups {
		names = append(names, g.Name)
	}
	slices.Sort(names)
	return names
}

func TestLoginByAnIdentity(t *testing.T) {
	s := fresh(t)
	ctx := t.Context()
	for _, g := range []string{"engineers", "analysts", "own"} {
		_, err := s.CreateGroup(ctx, g, "/")
		must(t, err)
	}
	ada := access.Identity{Issuer: "https://id.example.org", Subject: "1", Name: "ada@example.org", Groups: []string{"engineers", "absent"}, Mapped: []string{"engineers", "analysts", "absent"}}

	_, _, _, err := s.LoginIdentity(ctx, ada)
	if !lethe.Is(err, lethe.Denied) {
		t.Fatal("only known users log in:", err)
	}
	ada.Create = true
	token, p, missing, err := s.LoginIdentity(ctx, ada)
	if err != nil || p.Name != ada.Name || !slices.Equal(missing, []string{"absent"}) {
		t.Fatal(p, missing, err)
	}
	if got, err := s.Session(ctx, token); err != nil || got != p {
		t.Error(got, err)
	}
	if _, err := s.LoginProfile(ctx, ada.Name); !lethe.Is(err, lethe.NotFound) {
		t.Error("has a password:", err)
	}
	if _, _, err := s.Login(ctx, ada.Name, ""); !lethe.Is(err, lethe.Denied) {
		t.Error("logs in without a password:", err)
	}

	// Mapped groups follow the provider, others stay; the name may change, the user does not.
	must(t, s.AddUserToGroup(ctx, "own", ada.Name))
	ada.Groups, ada.Name, ada.Create = []string{"analysts"}, "countess@example.org", false
	_, q, _, err := s.LoginIdentity(ctx, ada)
	if err != nil || q != p {
		t.Fatal(q, err)
	}
	if got := groupsOf(t, s, p.Name); !slices.Equal(got, []string{"analysts", "own"}) {
		t.Error(got)
	}
	ada.Groups = nil
	_, _, _, err = s.LoginIdentity(ctx, ada)
	must(t, err)
	if got := groupsOf(t, s, p.Name); !slices.Equal(got, []string{"own"}) {
		t.Error(got)
	}

	// Somebody else of the same name later is somebody else.
	other := access.Identity{Issuer: ada.Issuer, Subject: "2", Name: p.Name, Create: true}
	if _, _, _, err = s.LoginIdentity(ctx, other); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	// A deleted user's sessions and identities end.
	must(t, s.RemoveUserFromGroup(ctx, "own", p.Name))
	must(t, s.DeleteUser(ctx, p.Name))
	if _, err := s.Session(ctx, token); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	if _, _, _, err := s.LoginIdentity(ctx, ada); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
}

// Whoever chooses a name at the provider does not become the user of that name.
func TestAnIdentityTakesNobodysPlace(t *testing.T) {
	s := fresh(t)
	ctx := t.Context()
	admin := bootstrap(t, s)
	_, err := s.CreateUser(ctx, access.NewUser{Name: "service"})
	must(t, err)
	_, err = s.CreateUser(ctx, access.NewUser{Name: "ada", Tags: []access.Tag{{Key: access.IdentityTag, Value: "ada@example.org"}}})
	must(t, err)
	for n, name := range []string{admin.Name, "service", "ADMIN", "ada"} {
		for _, create := range []bool{true, false} {
			i := access.Identity{Issuer: "https://id.example.org", Subject: fmt.Sprint(n), Name: name, Create: create}
			if _, p, _, err := s.LoginIdentity(ctx, i); !lethe.Is(err, lethe.Denied) {
				t.Errorf("%s is %s: %v", name, p.ARN, err)
			}
		}
	}
	for _, name := range []string{"with space", "a/b", strings.Repeat("x", 65), "ünï"} {
		i := access.Identity{Issuer: "https://id.example.org", Subject: "9", Name: name, Create: true}
		if _, _, _, err := s.LoginIdentity(ctx, i); !lethe.Is(err, lethe.Denied) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// The tag says who is meant, to the first who has the name there.
	_, p, _, err := s.LoginIdentity(ctx, access.Identity{Issuer: "https://id.example.org", Subject: "10", Name: "ada@example.org"})
	if err != nil || p.Name != "ada" {
		t.Fatal(p, err)
	}
	if _, _, _, err = s.LoginIdentity(ctx, access.Identity{Issuer: "https://id.example.org", Subject: "11", Name: "ada@example.org", Create: true}); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	if _, _, _, err = s.LoginIdentity(ctx, access.Identity{Name: "ada@example.org"}); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
}
