package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"

	duck "github.com/duckdb/duckdb-go/v2"
)

// function adds a function from texts to a text for this source, and returns
// its name. It answers null where an argument is null.
func (b *builder) function(name string, args int, f func(arg []string) (string, error)) (string, error) {
	name = fmt.Sprintf("lethe_%s_%s", name, b.name)
	text, err := duck.NewTypeInfo(duck.TYPE_VARCHAR)
	if err != nil {
		return "", err
	}
	t := textFunction{config: duck.ScalarFuncConfig{ResultTypeInfo: text}, f: f}
	for range args {
		t.config.InputTypeInfos = append(t.config.InputTypeInfos, text)
	}
	return name, duck.RegisterScalarUDF(b.d.conn, name, &t)
}

type textFunction struct {
	config duck.ScalarFuncConfig
	f      func([]string) (string, error)
}

func (t *textFunction) Config() duck.ScalarFuncConfig { return t.config }

func (t *textFunction) Executor() duck.ScalarFuncExecutor {
	return duck.ScalarFuncExecutor{RowContextExecutor: func(_ context.Context, values []driver.Value) (any, error) {
		arg := make([]string, len(values))
		for i, v := range values {
			arg[i], _ = v.(string)
		}
		s, err := t.f(arg)
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}
