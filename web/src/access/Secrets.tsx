import { useQuery } from '@tanstack/react-query';

import { secrets } from '../api/secrets';
import { ago, day, moment } from '../ui/format';
import type { ViewProps } from './AccessPage';
import { Listing } from './Listing';
import { NewSecret } from './NewSecret';
import { Opener } from './Opener';
import { SecretSheet } from './SecretSheet';
import list from '../ui/list.module.css';

export function Secrets({ search, onOpen }: ViewProps) {
  const q = useQuery(secrets);
  return (
    <Listing
      one="secret"
      what="Secrets are values that are kept sealed: passwords, keys, addresses with both."
      query={q}
      onNew={() => onOpen('new')}
      columns={
        <>
          <th>Secret</th>
          <th className={list.roomy}>Description</th>
          <th className={list.roomy}>Rotation</th>
          <th className={list.right}>Changed</th>
        </>
      }
      row={(s) => (
        <tr key={s.name} aria-current={s.name === search.name || undefined}>
          <td>
            <Opener view="secrets" name={s.name} />
            {s.purge && <span className={list.chip}>gone {day(s.purge)}</span>}
          </td>
          <td className={`muted ${list.roomy}`}>{s.description}</td>
          <td className={`muted ${list.roomy}`}>{s.rotation?.enabled && (s.rotation.days ? `every ${s.rotation.days} days` : 'by hand')}</td>
          <td className={`num muted ${list.right}`}>
            <time title={moment(s.changed)}>{ago(s.changed)}</time>
          </td>
        </tr>
      )}
      sheet={
        search.name === 'new' ? (
          <NewSecret onClose={() => onOpen(undefined)} onCreated={onOpen} />
        ) : (
          search.name !== undefined && <SecretSheet key={search.name} name={search.name} onClose={() => onOpen(undefined)} />
        )
      }
    />
  );
}
