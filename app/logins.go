package app

import (
	"context"
	"encoding/json"
	"fmt"

	"lethe"
	"lethe/secret"
)

// AdministratorCreds is the secret with the administrator's first password.
const AdministratorCreds = "AdministratorUserCreds"

// The secrets with the passwords of the walk-through's people.
const (
	EngineerCreds = "DataEngineerUserCreds"
	SalesCreds    = "SalesUserCreds"
)

// keepLogin keeps a user's name and password in a secret that the user may read, and that
// RotateSecret rotates. A secret that is there already stays as it is.
func (a *App) keepLogin(ctx context.Context, name, user, password string) error {
	text, err := json.Marshal(login{user, password})
	if err != nil {
		return err
	}
	_, _, err = a.Secrets.Create(ctx, secret.New{Name: name, Description: "Name and password of " + user + " for the console", Value: secret.Value{Text: string(text)}})
	if unlessExists(err) != nil {
		return err
	}
	own := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":["secretsmanager:GetSecretValue","secretsmanager:DescribeSecret"],"Resource":"*"}}`, lethe.UserARN(user))
	if _, err := a.Secrets.SetPolicy(ctx, name, own); err != nil {
		return err
	}
	_, _, err = a.Secrets.Rotate(ctx, lethe.System, name, secret.Rotate{Function: lethe.FunctionARN(a.Config.AWS.Region, rotatePassword), Later: true})
	return err
}

// sampleLogin gives one of the sample lake's people a password, and keeps it in a secret,
// which comes first: a start that was killed in between goes on with the password that the
// secret has.
func (a *App) sampleLogin(ctx context.Context, user, name string) error {
	if _, err := a.Access.LoginProfile(ctx, user); err == nil || !lethe.Is(err, lethe.NotFound) {
		return err // somebody has chosen one
	}
	if err := a.keepLogin(ctx, name, user, lethe.NewSecret()); err != nil {
		return err
	}
	_, _, v, err := a.Secrets.Get(ctx, name, "", "")
	if err != nil {
		return err
	}
	var l login
	if err := fields(v, &l, &l.User); err != nil || l.User != user {
		return lethe.Errorf(lethe.Conflict, "the secret %s holds no password of %s", name, user)
	}
	_, err = a.Access.CreateLoginProfile(ctx, user, l.Password, false)
	return unlessExists(err)
}
