package dialect

import (
	"database/sql/driver"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

var (
	ten      = big.NewInt(10)
	maxDigit = new(big.Int).Sub(new(big.Int).Exp(ten, big.NewInt(38), nil), big.NewInt(1))
)

func init() {
	define("quotient", "hhih", func(a args) (any, error) {
		n, d := new(big.Int).Set(a[0].(*big.Int)), new(big.Int).Set(a[1].(*big.Int))
		if shift := a.i(2); shift >= 0 {
			n.Mul(n, new(big.Int).Exp(ten, big.NewInt(shift), nil))
		} else {
			d.Mul(d, new(big.Int).Exp(ten, big.NewInt(-shift), nil))
		}
		q := divideHalfUp(n, d)
		if q.CmpAbs(maxDigit) > 0 {
			return nil, outOfRange("Decimal overflow")
		}
		return q, nil
	})
	define("double_decimal", "diis", func(a args) (any, error) {
		v, p, s := a.d(0), int(a.i(1)), int(a.i(2))
		name := "DECIMAL(" + strconv.Itoa(p) + ", " + strconv.Itoa(s) + ")"
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, badCast("Cannot cast DOUBLE '%s' to %s", javaDouble(v), name)
		}
		// The shortest digits of the number, as Java's BigDecimal.valueOf.
		out, ok := roundDecimal(strconv.FormatFloat(v, 'e', -1, 64), p, s)
		if !ok {
			return nil, badCast("Cannot cast DOUBLE '%s' to %s", javaDouble(v), name)
		}
		return out, nil
	})
	define("parse_decimal", "siis", func(a args) (any, error) {
		s, p, sc := a.s(0), int(a.i(1)), int(a.i(2))
		name := "DECIMAL(" + strconv.Itoa(p) + ", " + strconv.Itoa(sc) + ")"
		if !isDecimal(s) {
			return nil, badCast("Cannot cast VARCHAR '%s' to %s. Value is not a number.", s, name)
		}
		out, ok := roundDecimal(s, p, sc)
		if !ok {
			return nil, badCast("Cannot cast VARCHAR '%s' to %s. Value too large.", s, name)
		}
		return out, nil
	})
	quiet("parse_decimal")
	define("double_real", "dd", func(a args) (any, error) { return float64(float32(a.d(0))), nil })
	define("log", "ddd", func(a args) (any, error) { return math.Log(a.d(1)) / math.Log(a.d(0)), nil })
	define("power", "ddd", func(a args) (any, error) {
		x, y := a.d(0), a.d(1)
		switch { // where Java differs from C
		case y != 0 && math.IsNaN(y), math.Abs(x) == 1 && math.IsInf(y, 0):
			return math.NaN(), nil
		}
		return math.Pow(x, y), nil
	})
	define("bit_count", "iii", func(a args) (any, error) {
		v, n := a.i(0), a.i(1)
		if n < 2 || n > 64 {
			return nil, badArgument("Bits specified in bit_count must be between 2 and 64, got %d", n)
		}
		if n < 64 {
			if lo, hi := -int64(1)<<(n-1), int64(1)<<(n-1)-1; v < lo || v > hi {
				return nil, badArgument("Number must be representable with the bits specified. %d cannot be represented with %d bits", v, n)
			}
			v &= 1<<n - 1
		}
		return int64(bits.OnesCount64(uint64(v))), nil
	})
	define("from_base", "sii", func(a args) (any, error) {
		if r := a.i(1); r < 2 || r > 36 {
			return nil, badArgument("Radix must be between 2 and 36")
		}
		v, err := strconv.ParseInt(a.s(0), int(a.i(1)), 64)
		if err != nil || strings.Contains(a.s(0), "_") {
			return nil, badArgument("Not a valid base-%d number: %s", a.i(1), a.s(0))
		}
		return v, nil
	})
	define("to_base", "iis", func(a args) (any, error) {
		if r := a.i(1); r < 2 || r > 36 {
			return nil, badArgument("Radix must be between 2 and 36")
		}
		return strconv.FormatInt(a.i(0), int(a.i(1))), nil
	})
	define("left_shift", "iiii", func(a args) (any, error) {
		v, n, w := a.i(0), uint64(a.i(1)), uint(a.i(2))
		if n >= uint64(w) {
			return int64(0), nil
		}
		return signExtend(v<<n, w), nil
	})
	define("right_shift", "iiii", func(a args) (any, error) {
		v, n, w := a.i(0), uint64(a.i(1)), uint(a.i(2))
		if n >= uint64(w) {
			return int64(0), nil
		}
		u := uint64(v)
		if w < 64 {
			u &= 1<<w - 1
		}
		return signExtend(int64(u>>n), w), nil
	})
	define("right_shift_arithmetic", "iiii", func(a args) (any, error) {
		v, n, w := a.i(0), uint64(a.i(1)), uint(a.i(2))
		if n >= uint64(w) {
			return v >> 63, nil
		}
		return v >> n, nil
	})
	define("width_bucket", "dddii", func(a args) (any, error) {
		x, lo, hi, n := a.d(0), a.d(1), a.d(2), a.i(3)
		switch {
		case n <= 0:
			return nil, badArgument("bucketCount must be greater than 0")
		case math.IsNaN(x):
			return nil, badArgument("operand must not be NaN")
		case math.IsNaN(lo) || math.IsInf(lo, 0):
			return nil, badArgument("first bound must be finite")
		case math.IsNaN(hi) || math.IsInf(hi, 0):
			return nil, badArgument("second bound must be finite")
		case lo == hi:
			return nil, badArgument("bounds cannot equal each other")
		}
		lower, upper := min(lo, hi), max(lo, hi)
		var b int64
		switch {
		case x < lower:
			b = 0
		case x >= upper:
			if n == math.MaxInt64 {
				return nil, outOfRange("Bucket for value %s is out of range", javaDouble(x))
			}
			b = n + 1
		default:
			b = int64(float64(n)*(x-lower)/(upper-lower) + 1)
		}
		if lo > hi {
			b = n - b + 1
		}
		return b, nil
	})
	define("check_bins", "dDb", func(a args) (any, error) {
		if math.IsNaN(a.d(0)) {
			return nil, badArgument("Operand cannot be NaN")
		}
		bins := a[1].([]any)
		if len(bins) == 0 {
			return nil, badArgument("Bins cannot be an empty array")
		}
		last := math.Inf(-1)
		for i, b := range bins {
			v, ok := b.(float64)
			if !ok {
				return nil, badArgument("Bins cannot contain null")
			}
			if i > 0 && v <= last || math.IsNaN(v) || math.IsInf(v, 0) && len(bins) > 1 {
				return nil, badArgument("Bin values are not sorted in ascending order")
			}
			last = v
		}
		return true, nil
	})
	scalars["check_comparison"] = &scalar{params: "i", result: 'i', nulls: true, f: func(v []driver.Value) (any, error) {
		if n, ok := v[0].(int64); ok && n >= -1 && n <= 1 {
			return n, nil
		}
		return nil, badArgument("Lambda comparator must return either -1, 0, or 1")
	}}
	define("positive", "isb", func(a args) (any, error) {
		if a.i(0) <= 0 {
			return nil, badArgument("%s", a.s(1))
		}
		return true, nil
	})
	define("round_bigint", "iiii", func(a args) (any, error) {
		v, n := a.i(0), a.i(1)
		if n >= 0 {
			return v, nil
		}
		if limit := map[int64]int64{8: 3, 16: 5, 32: 10, 64: 19}[a.i(2)]; -n > limit {
			return nil, outOfRange("integer overflow: round(%d, %d)", v, n)
		}
		unit := new(big.Int).Exp(ten, big.NewInt(-n), nil)
		q := divideHalfUp(big.NewInt(v), unit)
		q.Mul(q, unit)
		if !q.IsInt64() {
			return nil, outOfRange("bigint overflow: round(%d, %d)", v, n)
		}
		return q.Int64(), nil
	})
	define("round_double", "did", func(a args) (any, error) { return roundDouble(a.d(0), a.i(1)), nil })
	define("round_real", "did", func(a args) (any, error) {
		v, err := strconv.ParseFloat(strconv.FormatFloat(a.d(0), 'g', -1, 32), 64)
		if err != nil {
			return a.d(0), nil
		}
		return float64(float32(roundDouble(v, a.i(1)))), nil
	})
	define("normal_cdf", "dddd", func(a args) (any, error) {
		if !(a.d(1) > 0) {
			return nil, badArgument("standardDeviation must be > 0")
		}
		return 0.5 * math.Erfc(-(a.d(2)-a.d(0))/(a.d(1)*math.Sqrt2)), nil
	})
	define("inverse_normal_cdf", "dddd", func(a args) (any, error) {
		mean, sd, p := a.d(0), a.d(1), a.d(2)
		if !(p > 0 && p < 1) {
			return nil, badArgument("p must be in the interval (0, 1)")
		}
		if !(sd > 0) {
			return nil, badArgument("sd must be > 0")
		}
		return mean + sd*math.Sqrt2*math.Erfinv(2*p-1), nil
	})
	define("wilson", "iiddd", func(a args) (any, error) {
		k, n, z := a.i(0), a.i(1), a.d(2)
		switch {
		case k < 0:
			return nil, badArgument("number of successes must not be negative")
		case n <= 0:
			return nil, badArgument("number of trials must be positive")
		case k > n:
			return nil, badArgument("number of successes must not be larger than number of trials")
		case z < 0:
			return nil, badArgument("z-score must not be negative")
		}
		N, p := float64(n), float64(k)/float64(n)
		return (p + z*z/(2*N) + a.d(3)*z*math.Sqrt(p*(1-p)/N+z*z/(4*N*N))) / (1 + z*z/N), nil
	})
	vector := func(name string, f func(x, y []float64) (any, error)) {
		define(name, "DDd", func(a args) (any, error) {
			x, okx := doubles(a[0])
			y, oky := doubles(a[1])
			if !okx || !oky {
				return nil, nil
			}
			if len(x) != len(y) {
				return nil, badArgument("The arguments must have the same length")
			}
			return f(x, y)
		})
	}
	vector("dot_product", func(x, y []float64) (any, error) {
		s := 0.0
		for i := range x {
			s += x[i] * y[i]
		}
		return s, nil
	})
	vector("euclidean_distance", func(x, y []float64) (any, error) {
		s := 0.0
		for i := range x {
			s += (x[i] - y[i]) * (x[i] - y[i])
		}
		return math.Sqrt(s), nil
	})
	vector("cosine_similarity", func(x, y []float64) (any, error) {
		xy, xx, yy := 0.0, 0.0, 0.0
		for i := range x {
			xy += x[i] * y[i]
			xx += x[i] * x[i]
			yy += y[i] * y[i]
		}
		if xx == 0 || yy == 0 {
			return nil, badArgument("Vector magnitude cannot be zero")
		}
		return xy / math.Sqrt(xx*yy), nil
	})
	define("combinations", "iiJ", func(a args) (any, error) { return combinations(a.i(0), a.i(1)) })
}

func doubles(v any) ([]float64, bool) {
	in := v.([]any)
	out := make([]float64, len(in))
	for i, x := range in {
		f, ok := x.(float64)
		if !ok {
			return nil, false
		}
		out[i] = f
	}
	return out, true
}

func signExtend(v int64, width uint) int64 {
	return v << (64 - width) >> (64 - width)
}

// divideHalfUp returns n/d rounded to the nearest, halves away from zero.
func divideHalfUp(n, d *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(n, d, new(big.Int))
	if r.Lsh(r, 1).CmpAbs(d) >= 0 {
		if n.Sign()*d.Sign() < 0 {
			q.Sub(q, big.NewInt(1))
		} else {
			q.Add(q, big.NewInt(1))
		}
	}
	return q
}

func isDecimal(s string) bool {
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" {
		return false
	}
	_, _, err := big.ParseFloat(s, 10, 64, big.ToNearestEven)
	return err == nil
}

// roundDecimal writes a decimal number with scale digits after the point, rounded
// half away from zero; false if it has more than precision digits.
func roundDecimal(s string, precision, scale int) (string, bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		mantissa = s[:i]
		if exp, err = strconv.Atoi(s[i+1:]); err != nil || exp > 1000 || exp < -100000 {
			if err == nil && exp < 0 {
				exp = -100000
			} else {
				return "", strings.Trim(mantissa, "0.") == ""
			}
		}
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+frac, "0")
	point := len(digits) - len(frac) + exp // digits before the point
	if digits == "" {
		digits, point = "0", 1
	}
	keep := point + scale // digits that stay
	n := new(big.Int)
	switch {
	case keep < 0:
	case keep > precision+1 && strings.Trim(digits, "0") != "":
		return "", false
	case keep >= len(digits):
		n.SetString(digits+strings.Repeat("0", keep-len(digits)), 10)
	default:
		n.SetString("0"+digits[:keep], 10)
		if digits[keep] >= '5' {
			n.Add(n, big.NewInt(1))
		}
	}
	out := n.String()
	if len(strings.TrimLeft(out, "0")) > precision {
		return "", false
	}
	if scale > 0 {
		if len(out) <= scale {
			out = strings.Repeat("0", scale-len(out)+1) + out
		}
		out = out[:len(out)-scale] + "." + out[len(out)-scale:]
	}
	if neg && n.Sign() != 0 {
		out = "-" + out
	}
	return out, true
}

// roundDouble rounds as Trino: through the decimal digits only where the factor
// keeps the value exact.
func roundDouble(v float64, n int64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	if n > 400 {
		return v
	}
	if n < -400 {
		return 0
	}
	factor := math.Pow(10, float64(n))
	scaled := v * factor
	if math.IsInf(scaled, 0) || math.IsInf(factor, 0) {
		return v
	}
	if factor == 0 {
		return 0
	}
	r := math.Floor(math.Abs(scaled) + 0.5)
	if math.Abs(scaled) > 1<<52 {
		return v
	}
	return math.Copysign(r, v) / factor
}

// combinations returns the index lists of all ways to take k of n elements, in
// the order of Trino.
func combinations(n, k int64) (any, error) {
	switch {
	case k < 0 || k > 5:
		if k < 0 {
			return nil, badArgument("combination size must not be negative: %d", k)
		}
		return nil, badArgument("combination size must not exceed 5: %d", k)
	case k > n:
		return []any{}, nil
	}
	count := 1.0
	for i := int64(0); i < k; i++ {
		count = count * float64(n-i) / float64(i+1)
	}
	if count > 100000 {
		return nil, badArgument("combinations exceed max size")
	}
	idx := make([]int64, k)
	for i := range idx {
		idx[i] = int64(i)
	}
	out := []any{}
	for {
		row := make([]any, k)
		for i, v := range idx {
			row[i] = v + 1
		}
		out = append(out, row)
		// The next in colexicographic order.
		i := int64(0)
		for ; i < k; i++ {
			limit := n
			if i+1 < k {
				limit = idx[i+1]
			}
			if idx[i]+1 < limit {
				break
			}
		}
		if i == k {
			return out, nil
		}
		idx[i]++
		for j := int64(0); j < i; j++ {
			idx[j] = j
		}
	}
}

func parseDataSize(s string) (any, error) {
	units := map[string]int{"B": 0, "kB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5, "EB": 6, "ZB": 7, "YB": 8}
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	power, ok := units[s[i:]]
	v, vok := new(big.Rat).SetString(s[:i])
	if !ok || !vok || i == 0 {
		return nil, badArgument("Invalid data size: '%s'", s)
	}
	v.Mul(v, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(1024), big.NewInt(int64(power)), nil)))
	q := new(big.Int).Quo(v.Num(), v.Denom())
	if q.CmpAbs(maxDigit) > 0 {
		return nil, outOfRange("Value out of range: '%s' ('%sB')", s, q)
	}
	return q.String(), nil
}
