// Package dash turns tables into pictures: data sets, extracts, analyses and
// dashboards, with the words that Amazon QuickSight has for them.
//
// # From a table to a dashboard
//
// A [DataSet] is a table, a join of tables or a SELECT, and what was done to prepare
// it: fields that are renamed, converted, hidden, calculated or paired to
// coordinates. It is asked live, each time in the lake, or it is imported to an
// extract, a copy in columns which is refreshed whole or by increment.
//
// An [Analysis] is what an author edits: sheets of visuals over data sets, with
// filters and controls. Publishing it makes a version of a [Dashboard], which is
// shared with users and groups, who can look but not ask anything else.
//
// # Asking
//
// A visual's field wells become a [Query], and a query one SELECT in Athena's
// dialect: the same for a live data set and for an extract, so that both mean the
// same. Everything a client names (fields, aggregations, values) is looked up or
// quoted; nothing of it is put into SQL as it came.
//
// # Who sees what
//
// A data set is read as its viewer, unless its owner lets it be read as the owner
// ([ReadAsOwner]): then sharing it shares what the owner may read. In both cases
// rows and columns that rules of tables keep from the viewer stay away, and so do rows
// that the data set's own rules keep. An extract was read by its owner; it answers
// only those for whom its tables hold the same as for the owner, others are answered live.
//
// # Two at once
//
// What is edited has a revision. A change names the revision it was made to, and is a
// Conflict if that is not the last one, so that nobody's work is lost unseen.
package dash

import "time"

// Edited is what data sets, analyses and dashboards have in common.
type Edited struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Owner is the ARN of who made it.
	Owner string `json:"owner"`
	// Revision counts its changes, from 1. A change names the one it was made to.
	Revision  int64     `json:"revision"`
	Made      time.Time `json:"made"`
	Changed   time.Time `json:"changed"`
	ChangedBy string    `json:"changed_by"` // ARN
}
