package app

import (
	"context"
	"fmt"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/lib/atomicfile"
	"lethe/query"
)

// The two people of the walk-through.
const (
	engineer = "engineer"
	sales    = "sales"

	engineers = "DataEngineerGroup"
)

// samplePeople makes the walk-through's two people, with passwords for the console, and
// their groups. Both hold
// AmazonAthenaFullAccess; only the engineers may also read the sample bucket,
// use the connector, and make data sets and dashboards. What somebody has changed of them meanwhile stays changed.
// Profiles of theirs go beside the administrator's.
func (a *App) samplePeople(ctx context.Context) error {
	parameters := map[string]string{"Bucket": SampleBucket, "Region": a.Config.AWS.Region, "Account": lethe.Account, "Function": query.OwnConnector}
	for _, p := range []struct {
		user, group, login string
		policies           []string
	}{
		{engineer, engineers, EngineerCreds, []string{access.DataBucketReadAccessPolicy, access.HiveMetastoreDataSourceAccessPolicy, access.PictureAuthorAccessPolicy}},
		{sales, "SalesGroup", SalesCreds, nil},
	} {
		if err := a.samplePerson(ctx, p.user, p.group, p.login, p.policies, parameters); err != nil {
			return fmt.Errorf("making the user %s: %w", p.user, err)
		}
		key, err := a.sampleKey(ctx, p.user)
		if err != nil {
			return fmt.Errorf("access key of the user %s: %w", p.user, err)
		}
		if key.id != "" {
			a.profiles = append(a.profiles, key)
		}
	}
	return a.writeAWSFiles()
}

// samplePerson makes a user and a group of one, unless the user is there and has
// got a key, which comes last.
func (a *App) samplePerson(ctx context.Context, user, group, login string, policies []string, parameters map[string]string) error {
	keys, err := a.Access.AccessKeys(ctx, user)
	if err == nil && len(keys) > 0 || err != nil && !lethe.Is(err, lethe.NotFound) {
		return err
	}
	g := access.GroupNamed(group)
	if _, err := a.Access.CreateGroup(ctx, group, "/"); unlessExists(err) != nil {
		return err
	}
	arns := []string{"arn:aws:iam::aws:policy/AmazonAthenaFullAccess"}
	for _, name := range policies {
		text, err := access.Template(name, parameters)
		if err != nil {
			return err
		}
		_, err = a.Access.CreatePolicy(ctx, access.NewPolicy{Name: name, Path: "/", Document: text, Description: "of the sample lake"})
		if unlessExists(err) != nil {
			return err
		}
		arns = append(arns, lethe.IAMARN("policy/"+name))
	}
	for _, arn := range arns {
		if err := a.Access.Attach(ctx, g, arn); err != nil {
			return err
		}
	}
	if _, err := a.Access.CreateUser(ctx, access.NewUser{Name: user, Path: "/"}); unlessExists(err) != nil {
		return err
	}
	if err := a.Access.AddUserToGroup(ctx, group, user); err != nil {
		return err
	}
	return a.sampleLogin(ctx, user, login)
}

func unlessExists(err error) error {
	if lethe.Is(err, lethe.Exists) {
		return nil
	}
	return err
}

// profile is a section of the files for AWS clients.
type profile struct{ name, id, secret string }

// sampleKey returns an active access key of a user, which it makes if the user has
// none; the zero profile if somebody took the user or its keys out of use.
func (a *App) sampleKey(ctx context.Context, user string) (profile, error) {
	keys, err := a.Access.AccessKeys(ctx, user)
	if lethe.Is(err, lethe.NotFound) {
		return profile{}, nil
	}
	if err != nil {
		return profile{}, err
	}
	for _, k := range keys {
		if k.Active {
			full, err := a.Access.Key(ctx, k.ID)
			return profile{user, k.ID, full.Secret}, err
		}
	}
	if len(keys) > 0 {
		return profile{}, nil
	}
	k, secret, err := a.Access.CreateAccessKey(ctx, user)
	return profile{user, k.ID, secret}, err
}

// writeAWSFiles tells AWS clients where this lake answers, and gives them its keys.
func (a *App) writeAWSFiles() error {
	var keys, config strings.Builder
	for _, p := range a.profiles {
		if p.id != "" {
			fmt.Fprintf(&keys, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", p.name, p.id, p.secret)
		}
		fmt.Fprintf(&config, "[profile %s]\nregion = %s\nendpoint_url = %s\ns3 =\n  addressing_style = path\n", p.name, a.Endpoints.Region, a.Endpoints.AWS)
	}
	if err := atomicfile.Write(a.path("aws", "credentials"), []byte(keys.String()), 0o600); err != nil {
		return err
	}
	return atomicfile.Write(a.path("aws", "config"), []byte(config.String()), 0o644)
}
