package dash

import "time"

// Query is a question to a data set. Its answer has a column for each of Dimensions
// and then for each of Measures, and a row for each combination of the dimensions' values.
type Query struct {
	Dimensions []By     `json:"dimensions,omitempty"`
	Measures   []Of     `json:"measures,omitempty"`
	Filters    []Filter `json:"filters,omitempty"`
	// Calculated are fields beside those of the data set, of an analysis.
	Calculated []Field `json:"calculated,omitempty"`
	// Sort orders rows; without it they are in the order of the dimensions' values.
	Sort []Sort `json:"sort,omitempty"`
	// Limit bounds the rows; 0 means the service's bound, which no query exceeds.
	Limit int `json:"limit,omitempty"`
	// Groups bounds the values of the first dimension: the first by Sort are kept, with all
	// rows of theirs. 0 keeps all.
	Groups int `json:"groups,omitempty"`
	// Others sums what the limit cuts off in a last row, whose dimensions are null.
	Others     bool              `json:"others,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	// Rows asks for the dimensions of single rows: nothing is grouped.
	Rows bool `json:"rows,omitempty"`
}

// By is a dimension of a query.
type By struct {
	// Field is a field or a coordinate, which is two columns of the answer, named
	// NAME.latitude and NAME.longitude.
	Field string `json:"field"`
	// Grain cuts dates and times: year, quarter, month, week, day, hour, minute.
	Grain Grain `json:"grain,omitempty"`
	// Bin cuts numbers into bins of this width; a value is its bin's lower end.
	Bin float64 `json:"bin,omitempty"`
	// Bins cuts numbers into about as many bins of a round width, which the answer tells.
	Bins int `json:"bins,omitempty"`
}

// Grain is a unit of time.
type Grain string

// The grains. Weeks begin on Monday.
const (
	Year    Grain = "year"
	Quarter Grain = "quarter"
	Month   Grain = "month"
	Week    Grain = "week"
	Day     Grain = "day"
	Hour    Grain = "hour"
	Minute  Grain = "minute"
)

// Of is a measure of a query.
type Of struct {
	Field string `json:"field"` // "*" with count counts rows
	// Aggregation is "" for a field that aggregates by itself.
	Aggregation Aggregation `json:"aggregation,omitempty"`
}

// Aggregation makes one value of many.
type Aggregation string

// The aggregations.
const (
	Sum           Aggregation = "sum"
	Average       Aggregation = "average"
	Minimum       Aggregation = "min"
	Maximum       Aggregation = "max"
	Count         Aggregation = "count"
	CountDistinct Aggregation = "count_distinct"
	Median        Aggregation = "median"
	Percentile95  Aggregation = "percentile_95"
	Deviation     Aggregation = "deviation" // of a sample
	Variance      Aggregation = "variance"  // of a sample
)

// Sort orders by a column of the answer.
type Sort struct {
	// Column is the number of a dimension or measure, from 0, dimensions first.
	Column     int  `json:"column"`
	Descending bool `json:"descending,omitempty"`
}

// Filter keeps rows. Which of its fields count depends on its kind.
type Filter struct {
	ID    string     `json:"id,omitempty"`
	Kind  FilterKind `json:"kind"`
	Field string     `json:"field"`
	// Aggregation filters groups by a measure, of numeric kinds.
	Aggregation Aggregation `json:"aggregation,omitempty"`
	// Off keeps the filter and does not apply it.
	Off bool `json:"off,omitempty"`

	// Values of category and equality kinds, as text (ISO's form for dates).
	Values []string `json:"values,omitempty"`
	// Exclude keeps what is not among Values.
	Exclude bool `json:"exclude,omitempty"`
	// Contains of a category keeps what contains this text, case apart.
	Contains string `json:"contains,omitempty"`

	// From and To bound a range, as text. A number range includes both, unless said.
	// A time range includes its start and excludes its end.
	From        string `json:"from,omitempty"`
	To          string `json:"to,omitempty"`
	ExcludeFrom bool   `json:"exclude_from,omitempty"`
	ExcludeTo   bool   `json:"exclude_to,omitempty"`

	// Relative dates: the last or next N grains, or this one, counted from Anchor, which
	// is now if "". Grains are whole: the last 7 days end with today.
	Relative string `json:"relative,omitempty"` // this, last, next, to_date
	N        int    `json:"n,omitempty"`
	Grain    Grain  `json:"grain,omitempty"`
	Anchor   string `json:"anchor,omitempty"`

	// Top and bottom: the N values of Field with the largest (smallest, if Bottom) measure.
	Bottom bool `json:"bottom,omitempty"`
	By     *Of  `json:"by,omitempty"`

	// Nulls says what happens to nulls: "" leaves them out where values or bounds are
	// given and keeps them else; only, keep, leave_out.
	Nulls string `json:"nulls,omitempty"`

	// Visuals it applies to, by id; none means all of the sheet's.
	Visuals []string `json:"visuals,omitempty"`
	// Everywhere applies it to all sheets.
	Everywhere bool `json:"everywhere,omitempty"`
}

// FilterKind is a kind of filter, as QuickSight names them.
type FilterKind string

// The kinds of filters.
const (
	Category        FilterKind = "category"
	NumericEquality FilterKind = "numeric_equality"
	NumericRange    FilterKind = "numeric_range"
	TimeEquality    FilterKind = "time_equality"
	TimeRange       FilterKind = "time_range"
	RelativeDates   FilterKind = "relative_dates"
	TopBottom       FilterKind = "top_bottom"
	Nulls           FilterKind = "nulls"
)

// Answer is what a query found, in columns.
type Answer struct {
	Columns []AnswerColumn `json:"columns"`
	Rows    int            `json:"rows"`
	// More says that rows were left out by the limit.
	More bool `json:"more,omitempty"`
	// Others says that the last row sums what the limit cut off.
	Others bool `json:"others,omitempty"`
	// Warnings are for whoever looks: a cumulative measure was summed over dates.
	Warnings []string `json:"warnings,omitempty"`
	// SQL is what was asked, in Athena's dialect.
	SQL  string `json:"sql"`
	From Mode   `json:"from"`
	// AsOf is the time of what was read: of an extract, when it was refreshed.
	AsOf time.Time `json:"as_of"`
	// Took is in milliseconds.
	Took float64 `json:"took"`
	// Cached says that it was asked before.
	Cached bool `json:"cached,omitempty"`
}

// AnswerColumn is a column of an answer.
type AnswerColumn struct {
	Name string `json:"name"` // the field's
	Type Type   `json:"type"`
	// Values are string, int64, float64, bool or nil. Dates are texts as 2020-09-10, times as
	// 2020-09-10T12:00:00.000; integers beyond 2^53 are texts.
	Values []any `json:"values"`
	// Bin is the width of bins.
	Bin float64 `json:"bin,omitempty"`
}
