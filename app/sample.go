package app

import (
	"context"
	"io/fs"
	"log/slog"
	"os"

	"lethe"
	"lethe/ingest"
	"lethe/query"
)

// SampleBucket holds the sample lake's files.
const SampleBucket = "lethe-demo"

// sampleCatalog is the data catalog through which the walk-through reaches the
// sample tables.
const sampleCatalog = "demo_hive_metastore"

// Sample fills the lake with the COVID-19 series in a folder, or with a
// simulated outbreak of the same shape if folder is "". Where the lake has the
// tables already, from the same source, it does nothing with them. Step is told what is done.
func (a *App) Sample(ctx context.Context, folder string, step func(string)) error {
	ctx = lethe.WithPrincipal(ctx, lethe.System)
	err := a.Queries.CreateDataCatalog(ctx, query.DataCatalog{
		Name: sampleCatalog, Type: "HIVE", Description: "the lake's own metastore, as an external one",
		Parameters: map[string]string{query.MetadataFunction: lethe.FunctionARN(a.Config.AWS.Region, query.OwnConnector)},
	})
	if err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	if err := a.samplePeople(ctx); err != nil {
		return err
	}
	if err := a.Objects.CreateBucket(ctx, SampleBucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	simulated := folder == ""
	jobs := ingest.CovidJobs(SampleBucket, simulated)
	done, err := a.ingested(ctx, jobs)
	if err != nil {
		return err
	}
	if done {
		return a.samplePictures(ctx, simulated)
	}
	var files fs.FS
	if !simulated {
		files = os.DirFS(folder)
	}
	step("copying the series")
	if err := ingest.PutCovid(ctx, a.Objects, SampleBucket, files); err != nil {
		return err
	}
	for _, j := range jobs {
		step("making " + j.Database + "." + j.Table)
		if _, err := a.Ingests.Do(ctx, j, nil); err != nil {
			return err
		}
	}
	return a.samplePictures(ctx, simulated)
}

// ingested reports whether jobs have made their tables already.
func (a *App) ingested(ctx context.Context, jobs []ingest.Job) (bool, error) {
	for _, j := range jobs {
		t, err := a.Catalog.Table(ctx, j.Database, j.Table)
		if lethe.Is(err, lethe.NotFound) {
			return false, nil
		}
		if err != nil || t.Parameters["comment"] != j.Comment {
			return false, err
		}
	}
	a.Log.Debug("the sample tables are there", slog.Int("tables", len(jobs)))
	return true, nil
}
