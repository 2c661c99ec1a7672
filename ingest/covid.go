package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"lethe"
	"lethe/catalog"
	"lethe/object"
)

// series is one of the three time series of the recipe.
type series struct {
	table     string
	count     string // the column of counts
	file      string // as the publisher names it
	simulated string // the file of the simulated outbreak
	what      string
}

var covidSeries = []series{
	{"covid_confirmed_cases", "confirmed", "time_series_covid19_confirmed_global.csv", "simulated_outbreak_confirmed_global.csv", "confirmed cases"},
	{"covid_death_cases", "deaths", "time_series_covid19_deaths_global.csv", "simulated_outbreak_deaths_global.csv", "deaths"},
	{"covid_recovered_cases", "recovered", "time_series_covid19_recovered_global.csv", "simulated_outbreak_recovered_global.csv", "recoveries"},
}

// CovidJobs is the recipe of the COVID-19 time series: the three wide CSV files
// in the layout of Johns Hopkins University's repository, a column a day, lie
// under covid_data/csv of the bucket and become the tables
// default.covid_confirmed_cases, covid_death_cases and covid_recovered_cases,
// a row for each place and day, under covid_data/parquet. With simulated, the
// files are those of SimulatedOutbreak.
func CovidJobs(bucket string, simulated bool) []Job {
	root := lethe.Location{Bucket: bucket, Key: "covid_data/"}
	var jobs []Job
	for _, s := range covidSeries {
		file, comment := s.file, "Cumulative "+s.what+" of COVID-19 by place and day. Source: Johns Hopkins University CSSE COVID-19 Data Repository, CC BY 4.0"
		if simulated {
			file, comment = s.simulated, "SIMULATED: cumulative "+s.what+" of an invented outbreak by place and day. These are no real figures"
		}
		jobs = append(jobs, Job{
			Sources: []string{root.Join("csv", file).String()},
			Unpivot: &Unpivot{
				Keep: []Kept{
					{From: "Province/State", As: catalog.Column{Name: "state", Type: "string"}},
					{From: "Country/Region", As: catalog.Column{Name: "country", Type: "string"}},
					{From: "Lat", As: catalog.Column{Name: "lat", Type: "double"}},
					{From: "Long", As: catalog.Column{Name: "lon", Type: "double"}},
				},
				Name:       catalog.Column{Name: "date", Type: "string"},
				DateLayout: "1/2/06",
				Value:      catalog.Column{Name: s.count, Type: "bigint"},
			},
			Database: "default",
			Table:    s.table,
			Location: root.Join("parquet", s.table).String(),
			Comment:  comment,
		})
	}
	return jobs
}

// PutCovid puts the recipe's CSV files into the bucket, from a folder that holds
// the published ones, or simulated ones if folder is nil. Then CovidJobs can run.
func PutCovid(ctx context.Context, to object.Store, bucket string, folder fs.FS) error {
	for _, s := range covidSeries {
		if err := putSeries(ctx, to, bucket, folder, s); err != nil {
			return err
		}
	}
	return nil
}

func putSeries(ctx context.Context, to object.Store, bucket string, folder fs.FS, s series) error {
	name, r := s.simulated, io.Reader(nil)
	if folder == nil {
		pr, pw := io.Pipe()
		defer pr.Close()
		go func() { pw.CloseWithError(SimulatedOutbreak(pw, s.count)) }()
		r = pr
	} else {
		name = s.file
		f, err := folder.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return lethe.Errorf(lethe.NotFound, "the folder of COVID-19 files has no %s", name).
				WithHint("it must hold the three files of the Johns Hopkins University's csse_covid_19_time_series")
		}
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	_, err := to.Put(ctx, bucket, "covid_data/csv/"+name, r, object.Header{ContentType: "text/csv"}, object.Condition{})
	return err
}
