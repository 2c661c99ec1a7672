import { SegmentedControl, Select } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { catalogs, ownCatalog } from '../api/catalogs';
import type { Preview, Source } from '../api/dash';
import { Tree } from '../tree/Tree';
import { ProblemView } from '../ui/Problem';
import { FilterBox } from '../ui/FilterBox';
import { Waiting } from '../ui/Waiting';
import { JoinSource } from './JoinSource';
import { aliasFor } from './joins';
import { SQLSource } from './SQLSource';
import css from './datasets.module.css';

export type Reading = UseMutationResult<Preview, Error, Source>;

type Way = 'table' | 'sql' | 'join';

const wayOf = (s: Source): Way => (s.sql !== undefined ? 'sql' : (s.tables ?? []).length > 1 ? 'join' : 'table');

/** Where the rows come from: a table, a statement, or tables that are joined. */
export function SourceView(props: { source: Source; reading: Reading; id: string }) {
  const [way, setWay] = useState<Way>(() => wayOf(props.reading.variables && props.reading.isError ? props.reading.variables : props.source));
  const { reading } = props;
  return (
    <div className={css.source}>
      <div className={css.ways}>
        <SegmentedControl
          size="xs"
          aria-label="Where the rows come from"
          data={[
            { value: 'table', label: 'Table' },
            { value: 'sql', label: 'Custom SQL' },
            { value: 'join', label: 'Join tables' },
          ]}
          value={way}
          onChange={(w) => {
            reading.reset();
            setWay(w as Way);
          }}
        />
      </div>
      {reading.isPending && <Waiting label="Reading the source" />}
      {way === 'table' && <TableSource {...props} />}
      {way === 'sql' && <SQLSource {...props} />}
      {way === 'join' && <JoinSource {...props} />}
    </div>
  );
}

function TableSource(props: { source: Source; reading: Reading }) {
  const now = props.source.tables?.length === 1 ? props.source.tables[0] : undefined;
  const [catalog, setCatalog] = useState(now?.catalog ?? ownCatalog);
  const [filter, setFilter] = useState('');
  const names = (useQuery(catalogs).data ?? [{ name: catalog }]).map((c) => c.name);
  return (
    <div className={css.tableSource}>
      <div className={css.tableFind}>
        {names.length > 1 && <Select aria-label="Data catalog" data={names} value={catalog} comboboxProps={{ shadow: 'sm' }} onChange={(c) => c && setCatalog(c)} />}
        <FilterBox label="Filter tables and columns" of="Tables and columns" value={filter} onChange={setFilter} />
      </div>
      {props.reading.error && <ProblemView error={props.reading.error} />}
      <div className={css.tableList}>
        <Tree
          catalog={catalog}
          database={now?.database ?? 'default'}
          filter={filter}
          selected={now && { database: now.database, table: now.table }}
          onTable={(t) => props.reading.mutate({ tables: [{ alias: aliasFor([], t.name), catalog, database: t.database, table: t.name }] })}
        />
      </div>
    </div>
  );
}
