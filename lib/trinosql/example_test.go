package trinosql_test

import (
	"context"
	"fmt"

	"lethe/lib/trinosql"
)

// people is a Resolver that knows one table.
type people struct{}

func (people) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	if name.Table != "people" {
		return nil, trinosql.ErrNoTable
	}
	return &trinosql.TableSchema{TableName: name, Columns: []trinosql.Column{
		{Name: "name", Type: trinosql.Varchar},
		{Name: "age", Type: trinosql.Integer},
		{Name: "dt", Type: trinosql.Varchar, Partition: true},
	}}, nil
}

func ExampleAnalyze() {
	stmt, err := trinosql.Parse("SELECT upper(name), avg(age) AS age FROM people WHERE dt >= '2024' GROUP BY 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	an, err := trinosql.Analyze(context.Background(), stmt, people{}, trinosql.Options{Catalog: "AwsDataCatalog", Database: "default"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range an.Output {
		fmt.Println(c.Name, c.Type)
	}
	for _, dt := range []string{"2023-12-31", "2024-01-01"} {
		needed := an.MayMatch(an.Tables[0], func(column int) (trinosql.Constant, bool) {
			return trinosql.PartitionValue(trinosql.Varchar, dt)
		})
		fmt.Println("partition", dt, needed)
	}
	// Output:
	// _col0 varchar
	// age double
	// partition 2023-12-31 false
	// partition 2024-01-01 true
}

func ExampleAnalyze_error() {
	stmt, _ := trinosql.Parse("SELECT name\nFROM people\nWHERE age = 'old'")
	_, err := trinosql.Analyze(context.Background(), stmt, people{}, trinosql.Options{Catalog: "AwsDataCatalog", Database: "default"})
	fmt.Println(err)
	// Output: line 3:11: Cannot apply operator: integer = varchar(3)
}
