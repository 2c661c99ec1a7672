package dash

import "time"

// Analysis is what an author edits.
type Analysis struct {
	Edited
	Definition Definition `json:"definition"`
	// Dashboard is the id of the dashboard that it is published to; "" before.
	Dashboard string `json:"dashboard,omitempty"`
}

// Dashboard is a published analysis.
type Dashboard struct {
	Edited
	Analysis string `json:"analysis,omitempty"`
	// Version is the number of the definition that viewers see.
	Version    int        `json:"version"`
	Published  time.Time  `json:"published"`
	Definition Definition `json:"definition"`
	Shares     []Share    `json:"shares"`
}

// Version is a definition that was published once.
type Version struct {
	Number    int       `json:"number"`
	Published time.Time `json:"published"`
	By        string    `json:"by"` // ARN
	Note      string    `json:"note,omitempty"`
}

// Share lets a user or a group look at a dashboard, or edit what it is made from.
type Share struct {
	Principal string `json:"principal"` // ARN of a user or a group
	Role      string `json:"role"`      // viewer or editor
}

// Definition is sheets of visuals.
type Definition struct {
	// DataSets are the ids of those that visuals ask.
	DataSets []string `json:"data_sets"`
	Sheets   []Sheet  `json:"sheets"`
	// Calculated are fields of the analysis, each over one data set.
	Calculated []AnalysisField `json:"calculated,omitempty"`
	// Colors hold the colour of a value wherever it is drawn: field, value, colour as #0f6b5c.
	Colors map[string]map[string]string `json:"colors,omitempty"`
}

// AnalysisField is a calculated field of an analysis.
type AnalysisField struct {
	DataSet string `json:"data_set"`
	Field
}

// Sheet is a page of visuals.
type Sheet struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Visuals []Visual `json:"visuals"`
	// Filters name a data set each.
	Filters []SheetFilter `json:"filters,omitempty"`
	// Controls are shown above the visuals: each sets a filter or a parameter.
	Controls []Control `json:"controls,omitempty"`
}

// SheetFilter is a filter over a data set.
type SheetFilter struct {
	DataSet string `json:"data_set"`
	Filter
}

// Control is a viewer's hand on a filter or a parameter.
type Control struct {
	ID        string `json:"id"`
	Title     string `json:"title,omitempty"`
	Filter    string `json:"filter,omitempty"`    // id of a filter of the sheet
	Parameter string `json:"parameter,omitempty"` // name
	DataSet   string `json:"data_set,omitempty"`  // of the parameter
}

// Visual is a picture of data.
type Visual struct {
	ID      string     `json:"id"`
	Kind    VisualKind `json:"kind"`
	Title   string     `json:"title,omitempty"`
	DataSet string     `json:"data_set,omitempty"`
	// Wells hold what is drawn, by the wells' names of the kind (see Wells).
	Wells map[string][]WellField `json:"wells,omitempty"`
	// Sort and Limit are of groups; a limit of 0 is the kind's own.
	Sort   *VisualSort `json:"sort,omitempty"`
	Limit  int         `json:"limit,omitempty"`
	Others bool        `json:"others,omitempty"`
	// Text of a text visual: paragraphs, with **bold** and links as Markdown has them.
	Text  string          `json:"text,omitempty"`
	Lines []ReferenceLine `json:"lines,omitempty"`
	Look  Look            `json:"look"`
	// Place is on a grid of 12 columns.
	Place Place `json:"place"`
}

// VisualSort orders the groups of a visual.
type VisualSort struct {
	// Well and Index name one of the visual's fields.
	Well       string `json:"well"`
	Index      int    `json:"index,omitempty"`
	Descending bool   `json:"descending,omitempty"`
}

// WellField is a field in a well.
type WellField struct {
	Field       string      `json:"field"` // "*" counts rows
	Aggregation Aggregation `json:"aggregation,omitempty"`
	Grain       Grain       `json:"grain,omitempty"`
	Bins        int         `json:"bins,omitempty"`
	Label       string      `json:"label,omitempty"`
	Format      *Format     `json:"format,omitempty"`
}

// Format is how numbers and dates are written.
type Format struct {
	// Style is number, percent, currency, compact or a date pattern.
	Style    string `json:"style,omitempty"`
	Decimals *int   `json:"decimals,omitempty"`
	Currency string `json:"currency,omitempty"`
	Prefix   string `json:"prefix,omitempty"`
	Suffix   string `json:"suffix,omitempty"`
	Date     string `json:"date,omitempty"` // as d MMM yyyy
}

// ReferenceLine is drawn across a chart.
type ReferenceLine struct {
	Label string `json:"label,omitempty"`
	// Value is fixed; or Of says what it is made from: average, min, max, median of the
	// first value.
	Value *float64 `json:"value,omitempty"`
	Of    string   `json:"of,omitempty"`
	Color string   `json:"color,omitempty"`
}

// Look is how a visual is drawn.
type Look struct {
	// Stacked bars and areas: "", stacked or share (to 100 %).
	Stack      string `json:"stack,omitempty"`
	Horizontal bool   `json:"horizontal,omitempty"`
	Donut      bool   `json:"donut,omitempty"`
	Log        bool   `json:"log,omitempty"` // logarithmic value axis
	Labels     bool   `json:"labels,omitempty"`
	Legend     string `json:"legend,omitempty"` // "", none, right, bottom
}

// Place is on a grid of 12 columns, rows of a fixed height.
type Place struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// VisualKind is a kind of visual.
type VisualKind string

// The kinds of visuals.
const (
	PointsOnMap VisualKind = "points_on_map"
	FilledMap   VisualKind = "filled_map"
	Line        VisualKind = "line"
	Area        VisualKind = "area"
	Bar         VisualKind = "bar"
	Pie         VisualKind = "pie"
	Scatter     VisualKind = "scatter"
	HeatMap     VisualKind = "heat_map"
	Histogram   VisualKind = "histogram"
	KPI         VisualKind = "kpi"
	Table       VisualKind = "table"
	Pivot       VisualKind = "pivot"
	TextBox     VisualKind = "text"
)

// Well is a field well of a kind of visual.
type Well struct {
	Name string `json:"name"`
	// Title is what QuickSight calls it.
	Title string `json:"title"`
	// Takes says whether fields of it group or are aggregated.
	Takes Role `json:"takes"`
	// Min and Max bound the number of fields.
	Min int `json:"min"`
	Max int `json:"max"`
}

// Wells returns the field wells of a kind of visual, in the order in which their
// fields stand in the answer: dimensions first.
func Wells(kind VisualKind) []Well {
	const many = 200 // as QuickSight
	switch kind {
	case PointsOnMap:
		return []Well{{"geospatial", "Geospatial", Dimension, 1, 1}, {"color", "Color", Dimension, 0, 1}, {"size", "Size", Measure, 0, 1}}
	case FilledMap:
		return []Well{{"location", "Location", Dimension, 1, 1}, {"color", "Color", Measure, 0, 1}}
	case Line, Area:
		return []Well{{"x", "X axis", Dimension, 1, 1}, {"color", "Color", Dimension, 0, 1}, {"value", "Value", Measure, 0, many}}
	case Bar:
		return []Well{{"x", "Axis", Dimension, 1, 1}, {"color", "Group/Color", Dimension, 0, 1}, {"value", "Value", Measure, 0, many}}
	case Pie:
		return []Well{{"color", "Group/Color", Dimension, 1, 1}, {"value", "Value", Measure, 0, 1}}
	case Scatter:
		return []Well{{"group", "Group", Dimension, 0, 1}, {"color", "Color", Dimension, 0, 1}, {"x", "X axis", Measure, 1, 1}, {"y", "Y axis", Measure, 1, 1}, {"size", "Size", Measure, 0, 1}}
	case HeatMap:
		return []Well{{"rows", "Rows", Dimension, 1, 1}, {"columns", "Columns", Dimension, 1, 1}, {"value", "Values", Measure, 0, 1}}
	case Histogram:
		return []Well{{"value", "Value", Dimension, 1, 1}}
	case KPI:
		return []Well{{"trend", "Trend group", Dimension, 0, 1}, {"value", "Value", Measure, 1, 1}, {"target", "Target value", Measure, 0, 1}}
	case Table:
		return []Well{{"group", "Group by", Dimension, 0, many}, {"value", "Value", Measure, 0, many}}
	case Pivot:
		return []Well{{"rows", "Rows", Dimension, 0, 8}, {"columns", "Columns", Dimension, 0, 4}, {"value", "Values", Measure, 0, many}}
	}
	return nil
}
