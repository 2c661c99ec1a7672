package dash

// View is what a viewer has set on a dashboard or an analysis. The address of a page
// holds it. A viewer of a dashboard sets only what its author gave a control, clicks
// marks, and drills down hierarchies: anything else is refused.
type View struct {
	// Filters replace those of the sheet with the same id, if a control sets them.
	Filters []Filter `json:"filters,omitempty"`
	// Marks are what was clicked; they filter the other visuals of their data set.
	Marks []Mark `json:"marks,omitempty"`
	// Drills hold, by id of a visual, how it was drilled down.
	Drills map[string][]Mark `json:"drills,omitempty"`
	// Parameters hold values by name.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Mark is a group that was clicked: a value of a visual's dimension.
type Mark struct {
	Visual string `json:"visual"`
	Field  string `json:"field"`
	Grain  Grain  `json:"grain,omitempty"`
	// Value as text, of a bin LOW..HIGH; nil is null.
	Value *string `json:"value"`
}

// Drawing asks for a visual's answer while it is edited.
type Drawing struct {
	Visual     Visual          `json:"visual"`
	Filters    []SheetFilter   `json:"filters,omitempty"`
	Calculated []AnalysisField `json:"calculated,omitempty"`
	View       View            `json:"view"`
}
