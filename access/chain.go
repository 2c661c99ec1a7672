package access

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
)

// maxLine bounds a line of the audit: an ARN of an object's longest key, each of whose
// parts of a letter is hidden by 21.
const maxLine = 128 << 10

func lineHash(line []byte) string {
	h := sha256.Sum256(line)
	return hex.EncodeToString(h[:])
}

// rotatedName names a file that ends with a seq, so that names sort as the chain goes.
func rotatedName(path string, seq int64) string {
	return fmt.Sprintf("%s-%019d.jsonl", strings.TrimSuffix(path, ".jsonl"), seq)
}

// lastSeqOf returns the number of the last line of a closed file.
func lastSeqOf(file string) int64 {
	name := strings.TrimSuffix(file, ".jsonl")
	n, _ := strconv.ParseInt(name[len(name)-19:], 10, 64) // auditFiles has looked
	return n
}

// auditFiles returns the closed files of an audit, in the chain's order.
func auditFiles(path string) ([]string, error) {
	prefix := strings.TrimSuffix(path, ".jsonl") + "-"
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(path), e.Name())
		digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".jsonl"), prefix)
		if _, err := strconv.ParseUint(digits, 10, 63); ok && err == nil && len(digits) == 19 {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files, nil
}

// lineEnd is the last whole line of a file, without its line feed, and where it ends.
type lineEnd struct {
	text   []byte // nil if there is none
	offset int64
	time   time.Time // of the line
	begun  time.Time // of the file's first line
}

func lastLineOf(path string) (lineEnd, error) {
	f, err := os.Open(path)
	if err != nil {
		return lineEnd{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return lineEnd{}, err
	}
	return lastLine(f, info.Size())
}

// lastLine reads a file's end.
func lastLine(f io.ReaderAt, size int64) (end lineEnd, err error) {
	from := max(0, size-2*maxLine)
	tail := make([]byte, size-from)
	if _, err := f.ReadAt(tail, from); err != nil && err != io.EOF {
		return end, err
	}
	last := bytes.LastIndexByte(tail, '\n')
	if last < 0 {
		if from > 0 {
			return end, errors.New("its last line has no end")
		}
		return end, nil
	}
	text := tail[:last]
	end.text, end.offset = text[bytes.LastIndexByte(text, '\n')+1:], from+int64(last)+1
	end.time = timeOf(end.text)
	first := make([]byte, min(size, maxLine))
	if _, err := f.ReadAt(first, 0); err != nil && err != io.EOF {
		return end, err
	}
	if i := bytes.IndexByte(first, '\n'); i >= 0 {
		end.begun = timeOf(first[:i])
	}
	return end, nil
}

// timeOf returns the time of a line; the zero one of what is none.
func timeOf(line []byte) time.Time {
	var e struct{ Time time.Time }
	if json.Unmarshal(line, &e) != nil {
		return time.Time{}
	}
	return e.Time
}

// Chain is what verifying an audit found.
type Chain struct {
	Files, Lines int64
	Last         string // hash of the last line: to be kept elsewhere, it vouches for all
}

// VerifyAudit checks the chain of the audit whose current file is path: that every
// line names the hash of the one before it, and that none is missing but what the chain
// itself says was deleted in its time. Its error is of kind BadData and says where the
// chain is broken. Lines at the end that were taken away leave no trace in what is
// left; compare Chain.Last with an earlier one's.
func VerifyAudit(path string) (c Chain, err error) {
	files, err := auditFiles(path)
	if err != nil {
		return c, err
	}
	v := verifier{prev: firstPrev, deleted: map[string]bool{}}
	for _, file := range append(files, path) {
		if err := v.file(file); err != nil {
			return c, err
		}
		c.Files++
	}
	if v.begins != "" && !v.deleted[v.begins] {
		return c, lethe.Errorf(lethe.BadData, "audit %s: its first line has number %d, and no line says that those before it were deleted", append(files, path)[0], v.first)
	}
	c.Lines, c.Last = v.lines, v.prev
	return c, nil
}

// trimmed words that lines were deleted, so that verifying can find it.
func trimmed(seq int64, hash string) string {
	return fmt.Sprintf("lines up to %d were deleted; the last had hash %s", seq, hash)
}

type verifier struct {
	prev    string
	seq     int64
	lines   int64
	first   int64
	begins  string          // as a line must say of what came before the first
	deleted map[string]bool // what lines say
}

func (v *verifier) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, maxLine)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		if err == io.EOF {
			return nil // what follows the last line's end is being written
		}
		if err == nil {
			err = v.line(text[:len(text)-1])
		}
		if err != nil {
			return lethe.Errorf(lethe.BadData, "audit %s, line %d: %w", path, n, err)
		}
	}
}

func (v *verifier) line(text []byte) error {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return fmt.Errorf("it is not an entry: %w", err)
	}
	switch {
	case e.Seq == 0 && e.Prev == "" && v.seq == 0:
		// From before there was a chain.
	case v.lines == 0 && e.Seq > 1:
		v.begins, v.first, v.seq = trimmed(e.Seq-1, e.Prev), e.Seq, e.Seq-1
	case e.Prev != v.prev:
		return errors.New("it does not follow the line before it: one of them was changed, or lines are missing or were added")
	case e.Seq != v.seq+1:
		return fmt.Errorf("it has number %d where %d is due", e.Seq, v.seq+1)
	}
	if e.Event == "retention" && e.Principal == lethe.System.ARN {
		v.deleted[e.Reason] = true
	}
	v.seq, v.prev = e.Seq, lineHash(text)
	v.lines++
	return nil
}
