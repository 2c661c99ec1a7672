package csv

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// write writes a value as a field; nil is null.
func (p *parser) write(v *string) ([]byte, error) {
	if v == nil {
		if p.Kind == LazySimple {
			return []byte(p.Null), nil
		}
		return nil, nil
	}
	s := strings.ToValidUTF8(*v, string(utf8.RuneError))
	var out string
	switch p.Kind {
	case RFC4180:
		out = s
		if s == "" || strings.ContainsAny(s, p.Separator+p.Quote+"\r\n") || strings.TrimSpace(s) != s {
			out = p.Quote + strings.ReplaceAll(s, p.Quote, p.Quote+p.Quote) + p.Quote
		}
	case OpenCSV:
		if strings.ContainsAny(s, "\r\n") {
			return nil, errors.New("the new value has an end of line, which a record of OpenCSVSerde cannot hold")
		}
		if p.Escape != p.Quote {
			s = strings.ReplaceAll(s, p.Escape, p.Escape+p.Escape)
		}
		out = p.Quote + strings.ReplaceAll(s, p.Quote, p.Quote+p.Quote) + p.Quote
	case LazySimple:
		if p.Escape != "" {
			out = strings.NewReplacer(p.Escape, p.Escape+p.Escape, p.Separator, p.Escape+p.Separator, "\n", p.Escape+"n", "\r", p.Escape+"r").Replace(s)
		} else if out = s; strings.Contains(s, p.Separator) || strings.ContainsAny(s, "\r\n") {
			return nil, errors.New("the new value has a separator or an end of line, and the table has no escape character")
		}
		if out == p.Null {
			return nil, errors.New("the new value is the text of null")
		}
	}
	if p.Encoding != "" {
		return toLatin1(out)
	}
	return []byte(out), nil
}

func fromLatin1(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return out.String()
}

func toLatin1(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, fmt.Errorf("the new value has %q, which is not in Latin-1", r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}
