package instance

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Engines write their logs into the folder log of a server's own; their names begin with
// error/ here, as those of RDS do. The folder belongs to the engine's user, whom users of
// the database may command: no link in it is followed to what is outside of it.

const (
	logFolder = "log"
	logPrefix = "error/"
)

// How much one answer has of a log (RDS API Reference, DownloadDBLogFilePortion).
const (
	mostLogBytes = 1 << 20
	mostLogLines = 10000
)

// serverLog is a log file of an instance's server.
type serverLog struct {
	name    string
	size    int64
	written time.Time
}

// logs opens the folder of an instance's log files, nil if its server has none yet.
func (l *Local) logs(ctx context.Context, region, name string) (*os.Root, error) {
	var r *record
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = l.lookup(ctx, tx, region, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	own, err := os.OpenRoot(l.folder(r.servers()[0]))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer own.Close()
	root, err := own.OpenRoot(logFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return root, err
}

// DescribeDBLogFiles lists the log files of an instance's server.
func (l *Local) DescribeDBLogFiles(ctx context.Context, in *rds.DescribeDBLogFilesInput, opts ...func(*rds.Options)) (*rds.DescribeDBLogFilesOutput, error) {
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	root, err := l.logs(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier))
	if err != nil {
		return nil, err
	}
	var all []serverLog
	if root != nil {
		defer root.Close()
		if all, err = listLogs(root); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(f serverLog) bool {
		return !strings.Contains(f.name, aws.ToString(in.FilenameContains)) || f.size < aws.ToInt64(in.FileSize) || f.written.UnixMilli() < aws.ToInt64(in.FileLastWritten)
	})
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(f serverLog) string { return f.name })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBLogFilesOutput{Marker: next, DescribeDBLogFiles: []types.DescribeDBLogFilesDetails{}}
	for _, f := range page {
		out.DescribeDBLogFiles = append(out.DescribeDBLogFiles, types.DescribeDBLogFilesDetails{LogFileName: &f.name, Size: &f.size, LastWritten: aws.Int64(f.written.UnixMilli())})
	}
	return out, nil
}

// listLogs lists the files of a folder, in the order of their names.
func listLogs(root *os.Root) (all []serverLog, err error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		i, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // the engine removes old ones
		}
		if err != nil {
			return nil, err
		}
		all = append(all, serverLog{logPrefix + e.Name(), i.Size(), i.ModTime()})
	}
	slices.SortFunc(all, func(a, b serverLog) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// DownloadDBLogFilePortion returns lines of a log file: from a marker on, which is 0 for
// the beginning or what an earlier answer gave, or the last ones if there is no marker.
func (l *Local) DownloadDBLogFilePortion(ctx context.Context, in *rds.DownloadDBLogFilePortionInput, opts ...func(*rds.Options)) (*rds.DownloadDBLogFilePortionOutput, error) {
	name := aws.ToString(in.LogFileName)
	missing := &types.DBLogFileNotFoundFault{Message: ptr("DBLog File: " + name + ", is not found on the DB instance")}
	lines := mostLogLines
	if in.NumberOfLines != nil {
		lines = int(*in.NumberOfLines)
		if lines < 1 || lines > mostLogLines {
			return nil, invalidValue("Invalid value for the parameter NumberOfLines: %d. It is from 1 to %d.", lines, mostLogLines)
		}
	}
	root, err := l.logs(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier))
	if err != nil {
		return nil, err
	}
	bare, ok := strings.CutPrefix(name, logPrefix)
	if root == nil || !ok || bare == "" || strings.ContainsAny(bare, "/\x00") {
		return nil, missing
	}
	defer root.Close()
	// Only a regular file: to open a pipe would wait for who writes to it.
	if i, err := root.Lstat(bare); err != nil || !i.Mode().IsRegular() {
		return nil, missing
	}
	f, err := root.OpenFile(bare, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, missing
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() {
		return nil, missing
	}
	var text []byte
	var end int64
	if in.Marker == nil {
		text, end, err = lastLines(f, i.Size(), lines)
	} else {
		from, perr := strconv.ParseInt(*in.Marker, 10, 64)
		if perr != nil || from < 0 {
			return nil, invalidValue("Invalid value for the parameter Marker: it is 0 or what an earlier answer gave.")
		}
		text, end, err = nextLines(f, i.Size(), min(from, i.Size()), lines)
	}
	if err != nil {
		return nil, err
	}
	return &rds.DownloadDBLogFilePortionOutput{LogFileData: ptr(string(text)), Marker: ptr(strconv.FormatInt(end, 10)), AdditionalDataPending: ptr(end < i.Size())}, nil
}

// nextLines reads lines from a place on, and says where they end. A line that is not
// whole yet is given as it is if it is the last.
func nextLines(f io.ReaderAt, size, from int64, lines int) ([]byte, int64, error) {
	b := make([]byte, min(mostLogBytes, size-from))
	n, err := f.ReadAt(b, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	b = b[:n]
	end, whole := 0, 0
	for range lines {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			break
		}
		end, whole = end+i+1, whole+1
	}
	// Of a line that does not fit into an answer, as much as does.
	if whole < lines && (from+int64(n) == size || end == 0) {
		end = n
	}
	return b[:end], from + int64(end), nil
}

// lastLines reads the last lines of a file.
func lastLines(f io.ReaderAt, size int64, lines int) ([]byte, int64, error) {
	from := max(0, size-mostLogBytes)
	b := make([]byte, size-from)
	n, err := f.ReadAt(b, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	b = b[:n]
	start := len(b)
	if start > 0 && b[start-1] == '\n' {
		start--
	}
	for range lines {
		if start = bytes.LastIndexByte(b[:start], '\n'); start < 0 {
			break
		}
	}
	if start < 0 && from > 0 { // the first of them is cut off
		start = bytes.IndexByte(b, '\n')
	}
	return b[start+1:], from + int64(n), nil
}
