package dash

import (
	"regexp"
	"testing"
)

func TestShapeOf(t *testing.T) {
	for _, c := range []struct {
		format   string
		yes, not []string
	}{
		{"dd.MM.yyyy", []string{"22.01.2020", "1.2.2020"}, []string{"2020-01-22", "22.13.2020", "32.01.2020", "22-01-2020", "22x01x2020", " 22.01.2020"}},
		{"yyyyMMdd", []string{"20200122"}, []string{"202001", "20201322", "202001221"}},
		{"yyyy-MM-dd'T'HH:mm:ss.SSS", []string{"2020-01-22T23:59:59.5", "2020-01-22T3:05:09.500"}, []string{"2020-01-22 23:59:59.5", "2020-01-22T24:00:00.0"}},
		{"M/d/yy", []string{"1/22/20"}, []string{"22/1/20", "1/22/2020"}},
	} {
		shape := regexp.MustCompile(shapeOf(c.format))
		for _, s := range c.yes {
			if !shape.MatchString(s) {
				t.Errorf("%s: %q does not match %s", c.format, s, shape)
			}
		}
		for _, s := range c.not {
			if shape.MatchString(s) {
				t.Errorf("%s: %q matches %s", c.format, s, shape)
			}
		}
	}
	for _, format := range []string{"dd MMM yyyy", "hh:mm a", "yyyy-MM-dd'T'HH:mm:ssZ", "dd 'o''clock'", "yyyyy", "dd\\MM"} {
		if shape := shapeOf(format); shape != "" {
			t.Errorf("%s has the shape %s", format, shape)
		}
	}
}
