import { Button } from '@mantine/core';
import { IconTerminal2 } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { Problem } from '../api/client';
import { databases, ownCatalog, tables } from '../api/catalogs';
import type { Column, Preview, Row, Table } from '../api/types';
import { Grid } from '../grid/Grid';
import { quoted } from '../query/statement';
import { Empty } from '../ui/Empty';
import { count, counted } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Views } from '../ui/Views';
import { readCSV } from './csv';
import { readLines } from './jsonl';
import css from './buckets.module.css';

const mostRows = 2000;

/** The beginning of an object: as a table where it is one, and as text. */
export function PreviewView(props: { bucket: string; preview: Preview }) {
  const p = props.preview;
  const [raw, setRaw] = useState(false);
  const table = useMemo(() => asTable(p), [p]);
  if (p.object.size === 0) return <Empty>This object is empty.</Empty>;
  if (['parquet', 'orc', 'avro', 'binary'].includes(p.kind)) return <Opaque {...props} />;
  const views = table
    ? [{ id: 'table' as const, name: 'Table' }, { id: 'text' as const, name: 'Text' }]
    : [{ id: 'text' as const, name: p.kind === 'json' ? 'JSON' : 'Text' }];
  const view = table && !raw ? 'table' : 'text';
  return (
    <>
      <Views label="Preview" panel="preview" views={views} value={view} onChange={(v) => setRaw(v === 'text')} />
      <div id="preview" role="tabpanel" aria-labelledby={`preview-${view}`} className={css.preview}>
        {view === 'table' && table ? (
          <Grid label="Preview" columns={table.columns} count={table.rows.length} rowAt={(i) => table.rows[i]} />
        ) : (
          <pre className={css.text} tabIndex={0}>
            {p.text}
          </pre>
        )}
      </div>
      {(p.truncated || (table?.bad ?? 0) > 0) && (
        <p className={css.under}>
          {p.truncated && (table ? `The first ${count(table.rows.length)} rows` : 'The beginning of the object')}
          {table && table.bad > 0 && `${p.truncated ? ' · ' : ''}${count(table.bad)} lines are not JSON objects`}
        </p>
      )}
    </>
  );
}

function asTable(p: Preview): { columns: Column[]; rows: Row[]; bad: number } | undefined {
  if (p.kind === 'jsonl') {
    const t = readLines(p.text, mostRows);
    return t.columns.length > 0 ? { ...t, columns: t.columns.map((name) => ({ name, type: '' })) } : undefined;
  }
  if (p.kind !== 'csv' && p.kind !== 'tsv') return undefined;
  const [head, ...rows] = readCSV(p.text, p.kind === 'csv' ? ',' : '\t', mostRows + 1);
  if (!head) return undefined;
  const width = Math.max(head.length, ...rows.map((r) => r.length));
  const columns = Array.from({ length: width }, (_, i) => ({ name: head[i] ?? '', type: '' }));
  return { columns, rows, bad: 0 };
}

/** Files that only an engine reads. */
function Opaque(props: { bucket: string; preview: Preview }) {
  const { preview: p } = props;
  const navigate = useNavigate();
  const table = useTableOver(`s3://${props.bucket}/${p.object.key}`);
  if (p.kind === 'binary') return <Empty>These bytes are not text; download the object to look at it.</Empty>;
  const from = table && `${quoted(table.database)}.${quoted(table.name)}`;
  const query = from && (
    <Button
      variant="subtle"
      leftSection={<IconTerminal2 size={15} />}
      onClick={() => void navigate({ to: '/query', search: { sql: `SELECT *\nFROM ${from}\nLIMIT 100` } })}
    >
      Query {from}
    </Button>
  );
  if (p.problem) {
    return (
      <>
        <ProblemView error={new Problem(p.problem)} />
        {query}
      </>
    );
  }
  const { rows } = p;
  if (rows) {
    return (
      <>
        <div className={css.preview}>
          <Grid label="Preview" columns={rows.columns} count={rows.rows.length} rowAt={(i) => rows.rows[i]} />
        </div>
        <p className={css.under}>
          {rows.rows.length < 100 ? counted(rows.rows.length, 'row') : 'The first 100 rows'} {query}
        </p>
      </>
    );
  }
  const name = { parquet: 'a Parquet file', orc: 'an ORC file', avro: 'an Avro file' }[p.kind as 'parquet'];
  return <Empty action={query}>This is {name}; the console cannot show its rows by itself.</Empty>;
}

/** The table whose location holds an object most closely. */
function useTableOver(location: string): Table | undefined {
  const dbs = useQuery(databases(ownCatalog));
  const found = useQueries({ queries: (dbs.data ?? []).map((d) => tables(ownCatalog, d.name)), combine: (rs) => rs.flatMap((r) => r.data?.tables ?? []) });
  let best: Table | undefined;
  for (const t of found) {
    const at = t.location?.replace(/\/?$/, '/');
    if (at && location.startsWith(at) && at.length > (best?.location?.length ?? 0)) best = t;
  }
  return best;
}
