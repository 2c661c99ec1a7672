package trinosql

import "context"

func analyze(_ context.Context, stmt Statement, _ Resolver, _ Options) (*Analysis, error) {
	return nil, errorf(stmt.Pos(), NotSupported, "this statement cannot be analyzed")
}
