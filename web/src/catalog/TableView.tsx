import { Button, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy, IconStack2, IconTerminal2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { ownCatalog, table as tableOf } from '../api/catalogs';
import type { Field, Table } from '../api/types';
import { Place } from '../query/Details';
import { quoted } from '../query/statement';
import type { TableView as View } from '../router';
import { Empty } from '../ui/Empty';
import { moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Views } from '../ui/Views';
import { Waiting } from '../ui/Waiting';
import { Back } from './Back';
import { Partitions } from './Partitions';
import { Sample } from './Sample';
import css from './catalog.module.css';

/** A table: columns, partitions, some rows, and how it was made. */
export function TableView(props: { catalog: string; database: string; table: string; view?: View }) {
  const { catalog, database, table } = props;
  const navigate = useNavigate();
  const q = useQuery(tableOf(catalog, database, table));
  const t = q.data;
  const name = (catalog === ownCatalog ? '' : quoted(catalog) + '.') + `${quoted(database)}.${quoted(table)}`;
  const partitioned = (t?.partition_keys?.length ?? 0) > 0;
  const views = [
    { id: 'columns' as const, name: 'Columns', hint: t && String((t.columns?.length ?? 0) + (t.partition_keys?.length ?? 0)) },
    ...(partitioned ? [{ id: 'partitions' as const, name: 'Partitions' }] : []),
    { id: 'sample' as const, name: 'Sample' },
    { id: 'ddl' as const, name: 'DDL' },
    { id: 'properties' as const, name: 'Properties' },
  ];
  const view = views.some((v) => v.id === props.view) ? props.view! : 'columns';

  return (
    <>
      <PageHead
        label={`Table ${table}`}
        title={
          <>
            <Back catalog={catalog} database={database} />
            <span className={css.crumb}>{database} /</span> {table}
          </>
        }
      >
        <Button
          variant="default"
          leftSection={<IconStack2 size={15} />}
          onClick={() => void navigate({ to: '/data-sets/new', search: { catalog, database, table } })}
        >
          Data set
        </Button>
        <Button
          leftSection={<IconTerminal2 size={15} />}
          onClick={() => void navigate({ to: '/query', search: { sql: `SELECT *\nFROM ${name}\nLIMIT 100` } })}
        >
          Query
        </Button>
      </PageHead>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the table" />}
      {t && (
        <>
          <div className={css.about}>
            <span className={css.chip}>{t.format}</span>
            {t.location && <Place location={t.location} folder />}
          </div>
          <Views
            label="About the table"
            panel="table"
            views={views}
            value={view}
            onChange={(v) =>
              void navigate({
                to: '/catalog/$catalog/$database/$table',
                params: { catalog, database, table },
                search: { view: v === 'columns' ? undefined : v },
                replace: true,
              })
            }
          />
          <div id="table" role="tabpanel" aria-labelledby={`table-${view}`} className={css.panel}>
            {view === 'columns' && <Columns table={t} />}
            {view === 'partitions' && <Partitions catalog={catalog} database={database} table={t} />}
            {view === 'sample' && <Sample catalog={catalog} database={database} name={name} />}
            {view === 'ddl' && <Code text={t.ddl ?? ''} />}
            {view === 'properties' && <Properties table={t} />}
          </div>
        </>
      )}
    </>
  );
}

function Columns({ table: t }: { table: Table }) {
  const row = (f: Field, key: boolean, i: number) => (
    <tr key={f.name}>
      <td className={`num muted ${css.right} ${css.tight}`}>{i + 1}</td>
      <td className={css.strong}>
        {f.name} {key && <span className={css.chip}>partition key</span>}
      </td>
      <td>
        <code>{f.type}</code>
      </td>
      <td className="muted">{f.comment}</td>
    </tr>
  );
  const columns = t.columns ?? [];
  return (
    <div className={css.scroll}>
      <table className={css.list}>
        <thead>
          <tr>
            <th className={css.tight}>
              <span className="visually-hidden">Position</span>
            </th>
            <th>Column</th>
            <th>Type</th>
            <th>Comment</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((f, i) => row(f, false, i))}
          {(t.partition_keys ?? []).map((f, i) => row(f, true, columns.length + i))}
        </tbody>
      </table>
    </div>
  );
}

function Code({ text }: { text: string }) {
  if (text === '') return <Empty>No CREATE TABLE statement makes this table again.</Empty>;
  return (
    <div className={css.scroll}>
      <div className={css.code}>
        <pre>{text}</pre>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button variant="default" className={css.copy} leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />} onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </div>
    </div>
  );
}

function Properties({ table: t }: { table: Table }) {
  const facts: [string, string | undefined][] = [
    ['Type', t.type],
    ['Owner', t.owner],
    ['Created', t.created && moment(t.created)],
    ['SerDe', t.serde?.name],
    ['Input format', t.serde?.input_format],
    ['Output format', t.serde?.output_format],
    ...Object.entries(t.serde?.parameters ?? {}).map(([k, v]): [string, string] => [`SerDe ${k}`, v]),
    ...Object.entries(t.parameters ?? {}),
  ];
  return (
    <div className={css.scroll}>
      <dl className={css.facts}>
        {facts.map(
          ([k, v]) =>
            v && (
              <div key={k}>
                <dt>{k}</dt>
                <dd>{v}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  );
}
