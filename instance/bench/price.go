package bench

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"lethe"
)

// Prices are what an hour of an instance costs, by class.
type Prices map[string]float64

// engines are the names that AWS's price lists have for engines.
var engines = map[string]string{"postgres": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}

// ReadPrices reads a price list: AWS's own of the service AmazonRDS for a region, in JSON
// (AWS Billing User Guide, "Reading the service price list file"), from which it takes
// the engine's hourly prices on demand without a standby; or lines of class,price.
func ReadPrices(r io.Reader, engine string) (Prices, error) {
	b := bufio.NewReader(r)
	for {
		c, err := b.ReadByte()
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "the price list is empty")
		}
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		if err := b.UnreadByte(); err != nil {
			return nil, err
		}
		if c == '{' {
			return readOffers(b, engine)
		}
		return readLines(b)
	}
}

func readLines(r io.Reader) (Prices, error) {
	p := Prices{}
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = 2
	lines.TrimLeadingSpace = true
	lines.Comment = '#'
	for {
		f, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "the price list: %w", err).WithHint("each line is CLASS,PRICE as db.m6g.large,0.159")
		}
		line, _ := lines.FieldPos(1)
		price, err := strconv.ParseFloat(strings.TrimSpace(f[1]), 64)
		switch {
		case err != nil && line == 1 && !strings.HasPrefix(f[0], "db."):
			continue // a head
		case err != nil || !(price >= 0) || math.IsInf(price, 0):
			return nil, lethe.Errorf(lethe.Invalid, "the price list, line %d: %q is no price", line, f[1])
		}
		p[strings.TrimSpace(f[0])] = price
	}
}

// readOffers reads what of AWS's price list is needed.
func readOffers(r io.Reader, engine string) (Prices, error) {
	var list struct {
		Products map[string]struct {
			Attributes struct{ InstanceType, DatabaseEngine, DeploymentOption string }
		}
		Terms struct {
			OnDemand map[string]map[string]struct {
				PriceDimensions map[string]struct {
					Unit         string
					PricePerUnit map[string]string
				}
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the price list is no price list of AWS: %w", err)
	}
	p := Prices{}
	for sku, product := range list.Products {
		a := product.Attributes
		if a.DatabaseEngine != engines[engine] || a.DeploymentOption != "Single-AZ" || !strings.HasPrefix(a.InstanceType, "db.") {
			continue
		}
		for _, offer := range list.Terms.OnDemand[sku] {
			for _, d := range offer.PriceDimensions {
				for _, text := range d.PricePerUnit {
					if price, err := strconv.ParseFloat(text, 64); err == nil && d.Unit == "Hrs" && price > 0 {
						p[a.InstanceType] = price
					}
				}
			}
		}
	}
	if len(p) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "the price list has no hourly prices of %s instances", engines[engine]).WithHint("take the file of the service AmazonRDS for one region, in JSON")
	}
	return p, nil
}
