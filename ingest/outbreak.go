package ingest

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"lethe"
)

// SimulatedOutbreak writes a wide CSV file in the layout of the published
// time series, of an invented outbreak: kind is confirmed, deaths or recovered.
// It is the same each time, and has the traits that make the real ones hard:
// places without a province, a name with a comma, a ship without coordinates.
// The figures say nothing about the countries whose names they carry.
func SimulatedOutbreak(w io.Writer, kind string) error {
	var share float64
	var lag int
	switch kind {
	case "confirmed":
		share = 1
	case "deaths":
		share, lag = 0.017, 16
	case "recovered":
		share, lag = 0.94, 24
	default:
		return lethe.Errorf(lethe.Invalid, "an outbreak has confirmed, deaths and recovered, not %q", kind)
	}
	out := bufio.NewWriter(w)
	c := csv.NewWriter(out)
	first := time.Date(2020, 1, 22, 0, 0, 0, 0, time.UTC)
	row := []string{"Province/State", "Country/Region", "Lat", "Long"}
	for day := range outbreakDays {
		row = append(row, first.AddDate(0, 0, day).Format("1/2/06"))
	}
	if err := c.Write(row); err != nil {
		return err
	}
	for i, p := range outbreakPlaces {
		row = append(row[:0], p.state, p.country, p.lat, p.long)
		var total float64
		for day := range outbreakDays {
			total += share * newCases(i, p.size, day-lag)
			row = append(row, strconv.FormatInt(int64(total), 10))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("simulated outbreak: %w", err)
	}
	return out.Flush()
}

// outbreakDays is as long as the published series: to 2023-03-09.
const outbreakDays = 1143

// newCases are the cases of a day in place i: waves that come to each place at
// other times and heights.
func newCases(i int, size float64, day int) float64 {
	if day < 0 {
		return 0
	}
	var sum float64
	for wave := range 5 {
		// A fixed scramble of place and wave instead of random numbers.
		h := uint32(i*7919+wave*104729) * 2654435761
		middle := 80 + 210*float64(wave) + float64(h%70)
		width := 22 + float64(h>>8%20)
		height := 0.35 + float64(h>>16%100)/100
		x := (float64(day) - middle) / width
		sum += height * math.Exp(-x*x)
	}
	return size * sum
}

// outbreakPlaces have sizes that are the cases of a day at a wave's height.
var outbreakPlaces = []struct {
	state, country, lat, long string
	size                      float64
}{
	{"", "Argentina", "-38.4161", "-63.6167", 9000},
	{"New South Wales", "Australia", "-33.8688", "151.2093", 1400},
	{"Queensland", "Australia", "-27.4698", "153.0251", 700},
	{"Victoria", "Australia", "-37.8136", "144.9631", 1200},
	{"", "Austria", "47.5162", "14.5501", 2500},
	{"", "Bangladesh", "23.685", "90.3563", 3100},
	{"", "Belgium", "50.8333", "4.469936", 3000},
	{"", "Brazil", "-14.235", "-51.9253", 41000},
	{"Ontario", "Canada", "51.2538", "-85.3232", 2400},
	{"Quebec", "Canada", "52.9399", "-73.5491", 2200},
	{"Imaginary Cruise Ship", "Canada", "", "", 2},
	{"", "Chile", "-35.6751", "-71.543", 3900},
	{"Hubei", "China", "30.9756", "112.2707", 600},
	{"Guangdong", "China", "23.3417", "113.4244", 150},
	{"", "Colombia", "4.5709", "-74.2973", 8000},
	{"", "Denmark", "56.2639", "9.5018", 1600},
	{"", "Egypt", "26.820553", "30.802498", 900},
	{"", "Ethiopia", "9.145", "40.4897", 700},
	{"", "France", "46.2276", "2.2137", 24000},
	{"Martinique", "France", "14.6415", "-61.0242", 180},
	{"", "Germany", "51.165691", "10.451526", 21000},
	{"", "India", "20.593684", "78.96288", 52000},
	{"", "Indonesia", "-0.7893", "113.9213", 8200},
	{"", "Iran", "32.427908", "53.688046", 9100},
	{"", "Israel", "31.046051", "34.851612", 3300},
	{"", "Italy", "41.87194", "12.56738", 16000},
	{"", "Japan", "36.204824", "138.252924", 7900},
	{"", "Kenya", "-0.0236", "37.9062", 500},
	{"", "Korea, South", "35.907757", "127.766922", 7000},
	{"", "Mexico", "23.6345", "-102.5528", 8300},
	{"", "Netherlands", "52.1326", "5.2913", 5200},
	{"", "New Zealand", "-40.9006", "174.886", 600},
	{"", "Nigeria", "9.082", "8.6753", 450},
	{"", "Norway", "60.472", "8.4689", 800},
	{"", "Peru", "-9.19", "-75.0152", 6100},
	{"", "Philippines", "12.879721", "121.774017", 6000},
	{"", "Poland", "51.9194", "19.1451", 6900},
	{"", "Portugal", "39.3999", "-8.2245", 3100},
	{"", "Russia", "61.52401", "105.318756", 17000},
	{"", "South Africa", "-30.5595", "22.9375", 6400},
	{"", "Spain", "40.463667", "-3.74922", 13000},
	{"", "Sweden", "60.128161", "18.643501", 2300},
	{"", "Switzerland", "46.8182", "8.2275", 2600},
	{"", "Taiwan*", "23.7", "121", 900},
	{"", "Turkey", "38.9637", "35.2433", 12000},
	{"", "US", "40", "-100", 88000},
	{"", "Ukraine", "48.3794", "31.1656", 6200},
	{"", "United Kingdom", "55.3781", "-3.436", 21000},
	{"Gibraltar", "United Kingdom", "36.1408", "-5.3536", 20},
	{"", "Vietnam", "14.058324", "108.277199", 5100},
	{"", "MS Imaginary", "", "", 3},
}
