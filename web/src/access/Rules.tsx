import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { rule, rules } from '../api/access';
import { ownCatalog } from '../api/catalogs';
import type { TableRule } from '../api/types';
import { Sheet } from '../ui/Sheet';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import type { ViewProps } from './AccessPage';
import { Listing } from './Listing';
import { Opener } from './Opener';
import { RuleForm } from './RuleForm';
import list from '../ui/list.module.css';

const at = (r: TableRule) => `${r.database}/${r.table}/${r.name}`;

export function Rules({ search, onOpen }: ViewProps) {
  const q = useQuery(rules);
  return (
    <Listing
      one="rule"
      what="Rules say which rows and columns of a table some people see. A table without rules shows everything to whoever may read it."
      query={q}
      onNew={() => onOpen('new')}
      columns={
        <>
          <th>Rule</th>
          <th>Table</th>
          <th className={list.roomy}>Who</th>
          <th className={list.roomy}>Rows</th>
          <th className={list.roomy}>Columns</th>
        </>
      }
      row={(r) => (
        <tr key={at(r)} aria-current={at(r) === search.name || undefined}>
          <td>
            <Opener view="rules" name={at(r)}>
              {r.name}
            </Opener>
          </td>
          <td>
            <Link to="/catalog/$catalog/$database/$table" params={{ catalog: ownCatalog, database: r.database, table: r.table }}>
              {r.database}.{r.table}
            </Link>
          </td>
          <td className={list.roomy}>{r.principals.map((p) => (p === '*' ? 'everyone' : p)).join(', ') || 'nobody'}</td>
          <td className={list.roomy}>{r.filter ? <code>{r.filter}</code> : <span className="muted">all</span>}</td>
          <td className={`muted ${list.roomy}`}>{r.masks.map((m) => `${m.column}: ${m.kind}`).join(', ') || 'as they are'}</td>
        </tr>
      )}
      sheet={
        search.name === 'new' ? (
          <Sheet label="New rule" title="New rule" onClose={() => onOpen(undefined)}>
            <RuleForm start={undefined} onSaved={(r) => onOpen(at(r))} onDeleted={() => onOpen(undefined)} />
          </Sheet>
        ) : (
          search.name !== undefined && <RuleSheet key={search.name} name={search.name} onClose={() => onOpen(undefined)} />
        )
      }
    />
  );
}

function RuleSheet(props: { name: string; onClose: () => void }) {
  const [database = '', table = '', name = ''] = props.name.split('/');
  const q = useQuery(rule(database, table, name));
  return (
    <Sheet label={`Rule ${name}`} title={name} onClose={props.onClose}>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the rule" />}
      {q.data && <RuleForm key={q.dataUpdatedAt} start={q.data} onSaved={() => {}} onDeleted={props.onClose} />}
    </Sheet>
  );
}
