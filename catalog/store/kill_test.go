package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"lethe/catalog"
	"lethe/catalog/store"
)

// batchSize is how many partitions the killed process adds at once: enough for
// the kill to fall into the middle.
const batchSize = 1000

// TestKilled runs a process that adds partitions and kills it: each batch is
// there whole or not at all, and those that it reported are there.
func TestKilled(t *testing.T) {
	if database := os.Getenv("STORE_TEST_WRITER"); database != "" {
		addForever(database)
		return
	}
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) { killed(t, p.make(t), map[bool]int{true: 4, false: 2}[p.name == inSQLite.name]) })
	}
}

func killed(t *testing.T, database string, rounds int) {
	s := connect(t, database, "")
	def := catalog.Table{Database: "default", Name: "t", Type: catalog.ExternalTable, Partitions: []catalog.Column{{Name: "batch", Type: "int"}, {Name: "n", Type: "int"}}}
	if err := s.CreateTable(t.Context(), def); err != nil {
		t.Fatal(err)
	}
	for round := range rounds {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+database)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		reported := 0
		lines := bufio.NewScanner(out)
		for reported < 2 && lines.Scan() {
			if _, err := strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
			reported++
		}
		// Into the next batch. Any moment is a good one; this varies it.
		time.Sleep(time.Duration(7*round) * time.Millisecond)
		cmd.Process.Kill()
		for lines.Scan() {
			reported++
		}
		cmd.Wait()

		// A server may still end the last change while its answers are read.
		names, err := s.PartitionNames(t.Context(), "default", "t", catalog.PartitionPage{})
		if err != nil {
			t.Fatal(err)
		}
		ps, err := s.Partitions(t.Context(), "default", "t", catalog.PartitionPage{})
		if err != nil {
			t.Fatal(err)
		}
		if len(names)%batchSize != 0 || len(names) < reported*batchSize || len(ps)%batchSize != 0 || len(ps) < len(names) {
			t.Fatalf("%d names, %d partitions, %d batches of %d were reported", len(names), len(ps), reported, batchSize)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func addForever(database string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	s, err := store.Connect(ctx, store.Options{Database: database})
	fail(err)
	for {
		names, err := s.PartitionNames(ctx, "default", "t", catalog.PartitionPage{})
		fail(err)
		batch := strconv.Itoa(len(names) / batchSize)
		ps := make([]catalog.Partition, batchSize)
		for i := range ps {
			ps[i] = catalog.Partition{Values: []string{batch, strconv.Itoa(i)}, Parameters: map[string]string{"k": "v"}}
		}
		fail(s.AddPartitions(ctx, "default", "t", ps, false))
		fmt.Println(batch)
	}
}
