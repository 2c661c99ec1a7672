package access

import (
	"context"
	"slices"
)

// VerifyAudit checks the chain of the service's own audit, as the function VerifyAudit
// does, while lines are added to it. It reads every line: that takes a second or two
// for each hundred megabytes.
func (s *Service) VerifyAudit(ctx context.Context) (c Chain, err error) {
	if s.audit == nil {
		return c, nil
	}
	_ = s.audit.Flush() // it is noted; what is in the files can be checked all the same
	for {
		before, err := auditFiles(s.audit.path)
		if err != nil {
			return c, err
		}
		c, broken := VerifyAudit(s.audit.path)
		after, err := auditFiles(s.audit.path)
		if err != nil {
			return c, err
		}
		if slices.Equal(before, after) {
			return c, broken
		}
		if err := ctx.Err(); err != nil { // a file ended, or was deleted, meanwhile: what was read is not one chain
			return c, err
		}
	}
}
