package trinosql

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// argument is what a call passes: a value of a type, or a lambda, whose result
// is known once its parameters' types are.
type argument struct {
	typ    *Type
	lambda *Lambda
}

// lambdaTyper returns the type of a lambda's body for parameters of the given
// types.
type lambdaTyper func(l *Lambda, params []*Type) (*Type, error)

// bindings are the variables of a signature with their values.
type bindings struct {
	types map[string]*Type
	nums  map[string]int64
}

// bound is a signature that fits a call.
type bound struct {
	sig    *signature
	args   []*Type
	result *Type
}

func (b *bound) String() string {
	parts := make([]string, len(b.args))
	for i, a := range b.args {
		parts[i] = a.String()
	}
	return b.sig.names[0] + "(" + strings.Join(parts, ",") + "):" + b.result.String()
}

var errAmbiguous = errors.New("Could not choose a best candidate operator. Explicit type casts must be added.")

// resolve picks the signature for a call, as Trino does: an exact match without
// type variables, then an exact match with, then the most specific of those
// that the arguments can be coerced to. It returns nil when none fits, and an
// error when a lambda is wrong or several fit equally well.
func resolve(candidates []*signature, args []argument, typer lambdaTyper) (*bound, error) {
	var lambdaErr error
	try := func(exact bool, keep func(*signature) bool) (fits []*bound) {
		for _, c := range candidates {
			if !keep(c) {
				continue
			}
			b, err := c.bind(args, exact, typer)
			if b != nil {
				fits = append(fits, b)
			}
			if err != nil && lambdaErr == nil {
				lambdaErr = err
			}
		}
		return fits
	}
	generic := func(s *signature) bool { return s.generic() }
	plain := func(s *signature) bool { return !s.generic() }
	for _, keep := range []func(*signature) bool{plain, generic} {
		switch fits := try(true, keep); len(fits) {
		case 0:
		case 1:
			return fits[0], nil
		default:
			return nil, errAmbiguous
		}
	}
	fits := try(false, func(*signature) bool { return true })
	if len(fits) == 0 {
		return nil, lambdaErr
	}
	if fits = mostSpecific(fits, args); len(fits) > 1 {
		return nil, errAmbiguous
	}
	return fits[0], nil
}

// mostSpecific keeps the fits whose arguments every other one would take too.
func mostSpecific(fits []*bound, args []argument) []*bound {
	all := fits
	var keep []*bound
	for _, f := range fits {
		n := len(keep)
		keep = slices.DeleteFunc(keep, func(k *bound) bool { return f.moreSpecific(k) })
		if len(keep) < n || !slices.ContainsFunc(keep, func(k *bound) bool { return k.moreSpecific(f) }) {
			keep = append(keep, f)
		}
	}
	unknown := slices.ContainsFunc(args, func(a argument) bool { return a.typ != nil && a.typ.Kind == KindUnknown })
	lambda := slices.ContainsFunc(args, func(a argument) bool { return a.lambda != nil })
	if len(keep) == 1 || !unknown || lambda {
		return keep
	}
	// With a NULL among the arguments, prefer what changes nothing else.
	only := slices.DeleteFunc(slices.Clone(all), func(f *bound) bool {
		for i, a := range args {
			if a.typ.Kind != KindUnknown && !a.typ.Equal(f.args[i]) {
				return true
			}
		}
		return false
	})
	if len(only) > 0 {
		keep = only
	}
	// If all return the same type they return NULL, and any will do.
	for _, f := range keep {
		if !f.result.Equal(keep[0].result) {
			return keep
		}
	}
	best := slices.MaxFunc(keep, func(a, b *bound) int { return strings.Compare(a.String(), b.String()) })
	return []*bound{best}
}

// moreSpecific tells whether o would take what f takes.
func (f *bound) moreSpecific(o *bound) bool {
	args := make([]argument, len(f.args))
	for i, t := range f.args {
		args[i] = argument{typ: t}
	}
	b, _ := o.sig.bind(args, false, nil)
	return b != nil
}

func (s *signature) generic() bool {
	return len(s.variables) > 0 || slices.ContainsFunc(s.params, func(t *template) bool { return t.open() })
}

// open tells whether there are variables in the template.
func (t *template) open() bool {
	return t.fixed == nil && (t.variable != "" || t.any || len(t.nums) > 0 || slices.ContainsFunc(t.elems, (*template).open))
}

// bind finds values of the signature's variables such that the arguments fit:
// exactly, or by coercion. It returns nil when there are none.
func (s *signature) bind(args []argument, exact bool, typer lambdaTyper) (*bound, error) {
	params := s.params
	if s.variadic {
		if len(args) < len(params)-1 {
			return nil, nil
		}
		params = slices.Clone(params[:len(params)-1])
		for len(params) < len(args) {
			params = append(params, s.params[len(s.params)-1])
		}
	}
	if len(params) != len(args) {
		return nil, nil
	}
	fits := func(from, to *Type) bool {
		if exact {
			return from.Equal(to)
		}
		return CanCoerce(from, to)
	}
	// Most candidates differ in a type without variables.
	for i, p := range params {
		if p.fixed != nil && args[i].typ != nil && !fits(args[i].typ, p.fixed) {
			return nil, nil
		}
	}
	b := &bindings{types: map[string]*Type{}, nums: map[string]int64{}}
	lambdas := false
	for i, a := range args {
		if a.lambda != nil {
			if params[i].kind != KindFunction || len(params[i].elems) != len(a.lambda.Params)+1 {
				return nil, nil
			}
			lambdas = true
			continue
		}
		if params[i].kind == KindFunction && a.typ.Kind != KindFunction || !s.unify(b, params[i], a.typ) {
			return nil, nil
		}
	}
	results := make([]*Type, len(args))
	// A lambda's result may widen the variables that its parameters have: the
	// state of reduce(a, 0, (s, x) -> s + x, ...) grows from integer to bigint.
	for round := 0; lambdas; round++ {
		before := maps.Clone(b.types)
		for i, a := range args {
			if a.lambda == nil {
				continue
			}
			elems := params[i].elems
			in := make([]*Type, 0, len(elems))
			for _, e := range elems[:len(elems)-1] {
				if t := e.ground(b); t != nil {
					in = append(in, t)
				}
			}
			if len(in) < len(elems)-1 {
				return nil, nil
			}
			t, err := typer(a.lambda, in)
			if err != nil {
				return nil, err
			}
			results[i] = t
			if !s.unify(b, elems[len(elems)-1], t) {
				return nil, nil
			}
		}
		if maps.EqualFunc(before, b.types, (*Type).Equal) {
			break
		}
		if round == 4 {
			return nil, nil
		}
	}
	out := &bound{sig: s, args: make([]*Type, len(args))}
	for i, p := range params {
		a := args[i].typ
		if p.any {
			out.args[i] = a
			continue
		}
		t := p.ground(b)
		if t == nil {
			return nil, nil
		}
		out.args[i] = t
		if a == nil {
			a, t = results[i], t.Result()
		}
		if !fits(a, t) {
			return nil, nil
		}
	}
	if s.variadic && len(args) == 0 {
		return nil, nil
	}
	if out.result = s.result.ground(b); out.result == nil {
		return nil, nil
	}
	return out, nil
}

// unify widens the variables in t so that an actual type fits.
func (s *signature) unify(b *bindings, t *template, actual *Type) bool {
	switch {
	case t.any, t.fixed != nil:
		return true
	case t.variable != "":
		old := b.types[t.variable]
		if old != nil {
			actual = CommonSuperType(old, actual)
		}
		if actual == nil {
			return false
		}
		switch s.constraints[t.variable] {
		case comparableType:
			if !actual.Comparable() {
				return false
			}
		case orderableType:
			if !actual.Orderable() {
				return false
			}
		case textType:
			if !CanCast(actual, Varchar) {
				return false
			}
		}
		b.types[t.variable] = actual
		return true
	case t.nums != nil:
		return unifyNums(b, t, actual)
	}
	if actual.Kind != KindUnknown && (actual.Kind != t.kind || len(actual.Elems) != len(t.elems)) {
		return false
	}
	for i, e := range t.elems {
		a := Unknown
		if actual.Kind != KindUnknown {
			a = actual.Elems[i]
		}
		if !s.unify(b, e, a) {
			return false
		}
	}
	return true
}

// unifyNums is unify for varchar(x), decimal(p,s) and the like.
func unifyNums(b *bindings, t *template, actual *Type) bool {
	if actual = coerceBase(actual, t.kind); actual == nil {
		return false
	}
	known := true
	for _, n := range t.nums {
		if n.op == "var" {
			_, ok := b.nums[n.name]
			known = known && ok
		}
	}
	if known {
		if actual = CommonSuperType(t.ground(b), actual); actual == nil {
			return false
		}
	}
	values := [2]int{actual.Precision, actual.Scale}
	if actual.Precision == Unbounded {
		values[0] = unboundedLength
	}
	for i, n := range t.nums {
		if n.op == "var" {
			b.nums[n.name] = int64(values[i])
		}
	}
	return true
}

// mismatch is the message for arguments that no signature takes.
func mismatch(name string, candidates []*signature, args []argument) string {
	var got, want []string
	for _, a := range args {
		if a.lambda != nil {
			got = append(got, "<function>")
		} else {
			got = append(got, a.typ.String())
		}
	}
	for _, c := range candidates {
		params := make([]string, len(c.params))
		for i, p := range c.params {
			params[i] = p.String()
		}
		text := name + "(" + strings.Join(params, ", ") + ")"
		for i, v := range c.variables {
			sep := ", "
			if i == 0 {
				sep = " "
			}
			text += sep + v + [...]string{"", ":comparable", ":orderable", ""}[c.constraints[v]]
		}
		want = append(want, text)
	}
	slices.Sort(want)
	return fmt.Sprintf("Unexpected parameters (%s) for function %s. Expected: %s",
		strings.Join(got, ", "), name, strings.Join(slices.Compact(want), ", "))
}
