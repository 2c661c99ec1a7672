package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lethe/access"
)

// checkAuditFiles checks the chain of a stopped lake's audit.
func checkAuditFiles(data string) []finding {
	path := filepath.Join(data, "audit.jsonl")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	c, err := access.VerifyAudit(path)
	if err != nil {
		return []finding{{"audit", problem, err.Error(), "compare with a backup, or with what was shipped"}}
	}
	return []finding{{"audit", ok, fmt.Sprintf("%d lines in %d files are whole", c.Lines, c.Files), ""}}
}

// checkAuditRunning asks a running lake how its audit does.
func checkAuditRunning(ctx context.Context, console string) []finding {
	m, err := auditGauges(ctx, console+"/metrics")
	if err != nil || len(m) == 0 {
		return []finding{{"audit", warning, "the lake's metrics cannot be read from here", "ask on the machine that runs it"}}
	}
	f := finding{"audit", ok, fmt.Sprintf("%.0f lines", m["lethe_audit_lines_total"]), ""}
	switch {
	case m["lethe_audit_down"] > 0:
		f.State, f.Detail, f.Hint = problem, "cannot be written", "look at the server's log; often the disk is full"
	case m["lethe_audit_lost_total"] > 0:
		f.State, f.Detail = warning, fmt.Sprintf("%s; %.0f were lost while it could not be written", f.Detail, m["lethe_audit_lost_total"])
	}
	list := []finding{f}
	behind, shipped := m["lethe_audit_ship_behind"]
	if !shipped {
		return list
	}
	age := time.Duration(m["lethe_audit_ship_oldest_seconds"]) * time.Second
	f = finding{"audit webhook", ok, fmt.Sprintf("%.0f lines behind, for %v", behind, age), ""}
	if m["lethe_audit_ship_down"] > 0 {
		f.State, f.Hint = warning, "it takes no lines; look at the server's log"
	}
	return append(list, f)
}

// auditGauges reads the metrics whose names begin with lethe_audit, which have no labels.
func auditGauges(ctx context.Context, url string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	m := map[string]float64{}
	lines := bufio.NewScanner(io.LimitReader(resp.Body, 4<<20))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || !strings.HasPrefix(name, "lethe_audit_") {
			continue
		}
		if m[name], err = strconv.ParseFloat(value, 64); err != nil {
			return nil, err
		}
	}
	return m, lines.Err()
}
