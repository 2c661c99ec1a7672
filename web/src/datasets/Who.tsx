import { Autocomplete } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { groups, users } from '../api/access';
import { session } from '../api/session';

/** Chooses a user or a group. Who may not list them writes user/NAME or group/NAME. */
export function Who(props: { label: string; everybody?: boolean; without: string[]; onPick: (arn: string) => void }) {
  const who = useQuery(session).data;
  const enabled = who?.user.administrator ?? false;
  const us = useQuery({ ...users, enabled });
  const gs = useQuery({ ...groups, enabled });
  const [text, setText] = useState('');
  const known = new Map<string, string>([
    ...(props.everybody ? [['everybody', '*'] as const] : []),
    ...(gs.data ?? []).map((g) => [`group/${g.name}`, g.arn] as const),
    ...(us.data ?? []).map((u) => [`user/${u.name}`, u.arn] as const),
  ]);
  const pick = (v: string) => {
    const written = v.trim();
    const arn = known.get(written) ?? (/^(user|group)\/./.test(written) ? `arn:aws:iam::${who?.lake.account ?? ''}:${written}` : written.startsWith('arn:') ? written : undefined);
    if (arn === undefined || props.without.includes(arn)) return;
    props.onPick(arn);
    // The input writes what was chosen once more after this.
    setTimeout(() => setText(''));
  };
  return (
    <Autocomplete
      size="xs"
      aria-label={props.label}
      placeholder="user/NAME or group/NAME"
      leftSection={<IconPlus size={14} />}
      data={[...known].filter(([, arn]) => !props.without.includes(arn)).map(([name]) => name)}
      value={text}
      onChange={setText}
      onOptionSubmit={pick}
      onKeyDown={(e) => {
        if (e.key === 'Enter') {
          e.preventDefault();
          pick(text);
        }
      }}
      comboboxProps={{ shadow: 'sm' }}
      spellCheck={false}
      autoCapitalize="none"
    />
  );
}
