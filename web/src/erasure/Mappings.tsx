import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { ownCatalog } from '../api/catalogs';
import { identifierTypes, type Mapping, mappings } from '../api/erasure';
import { Empty } from '../ui/Empty';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import type { ViewProps } from './ErasurePage';
import { modes, tableOf, whereOf } from './mapping';
import { MappingEditor } from './MappingEditor';
import { TypeSheet } from './TypeSheet';
import css from './erasure.module.css';

/** Which columns hold which identifiers; and the types of these. */
export function Mappings({ search, onSearch }: ViewProps) {
  const q = useQuery(mappings);
  const types = useQuery(identifierTypes);
  if (search.name !== undefined) {
    const start = search.name === 'new' ? undefined : q.data?.find((m) => m.name === search.name);
    if (search.name === 'new' || start) return <MappingEditor key={search.name} start={start} onDone={(name) => onSearch({ name })} />;
  }
  const make = (
    <Button leftSection={<IconPlus size={15} />} disabled={types.data?.length === 0} onClick={() => onSearch({ name: 'new' })}>
      New mapping
    </Button>
  );
  const makeType = (
    <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => onSearch({ type: 'new' })}>
      New type
    </Button>
  );
  const byTable = (q.data ?? []).toSorted((a, b) => tableOf(a).localeCompare(tableOf(b)) || a.name.localeCompare(b.name));
  return (
    <div className={list.split}>
      <div className={list.content}>
        <div className={list.bar}>
          <span className={css.typesLabel}>Identifier types</span>
          <ul className={css.types} aria-label="Identifier types">
            {types.data?.map((t) => (
              <li key={t.name}>
                <Link to="/erasure" search={{ view: 'mappings', type: t.name }} className={css.type} aria-current={search.type === t.name || undefined}>
                  {t.name}
                  <span className="muted"> {t.parts && t.parts.length > 0 ? t.parts.join(' + ') : t.form}</span>
                </Link>
              </li>
            ))}
          </ul>
          {makeType}
          <span className={list.barEnd}>{make}</span>
        </div>
        <div className={list.scroll}>
          {(q.error ?? types.error) && <ProblemView error={q.error ?? types.error} retry={() => void q.refetch()} />}
          {q.isPending && <Waiting label="Loading mappings" />}
          {types.data?.length === 0 && <Empty action={makeType}>An identifier type is a kind of value that names people, as a user&apos;s id or an e-mail address.</Empty>}
          {types.data && types.data.length > 0 && q.data?.length === 0 && <Empty action={make}>A mapping says which columns of a table hold identifiers. Only mapped tables are searched.</Empty>}
          {search.name !== undefined && q.data && <Empty>There is no mapping {search.name}.</Empty>}
          {byTable.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>Table</th>
                  <th>Mapping</th>
                  <th>Identifiers</th>
                  <th className={list.roomy}>Records are</th>
                </tr>
              </thead>
              <tbody>
                {byTable.map((m) => (
                  <Row key={m.name} mapping={m} />
                ))}
              </tbody>
            </table>
          )}
        </div>
      </div>
      {search.type !== undefined && <TypeSheet key={search.type} name={search.type} onClose={() => onSearch({ type: undefined })} />}
    </div>
  );
}

function Row({ mapping: m }: { mapping: Mapping }) {
  return (
    <tr>
      <td>
        {m.table && m.database ? (
          <Link to="/catalog/$catalog/$database/$table" params={{ catalog: ownCatalog, database: m.database, table: m.table }}>
            {tableOf(m)}
          </Link>
        ) : (
          <code>{m.location}</code>
        )}
      </td>
      <td>
        <Link to="/erasure" search={{ view: 'mappings', name: m.name }} className={list.strong}>
          {m.name}
        </Link>
      </td>
      <td>
        {m.identifiers.map((i) => (
          <div key={i.type + whereOf(i)}>
            {i.type} <code className="muted">{whereOf(i)}</code>
          </div>
        ))}
      </td>
      <td className={`muted ${list.roomy}`}>{modes.find((o) => o.value === (m.mode ?? 'delete'))?.done ?? m.mode}</td>
    </tr>
  );
}
