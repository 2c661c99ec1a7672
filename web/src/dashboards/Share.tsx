import { ActionIcon, Autocomplete, Button, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { groups, users } from '../api/access';
import { shareDashboard } from '../api/dashboards';
import type { Share } from '../api/dash';
import { session } from '../api/session';
import { ProblemView } from '../ui/Problem';
import { isGroup, nameOf } from '../ui/principal';
import css from './dashboards.module.css';

/** Says with whom a dashboard is shared. Viewers look; editors also change what it is made from. */
export function ShareForm(props: { dashboard: string; shares: readonly Share[] }) {
  const me = useQuery(session).data;
  const listed = me?.user.administrator ?? false;
  const us = useQuery({ ...users, enabled: listed }).data ?? [];
  const gs = useQuery({ ...groups, enabled: listed }).data ?? [];
  const [who, setWho] = useState('');
  const [role, setRole] = useState<Share['role']>('viewer');
  const put = useMutation({ mutationFn: (shares: Share[]) => shareDashboard(props.dashboard, shares) });
  const shares = put.data !== undefined || put.isPending ? (put.variables ?? props.shares) : props.shares;

  const known = new Map([...gs.map((g): [string, string] => [`${g.name} (group)`, g.arn]), ...us.map((u): [string, string] => [u.name, u.arn])]);
  const taken = new Set(shares.map((s) => s.principal));
  const arn = known.get(who.trim()) ?? (who.startsWith('arn:') ? who.trim() : who.trim() && `arn:aws:iam::${me?.lake.account ?? ''}:user/${who.trim()}`);
  return (
    <div className={css.form}>
      <ul className={css.shares} aria-label="Shared with">
        {shares.length === 0 && <li className="muted">Nobody but its owner sees it.</li>}
        {shares.map((s) => (
          <li key={s.principal}>
            <span className="clip" title={s.principal}>
              {nameOf(s.principal)}
              {isGroup(s.principal) && <span className="muted"> group</span>}
            </span>
            <Select
              aria-label={`Role of ${nameOf(s.principal)}`}
              data={[
                { value: 'viewer', label: 'looks' },
                { value: 'editor', label: 'edits' },
              ]}
              value={s.role}
              onChange={(v) => put.mutate(shares.map((x) => (x === s ? { ...x, role: v as Share['role'] } : x)))}
            />
            <ActionIcon aria-label={`Stop sharing with ${nameOf(s.principal)}`} onClick={() => put.mutate(shares.filter((x) => x !== s))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <form
        className={css.shareNew}
        onSubmit={(e) => {
          e.preventDefault();
          if (!arn) return;
          put.mutate([...shares.filter((s) => s.principal !== arn), { principal: arn, role }], { onSuccess: () => setWho('') });
        }}
      >
        <Autocomplete
          size="xs"
          label="User or group"
          placeholder={listed ? 'a name' : 'a name or an ARN'}
          data={[...known].filter(([, a]) => !taken.has(a) && a !== me?.user.arn).map(([name]) => name)}
          value={who}
          onChange={setWho}
          autoCapitalize="none"
          spellCheck={false}
        />
        <Select
          label="Role"
          data={[
            { value: 'viewer', label: 'looks' },
            { value: 'editor', label: 'edits' },
          ]}
          value={role}
          onChange={(v) => setRole(v as Share['role'])}
        />
        <Button type="submit" disabled={!arn} loading={put.isPending}>
          Share
        </Button>
      </form>
      {put.error && <ProblemView error={put.error} compact />}
    </div>
  );
}
