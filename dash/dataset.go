package dash

// DataSet is data prepared for visuals.
type DataSet struct {
	Edited
	Source Source `json:"source"`
	// Fields are in the order in which they are listed. They have different names, case
	// apart. Columns of the source that have no field are not read.
	Fields []Field `json:"fields"`
	// Coordinates pair fields. Their names are among those of the fields.
	Coordinates []Coordinate `json:"coordinates,omitempty"`
	Hierarchies []Hierarchy  `json:"hierarchies,omitempty"`
	Parameters  []Parameter  `json:"parameters,omitempty"`
	// Filters apply to whoever asks, before anything is aggregated.
	Filters []Filter  `json:"filters,omitempty"`
	Mode    Mode      `json:"mode"`
	ReadAs  ReadAs    `json:"read_as"`
	Rules   []RowRule `json:"rules,omitempty"`
	// Refresh says when an extract is refreshed beside by hand.
	Refresh []Schedule `json:"refresh,omitempty"`
	// Increment says how an extract is refreshed by increment; nil if only whole.
	Increment *Increment `json:"increment,omitempty"`
}

// Mode is where a data set's answers come from.
type Mode string

// The modes of data sets.
const (
	Live    Mode = "live"
	Extract Mode = "extract"
)

// ReadAs is whose permission to read the source's tables counts.
type ReadAs string

// Whose permission counts.
const (
	ReadAsViewer ReadAs = "viewer"
	ReadAsOwner  ReadAs = "owner"
)

// Source is where a data set's rows come from: a SELECT, or tables.
type Source struct {
	// Catalog and Database are where unqualified names of SQL are; "" means the
	// lake's own catalog and default.
	Catalog  string `json:"catalog,omitempty"`
	Database string `json:"database,omitempty"`
	// SQL is a SELECT in Athena's dialect; "" for tables. A parameter stands in it as
	// ${name}.
	SQL string `json:"sql,omitempty"`
	// Tables are joined in their order: each but the first has a Join.
	Tables []SourceTable `json:"tables,omitempty"`
}

// SourceTable is a table of a source.
type SourceTable struct {
	// Alias names it in the source; different for each.
	Alias    string `json:"alias"`
	Catalog  string `json:"catalog"`
	Database string `json:"database"`
	Table    string `json:"table"`
	// Join says how it is joined to those before it; nil for the first.
	Join *Join `json:"join,omitempty"`
}

// Join joins a table to those before it where all pairs of columns are equal.
type Join struct {
	Kind JoinKind   `json:"kind"`
	On   []JoinPair `json:"on"`
}

// JoinKind is a kind of join.
type JoinKind string

// The kinds of joins.
const (
	Inner JoinKind = "inner"
	Left  JoinKind = "left"
	Right JoinKind = "right"
	Full  JoinKind = "full"
)

// JoinPair is a column of a table before, as alias and column, and one of the table that is joined.
type JoinPair struct {
	Alias  string `json:"alias"`
	Left   string `json:"left"`
	Column string `json:"column"`
}

// Field is a column of a data set: a column of its source, prepared, or an
// expression.
type Field struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Column is the source's: of SQL its output column; of tables "alias.column". "" for a
	// calculated field.
	Column string `json:"column,omitempty"`
	// Expression of a calculated field is Athena's dialect over the names of other fields, and
	// ${parameters}. "/" divides as numbers do, not as integers, and is null where
	// the divisor is 0. If it aggregates, the field is a measure that is not aggregated
	// again.
	Expression string `json:"expression,omitempty"`
	// Type is what the field is converted to; "" keeps the source's. Of a calculated field the
	// service tells it: an expression casts where it wants another.
	Type Type `json:"type,omitempty"`
	// Format reads a date or a time from text, as in yyyy-MM-dd (Joda's letters, as Athena's
	// parse_datetime); "" is ISO's.
	Format string `json:"format,omitempty"`
	Role   Role   `json:"role,omitempty"`
	Geo    Geo    `json:"geo,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	// Cumulative says that the field's values add up over time already: summing it
	// over dates warns.
	Cumulative bool `json:"cumulative,omitempty"`
	// Aggregate is told by the service: the expression aggregates.
	Aggregate bool `json:"aggregate,omitempty"`
	// SourceType is told by the service: the column's type in the source, as Athena names it.
	SourceType string `json:"source_type,omitempty"`
}

// Type is a type of fields.
type Type string

// The types of fields.
const (
	Text    Type = "text"
	Integer Type = "integer" // 64 bits
	Decimal Type = "decimal" // a double
	Date    Type = "date"
	Time    Type = "time" // a timestamp without time zone, of milliseconds
	Boolean Type = "boolean"
)

// Role is how a field is used where nothing else is said.
type Role string

// The roles of fields.
const (
	Dimension Role = "dimension"
	Measure   Role = "measure"
)

// Geo is what a field says about a place.
type Geo string

// What fields say about places. Names of countries and regions are recognised.
const (
	Latitude  Geo = "latitude"
	Longitude Geo = "longitude"
	Country   Geo = "country"
	Region    Geo = "region" // of a country: state, province
)

// Coordinate is a field of places, made of two fields in degrees.
type Coordinate struct {
	Name      string `json:"name"`
	Latitude  string `json:"latitude"`
	Longitude string `json:"longitude"`
}

// Hierarchy is fields to drill down, from the widest.
type Hierarchy struct {
	Name   string   `json:"name"`
	Fields []string `json:"fields"`
}

// Parameter is a value that a viewer sets.
type Parameter struct {
	Name    string `json:"name"`
	Type    Type   `json:"type"`
	Default string `json:"default"` // as text, in ISO's form for dates
}

// RowRule keeps rows from viewers. With any rule, a viewer sees the rows of the
// rules that name the viewer, one of the viewer's groups, or "*"; without one that does, none.
type RowRule struct {
	Name string `json:"name"`
	// Principals are ARNs of users and groups, or "*".
	Principals []string `json:"principals"`
	// Filter is a condition over fields, with current_user, in_group('NAME') and
	// principal_tag('KEY') as in rules of tables; "" is all rows.
	Filter string `json:"filter,omitempty"`
}

// Schedule is when an extract is refreshed.
type Schedule struct {
	// Every is hourly, daily, weekly or monthly.
	Every string `json:"every"`
	// At is hh:mm in the zone; of hourly only the minute counts.
	At string `json:"at"`
	// Day is of the week (monday) or of the month (1 to 28).
	Day  string `json:"day,omitempty"`
	Zone string `json:"zone,omitempty"` // as Europe/Rome; "" is UTC
	// Whole refreshes whole even if an increment is set.
	Whole bool `json:"whole,omitempty"`
}

// Increment replaces the rows of an extract whose field lies within the last days.
type Increment struct {
	Field string `json:"field"` // a date or time
	// Window is a number of days before now.
	Window int `json:"window"`
}
