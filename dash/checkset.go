package dash

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"lethe"
)

var types = []Type{Text, Integer, Decimal, Date, Time, Boolean}

// check holds a data set against all rules that need nothing but itself, and fills in what is
// left out. The error names the place.
func (d *DataSet) check() error {
	c := &check{}
	c.edited(&d.Edited)
	c.source(&d.Source)
	if d.Mode == "" {
		d.Mode = Live
	}
	if d.ReadAs == "" {
		d.ReadAs = ReadAsViewer
	}
	oneOf(c, "mode", d.Mode, Live, Extract)
	oneOf(c, "read_as", d.ReadAs, ReadAsViewer, ReadAsOwner)
	fields := c.fields(d)
	c.shapes(d, fields)
	c.parameters(d)
	c.most("filters", len(d.Filters), maxParts)
	ids := names{}
	for i := range d.Filters {
		at := fmt.Sprintf("filters[%d]", i)
		f := &d.Filters[i]
		c.filter(at, f, fields.has)
		if f.ID != "" {
			ids.add(c, at+".id", f.ID)
		}
		if f.Aggregation != "" || f.Kind == TopBottom {
			c.fail(at+".kind", "a data set's filters apply before anything is aggregated")
		}
	}
	c.rules(d)
	c.refreshes(d, fields)
	c.size(d)
	return c.err()
}

func (c *check) source(s *Source) {
	c.text("source.catalog", s.Catalog, 255)
	c.text("source.database", s.Database, 255)
	if (s.SQL == "") == (len(s.Tables) == 0) {
		c.fail("source", "give either sql or tables")
		return
	}
	if len(s.SQL) > maxSQL {
		c.fail("source.sql", "it has %d bytes; %d are allowed", len(s.SQL), maxSQL)
	}
	c.text("source.sql", s.SQL, maxSQL)
	c.most("source.tables", len(s.Tables), maxTables)
	aliases := names{}
	for i := range s.Tables {
		t, at := &s.Tables[i], fmt.Sprintf("source.tables[%d]", i)
		c.word(at+".alias", t.Alias)
		for _, part := range []struct{ name, value string }{{"catalog", t.Catalog}, {"database", t.Database}, {"table", t.Table}} {
			if part.value == "" && part.name != "catalog" {
				c.fail(at+"."+part.name, "it must not be empty")
			}
			c.text(at+"."+part.name, part.value, 255)
		}
		switch {
		case i == 0 && t.Join != nil:
			c.fail(at+".join", "the first table is joined to nothing")
		case i > 0 && t.Join == nil:
			c.fail(at+".join", "say how it is joined to the tables before it")
		case i > 0:
			c.join(at+".join", t.Join, aliases)
		}
		aliases.add(c, at+".alias", t.Alias)
	}
}

func (c *check) join(at string, j *Join, before names) {
	oneOf(c, at+".kind", j.Kind, Inner, Left, Right, Full)
	if len(j.On) == 0 {
		c.fail(at+".on", "name at least one pair of columns")
	}
	c.most(at+".on", len(j.On), maxPairs)
	for i, p := range j.On {
		at := fmt.Sprintf("%s.on[%d]", at, i)
		if !before.has(p.Alias) {
			c.fail(at+".alias", "there is no table %q before this one", p.Alias)
		}
		if p.Left == "" || len(p.Left) > 255 {
			c.fail(at+".left", "name a column of %s", p.Alias)
		}
		if p.Column == "" || len(p.Column) > 255 {
			c.fail(at+".column", "name a column of this table")
		}
	}
}

// fields returns the names of the fields and coordinates.
func (c *check) fields(d *DataSet) names {
	all, aliases := names{}, names{}
	for i, t := range d.Source.Tables {
		aliases[strings.ToLower(t.Alias)] = strconv.Itoa(i)
	}
	if len(d.Fields) == 0 {
		c.fail("fields", "name at least one")
	}
	c.most("fields", len(d.Fields), maxFields)
	for i := range d.Fields {
		f, at := &d.Fields[i], fmt.Sprintf("fields[%d]", i)
		c.field(at, f)
		all.add(c, at+".name", f.Name)
		if f.Column == "" && f.Expression == "" {
			c.fail(at+".column", "name a column of the source, or give an expression")
		}
		if len(d.Source.Tables) > 0 && f.Column != "" {
			alias, column, ok := strings.Cut(f.Column, ".")
			if !ok || column == "" || !aliases.has(alias) {
				c.fail(at+".column", "%q must be ALIAS.COLUMN with the alias of a table of the source", f.Column)
			}
		}
	}
	for i, x := range d.Coordinates {
		at := fmt.Sprintf("coordinates[%d]", i)
		for _, part := range []struct{ name, field string }{{"latitude", x.Latitude}, {"longitude", x.Longitude}} {
			if !all.has(part.field) {
				c.fail(at+"."+part.name, "there is no field %q", part.field)
			}
		}
		if strings.EqualFold(x.Latitude, x.Longitude) {
			c.fail(at, "latitude and longitude are the same field")
		}
	}
	c.most("coordinates", len(d.Coordinates), maxParts)
	for i, x := range d.Coordinates { // a coordinate is made of fields, not of coordinates
		at := fmt.Sprintf("coordinates[%d].name", i)
		c.name(at, x.Name)
		all.add(c, at, x.Name)
	}
	return all
}

// field holds one field against what it needs of itself.
func (c *check) field(at string, f *Field) {
	c.name(at+".name", f.Name)
	c.text(at+".description", f.Description, maxText)
	c.text(at+".column", f.Column, 2*255+1)
	c.text(at+".expression", f.Expression, maxText)
	if f.Column != "" && f.Expression != "" {
		c.fail(at+".expression", "a field is a column or an expression, not both")
	}
	oneOf(c, at+".type", f.Type, append([]Type{""}, types...)...)
	if c.text(at+".format", f.Format, maxName); f.Format != "" && f.Type != Date && f.Type != Time {
		c.fail(at+".format", "only dates and times are read by a format")
	}
	oneOf(c, at+".role", f.Role, "", Dimension, Measure)
	oneOf(c, at+".geo", f.Geo, "", Latitude, Longitude, Country, Region)
}

func (c *check) shapes(d *DataSet, fields names) {
	c.most("hierarchies", len(d.Hierarchies), maxParts)
	known := names{}
	for i, h := range d.Hierarchies {
		at := fmt.Sprintf("hierarchies[%d]", i)
		c.name(at+".name", h.Name)
		known.add(c, at+".name", h.Name)
		if len(h.Fields) < 2 {
			c.fail(at+".fields", "a hierarchy has at least two fields, from the widest")
		}
		c.most(at+".fields", len(h.Fields), 20)
		levels := names{}
		for j, f := range h.Fields {
			at := fmt.Sprintf("%s.fields[%d]", at, j)
			if !fields.has(f) {
				c.fail(at, "there is no field %q", f)
			}
			levels.add(c, at, f)
		}
	}
}

func (c *check) parameters(d *DataSet) {
	c.most("parameters", len(d.Parameters), maxParts)
	known := names{}
	for i, p := range d.Parameters {
		at := fmt.Sprintf("parameters[%d]", i)
		c.word(at+".name", p.Name)
		known.add(c, at+".name", p.Name)
		oneOf(c, at+".type", p.Type, types...)
		c.value(at+".default", p.Type, p.Default)
	}
}

func (c *check) rules(d *DataSet) {
	c.most("rules", len(d.Rules), maxParts)
	known := names{}
	for i, r := range d.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		c.name(at+".name", r.Name)
		known.add(c, at+".name", r.Name)
		if len(r.Principals) == 0 {
			c.fail(at+".principals", `name whom the rule is for; "*" is everyone`)
		}
		c.most(at+".principals", len(r.Principals), maxValues)
		for j, p := range r.Principals {
			if p != "*" && !ofAccount(p) {
				c.fail(fmt.Sprintf("%s.principals[%d]", at, j), `%q is not the ARN of a user, a role or a group of this lake, nor "*"`, p)
			}
		}
		c.text(at+".filter", r.Filter, maxText)
	}
}

// ofAccount reports whether an ARN has the form of those of users, roles and groups here.
func ofAccount(arn string) bool {
	for _, kind := range []string{"user/", "role/", "group/"} {
		if name, ok := strings.CutPrefix(arn, lethe.IAMARN(kind)); ok {
			return name != "" && len(arn) < 1024
		}
	}
	return strings.HasPrefix(arn, "arn:aws:sts::"+lethe.Account+":assumed-role/") && len(arn) < 1024
}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (c *check) refreshes(d *DataSet, fields names) {
	c.most("refresh", len(d.Refresh), maxSchedules)
	for i, s := range d.Refresh {
		at := fmt.Sprintf("refresh[%d]", i)
		oneOf(c, at+".every", s.Every, "hourly", "daily", "weekly", "monthly")
		if !clockForm.MatchString(s.At) {
			c.fail(at+".at", "%q is not a time as 06:30", s.At)
		}
		switch s.Every {
		case "weekly":
			oneOf(c, at+".day", s.Day, weekdays...)
		case "monthly":
			if n, err := strconv.Atoi(s.Day); err != nil || n < 1 || n > 28 {
				c.fail(at+".day", "%q is not a day of every month, 1 to 28", s.Day)
			}
		default:
			if s.Day != "" {
				c.fail(at+".day", "only weekly and monthly refreshes have a day")
			}
		}
		if s.Zone != "" {
			if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
				c.fail(at+".zone", "%q is not a time zone as Europe/Rome", s.Zone)
			}
		}
	}
	if n := d.Increment; n != nil {
		if !fields.has(n.Field) {
			c.fail("increment.field", "there is no field %q", n.Field)
		}
		if n.Window < 1 || n.Window > maxWindow {
			c.fail("increment.window", "%d is not a number of days from 1 to %d", n.Window, maxWindow)
		}
	}
}
