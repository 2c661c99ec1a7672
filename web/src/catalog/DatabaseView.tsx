import { Button } from '@mantine/core';
import { IconTerminal2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';

import { databases, tables } from '../api/catalogs';
import { Place } from '../query/Details';
import { Empty } from '../ui/Empty';
import { count } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Back } from './Back';
import css from './catalog.module.css';

/** A database: its tables. */
export function DatabaseView({ catalog, database }: { catalog: string; database: string }) {
  const navigate = useNavigate();
  const db = useQuery(databases(catalog)).data?.find((d) => d.name === database);
  const q = useQuery(tables(catalog, database));
  return (
    <>
      <PageHead
        label={`Database ${database}`}
        title={
          <>
            <Back catalog={catalog} />
            {database}
          </>
        }
      />
      <div className={css.about}>
        {db?.description && <span>{db.description}</span>}
        {db?.location && <Place location={db.location} folder />}
      </div>
      <div className={css.scroll}>
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
        {q.isPending && <Waiting label="Loading tables" />}
        {q.data?.tables.length === 0 && (
          <Empty
            action={
              <Button
                leftSection={<IconTerminal2 size={15} />}
                onClick={() => void navigate({ to: '/query', search: { sql: `CREATE EXTERNAL TABLE ${database}.events (\n  id bigint,\n  at timestamp\n)\nSTORED AS PARQUET\nLOCATION 's3://bucket/prefix/'` } })}
              >
                Write CREATE TABLE
              </Button>
            }
          >
            This database has no tables yet.
          </Empty>
        )}
        {q.data && q.data.tables.length > 0 && (
          <table className={css.list}>
            <thead>
              <tr>
                <th>Table</th>
                <th>Format</th>
                <th className={css.right}>Columns</th>
                <th className={css.roomy}>Partitioned by</th>
                <th className={css.roomy}>Location</th>
              </tr>
            </thead>
            <tbody>
              {q.data.tables.map((t) => (
                <tr key={t.name}>
                  <td>
                    <Link to="/catalog/$catalog/$database/$table" params={{ catalog, database, table: t.name }} className={css.strong}>
                      {t.name}
                    </Link>
                  </td>
                  <td>{t.format}</td>
                  <td className={`num ${css.right}`}>{count((t.columns?.length ?? 0) + (t.partition_keys?.length ?? 0))}</td>
                  <td className={`muted ${css.roomy}`}>{t.partition_keys?.map((k) => k.name).join(', ')}</td>
                  <td className={`muted ${css.roomy}`}>
                    <span className={`clip ${css.location}`} title={t.location}>
                      {t.location}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {q.data?.next && <p className={css.more}>The first {count(q.data.tables.length)} tables; the filter on the left searches among them.</p>}
      </div>
    </>
  );
}
