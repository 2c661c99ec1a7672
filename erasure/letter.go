package erasure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lethe/lib/mail"
)

// write writes the letter of a notice; false if there is nothing to say any more. No
// letter has an identifier of the person in it.
func (s *Service) write(ctx context.Context, l *mail.Message, n notice, q Request, now time.Time) (bool, error) {
	day := func(t time.Time) string { return t.Format("2 January 2006") }
	open := q.State == Reported || q.State == Overdue
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n\n", args...) }
	switch n.kind {
	case tellApprove, tellRemind, tellOverdue:
		if !open {
			return false, nil
		}
		l.Subject = map[kind]string{
			tellApprove: "Please decide: erasure request " + q.ID,
			tellRemind:  "Reminder: erasure request " + q.ID + " waits for a decision",
			tellOverdue: "Overdue: erasure request " + q.ID + " waits for a decision",
		}[n.kind]
		say("Erasure request %s, made on %s, waits for a decision. The person must have been told by %s.", q.ID, day(q.Made), day(q.Due))
		say("Found: %d records in %d objects, and %d other places. %d objects could not be read.", q.Found.Records, q.Found.Objects, q.Found.Holdings, q.Found.Unread)
		say("Report: %s\nIts SHA-256: %s", q.Report, q.Digest)
		name, isApprover := strings.CutPrefix(n.recipient, toApprover)
		if !isApprover {
			say("The approvers have been asked. Decide in the console, or with lethe erase approve or reject.")
			break
		}
		link, err := s.newLink(ctx, q, name, now)
		if err != nil {
			return false, err
		}
		say("Approve: %s\nReject:  %s", link.url("approve"), link.url("reject"))
		say("Code: %s", link.code)
		say("Opening a link decides nothing: a page asks for the code. The links are for %s only, for this report only, and work once, until %s. Do not pass this letter on.", name, day(link.expires))
	case tellNear:
		if !q.Closed.IsZero() {
			return false, nil
		}
		l.Subject = "Due soon: erasure request " + q.ID
		if !now.Before(q.Due) {
			l.Subject = "Late: erasure request " + q.ID
		}
		say("Erasure request %s is %s. The person must have been told by %s (Regulation (EU) 2016/679, article 12(3)).", q.ID, q.State, day(q.Due))
		if q.Extended.IsZero() && now.Before(q.Due) {
			say("If the request is complex, it can be extended once by two months, with a reason: lethe erase extend %s --reason TEXT.", q.ID)
		}
	case tellBlocked:
		if q.State != Blocked && q.Warning == "" {
			return false, nil
		}
		l.Subject = "A person must look: erasure request " + q.ID
		say("Erasure request %s is %s.", q.ID, q.State)
		if q.Problem != "" {
			say("%s", q.Problem)
		}
		if q.Warning != "" {
			say("%s", q.Warning)
		}
	case tellParked:
		if q.State != Held {
			return false, nil
		}
		l.Subject = "Held: erasure request " + q.ID
		say("Erasure request %s was approved, and waits for a hold to end: %s.", q.ID, strings.Join(q.Held, ", "))
	case tellReceived:
		l.Subject = "Your request to erase personal data was received"
		say("Your request %s was received on %s. You will be told what was done by %s.", q.ID, day(q.Made), day(q.Due))
	case tellExtended:
		l.Subject = "Your request to erase personal data takes longer"
		say("Your request %s of %s needs more time, until %s.", q.ID, day(q.Made), day(q.Due))
		say("Reason: %s", q.ExtensionReason)
	case tellDone:
		l.Subject = "Your request to erase personal data was carried out"
		say("What your request %s of %s asked for was done on %s.", q.ID, day(q.Made), day(q.Closed))
		if q.Exceptions > 0 {
			say("In %d places something had to stay, or could not be read. You can ask why, and until when.", q.Exceptions)
		}
		if len(q.Remains) > 0 {
			say("Something of it stays until a legal ground ends. It will be erased then, and you will be told.")
			break
		}
		say("This is the last letter about it: your address is not kept.")
	case tellRefused:
		l.Subject = "Your request to erase personal data was refused"
		say("Your request %s of %s was refused.", q.ID, day(q.Made))
		for _, d := range q.Decisions {
			if !d.Approve {
				say("Reason: %s", d.Reason)
			}
		}
		say("You may complain to a supervisory authority, and seek a judicial remedy (Regulation (EU) 2016/679, article 12(4)).")
		say("This is the last letter about it: your address is not kept.")
	default:
		return false, fmt.Errorf("a notice of unknown kind %q", n.kind)
	}
	l.Text = b.String()
	return true, nil
}
