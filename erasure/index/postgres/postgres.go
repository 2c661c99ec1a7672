// Package postgres keeps the erasure index in a database of a PostgreSQL server (13
// or later), which several lethe processes may share. Its tables are in the schema
// lethe_index.
//
// An object version is known by a number. Of a hash 48 bits are kept: 16 of them
// choose a bucket, and the postings of a bucket are packed into rows, one for each
// transaction that added to it. Each object is entered by one transaction, its
// postings and its entry in the ledger together: what the database shows is whole, and
// postings whose number has no entry are those of a version that was replaced or
// forgotten. They count for nothing from that moment, and go when their bucket is
// merged, which writers do with buckets that have got many rows.
//
// # Erasing
//
// A row that is deleted stays in PostgreSQL's files until they are written anew. So
// there are 32 tables of postings, by hash, and Erase writes those of the erased hashes
// anew with VACUUM FULL, which takes an exclusive lock of one such table at a time. It
// waits for transactions that may still see the deleted rows, and fails with an error
// of kind Exhausted if they do not end within a minute.
//
// What Erase cannot reach is the server's log of changes (WAL), until it is recycled,
// and what is made of it or of the files: archives, backups, snapshots, and replicas
// until they have caught up. Transactions of other roles can be seen only with the
// role pg_read_all_stats: without it the database should be the index's own.
//
// # Plain mode
//
// In plain mode the identifiers themselves stand in the view lethe_index.user_objects,
// with the columns userid, s3path and recordline that the AWS erasure framework's index
// has, beside the hashes. See Config.
package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where an index is.
type Config struct {
	// URL is the address of the database, as postgres://user@host:5432/database.
	URL string
	// Password, unless it is in the URL.
	Password string
	// Plain keeps the identifiers themselves too, normalised and in clear, for programs
	// that read the AWS erasure framework's table (userid, s3path, recordline). It makes
	// the index a second copy of personal data, for whoever can read the database or a
	// backup of it. Erase erases there as well. Composite identifiers, and others that
	// hold a zero byte, are left out.
	//
	// All processes that share an index must have it alike. When it is switched on, all
	// objects must be entered again; when it is switched off, the identifiers are deleted.
	Plain bool
}

// Index is an erasure.Index. Make it with Open.
type Index struct {
	pool  *pgxpool.Pool
	plain bool

	gate index.Gate // entered by what uses pool

	numbers    sync.Mutex
	next, mark int64 // numbers that are this process's

	turns sync.Mutex
	turn  uint32 // of the tables, in which buckets are merged
}

var _ erasure.Index = (*Index)(nil)

// Open opens the index in a database, and makes or updates its tables.
func Open(ctx context.Context, c Config) (*Index, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// Not err itself, which may repeat the password.
		return nil, lethe.Errorf(lethe.Invalid, "the address of the erasure index's PostgreSQL database cannot be read").
			WithHint("write postgres://user@host:5432/database?sslmode=verify-full")
	}
	if c.Password != "" {
		pc.ConnConfig.Password = c.Password
	}
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "lethe"
	}
	// A writer that is killed without a word must not hold its locks for long.
	pc.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(time.Hour.Milliseconds())
	pc.MaxConns = max(pc.MaxConns, 16)
	if err := migrate(ctx, pc.ConnConfig); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, explain(ctx, "open", err)
	}
	x := &Index{pool: pool, plain: c.Plain}
	if err := x.settlePlain(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return x, nil
}

// Close waits for what uses the index, and closes its connections.
func (x *Index) Close() error {
	return x.gate.Shut(func() error {
		x.pool.Close()
		return nil
	})
}

// reserve is how many numbers the sequence gives at once.
const reserve = 256

// number returns a number nobody had.
func (x *Index) number(ctx context.Context) (int64, error) {
	x.numbers.Lock()
	defer x.numbers.Unlock()
	if x.next == x.mark {
		if err := x.pool.QueryRow(ctx, `SELECT nextval('lethe_index.numbers')`).Scan(&x.next); err != nil {
			return 0, explain(ctx, "write", err)
		}
		x.mark = x.next + reserve
	}
	x.next++
	return x.next - 1, nil
}

// Stats measures the index.
func (x *Index) Stats(ctx context.Context) (s erasure.IndexStats, err error) {
	if err := x.gate.Enter(); err != nil {
		return s, err
	}
	defer x.gate.Leave()
	err = x.pool.QueryRow(ctx, `SELECT count(*), coalesce(sum(postings), 0)::bigint FROM lethe_index.entries`).Scan(&s.Objects, &s.Postings)
	if err == nil {
		err = x.pool.QueryRow(ctx, `SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
			WHERE relnamespace = 'lethe_index'::regnamespace AND relkind = 'r'`).Scan(&s.Bytes)
	}
	return s, explain(ctx, "measure", err)
}

// Plain reports whether the index wants identifiers in clear beside their hashes.
func (x *Index) Plain() bool { return x.plain }

// asText writes bytes as text that PostgreSQL can hold.
func asText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "%00")
}
