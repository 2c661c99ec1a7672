import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { policies } from '../api/access';
import { counted, day } from '../ui/format';
import type { ViewProps } from './AccessPage';
import { Listing } from './Listing';
import { NewPolicy } from './NewPolicy';
import { Opener } from './Opener';
import { PolicySheet } from './PolicySheet';
import list from '../ui/list.module.css';
import css from './access.module.css';

const scopes = [
  { value: 'all', label: 'All policies' },
  { value: 'own', label: 'Own' },
  { value: 'aws', label: "AWS's" },
];

export function Policies({ search, onOpen }: ViewProps) {
  const q = useQuery(policies);
  const [scope, setScope] = useState('all');
  const data = q.data?.filter((p) => scope === 'all' || p.aws === (scope === 'aws'));
  return (
    <Listing
      one="policy"
      what="Policies say in JSON who may do what to which resource."
      query={{ ...q, data }}
      onNew={() => onOpen('new')}
      choices={
        <Select aria-label="Whose policies" className={css.choice} data={scopes} value={scope} comboboxProps={{ shadow: 'sm' }} onChange={(v) => v && setScope(v)} />
      }
      columns={
        <>
          <th>Policy</th>
          <th className={list.roomy}>Description</th>
          <th className={list.right}>In use by</th>
          <th className={`${list.right} ${list.roomy}`}>Changed</th>
        </>
      }
      row={(p) => (
        <tr key={p.arn} aria-current={p.arn === search.name || undefined}>
          <td>
            <Opener view="policies" name={p.arn}>
              {p.name}
            </Opener>
            {p.aws && <span className={list.chip}>AWS</span>}
          </td>
          <td className={`muted ${list.roomy}`}>{p.description}</td>
          <td className={`num muted ${list.right}`}>{p.attachments + p.boundaries > 0 ? counted(p.attachments + p.boundaries, 'holder') : 'nobody'}</td>
          <td className={`num muted ${list.right} ${list.roomy}`}>{p.updated && !p.aws && day(p.updated)}</td>
        </tr>
      )}
      sheet={
        search.name === 'new' ? (
          <NewPolicy onClose={() => onOpen(undefined)} onCreated={onOpen} />
        ) : (
          search.name !== undefined && <PolicySheet key={search.name} arn={search.name} onClose={() => onOpen(undefined)} />
        )
      }
    />
  );
}
