package app

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"lethe"
	"lethe/erasure"
	"lethe/event"
	"lethe/lib/mail"
)

// openFlow says who decides on erasures, and who is told of them.
func (a *App) openFlow() error {
	c, e := a.Config.Erasure.ErasureFlow, a.Erasure
	e.Approvals, e.Escalation, e.Remind, e.Patience = max(c.Approvals, 1), c.Escalation, c.Remind, c.Overdue
	if c.Inbox.Location != "" {
		at, err := lethe.ParseLocation(c.Inbox.Location)
		if err != nil {
			return err
		}
		e.Inbox = erasure.Inbox{Location: at.Dir(), Type: c.Inbox.Type}
	}
	for _, p := range c.Approvers {
		e.Approvers = append(e.Approvers, erasure.Approver{Name: p.User, Mail: p.Mail})
	}
	// Read by what startFlow starts, and so after the address is known.
	e.URL = func() string { return cmp.Or(a.Config.Console.URL, a.Endpoints.Console) }
	e.Audit = func(ctx context.Context, s erasure.Audited) error {
		if s.Step == "closed" || s.Step == "held" || s.Step == "released" {
			a.Backups.requestClosed()
		}
		return a.Access.RecordErasure(ctx, s.By, s.Request, s.Step, s.Resource, s.Detail)
	}
	if m := a.Config.Mail; m.Enabled() {
		trust, err := trusting(m.CAFile)
		if err != nil {
			return err
		}
		to := mail.Config{Addr: m.Addr, From: m.From, User: m.User, Password: string(m.Password), Security: mail.Security(m.Security)}
		if trust != nil {
			to.Roots = trust.RootCAs
		}
		if e.Mail, err = mail.New(to); err != nil {
			return err
		}
	} else {
		a.Log.Info("No mail is configured: erasures are decided on in the console and with lethe erase, and nobody is told by mail")
	}
	if c.Webhook != nil {
		target, err := webhookTarget(c.Webhook)
		if err != nil {
			return fmt.Errorf("erasure.webhook: %w", err)
		}
		a.onStop(target.Close)
		e.Hook = func(ctx context.Context, id string, body []byte) error {
			return target.Send(ctx, []event.Message{{ID: id, Body: body}})[0]
		}
	}
	return nil
}

// startFlow begins to tell people, and to do what time asks for.
func (a *App) startFlow() {
	run, stop := context.WithCancel(lethe.WithPrincipal(context.Background(), lethe.System))
	var running sync.WaitGroup
	running.Go(func() { a.Erasure.Run(run) })
	a.onStop(func() error {
		stop()
		running.Wait()
		return nil
	})
}
