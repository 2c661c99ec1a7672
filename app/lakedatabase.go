package app

import (
	"context"
	"slices"

	"lethe/erasure"
	"lethe/erasure/database"
)

// lakeDatabase is a database in which the lake keeps something itself. What that holds of
// a person goes with the rest; what is saved of the database stays.
type lakeDatabase struct {
	name    string
	servers []string
	erase   func(context.Context) (records int, err error) // whoever was erased before; nil if nobody is in it by name
}

func (d lakeDatabase) Name() string      { return d.name }
func (d lakeDatabase) Servers() []string { return slices.Clone(d.servers) }

// Erase erases those who were erased before, who are in a database that was restored.
func (d lakeDatabase) Erase(ctx context.Context, _ erasure.Person) ([]erasure.Holding, error) {
	if d.erase == nil {
		return nil, nil
	}
	n, err := d.erase(ctx)
	return []erasure.Holding{{Place: "partitions", Records: int64(n)}}, err
}

// keepsIn notes in which database the lake keeps something.
func (a *App) keepsIn(name, url string, erase func(context.Context) (int, error)) error {
	servers, err := database.Servers(url)
	if err != nil {
		return err
	}
	a.databases = append(a.databases, lakeDatabase{name, servers, erase})
	return nil
}
