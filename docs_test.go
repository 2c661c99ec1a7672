package lethe_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdCode   = regexp.MustCompile("`[^`]*`")
	mdScheme = regexp.MustCompile(`^[a-z]+:`)
	mdHead   = regexp.MustCompile(`^#+ +(.*)`)
	mdSlug   = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// prose returns a page's lines without its blocks of code.
func prose(t *testing.T, file string) (lines []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code := false
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if code {
			line = ""
		}
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines
}

// anchors are the names of a page's headings, as GitHub makes them.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, line := range prose(t, file) {
		if m := mdHead.FindStringSubmatch(line); m != nil {
			all[strings.ReplaceAll(mdSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), ""), " ", "-")] = true
		}
	}
	return all
}

// What pages link to is there, down to the heading, and every page of the guide and of
// the reference is linked to from another.
func TestPagesLinkToWhatIsThere(t *testing.T) {
	pages := []string{"README.md"}
	err := filepath.WalkDir("docs", func(file string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(file) == ".md" {
			pages = append(pages, filepath.ToSlash(file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for _, page := range pages {
		for n, line := range prose(t, page) {
			for _, m := range mdLink.FindAllStringSubmatch(mdCode.ReplaceAllString(line, ""), -1) {
				if mdScheme.MatchString(m[1]) {
					continue
				}
				file, anchor, _ := strings.Cut(m[1], "#")
				to := page
				if file != "" {
					to = path.Join(path.Dir(page), file)
				}
				if to != page {
					linked[to] = true
				}
				if _, err := os.Stat(filepath.FromSlash(to)); err != nil {
					t.Errorf("%s:%d: %s is not there", page, n+1, m[1])
				} else if anchor != "" && path.Ext(to) == ".md" && !anchors(t, to)[anchor] {
					t.Errorf("%s:%d: %s has no heading #%s", page, n+1, to, anchor)
				}
			}
		}
	}
	for _, page := range pages {
		if dir := path.Dir(page); (dir == "docs/guide" || dir == "docs/reference") && path.Base(page) != "README.md" && !linked[page] {
			t.Errorf("no page links to %s", page)
		}
	}
}
