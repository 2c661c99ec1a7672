import { ActionIcon, Button, Checkbox, Select, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import type { DataSetDraft, Schedule } from '../api/dash';
import { Part } from '../ui/Sheet';
import type { Change } from './Workbench';
import css from './datasets.module.css';

const every = [
  { value: 'hourly', label: 'Every hour' },
  { value: 'daily', label: 'Every day' },
  { value: 'weekly', label: 'Every week' },
  { value: 'monthly', label: 'Every month' },
];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'].map((label) => ({ value: label.toLowerCase(), label }));
const monthDays = Array.from({ length: 28 }, (_, i) => String(i + 1));
const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')];
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** How many the service allows. */
const most = 5;

/** When an extract is refreshed by itself. */
export function Schedules({ draft, change }: { draft: DataSetDraft; change: Change }) {
  const all = draft.refresh ?? [];
  const set = (i: number, to: Partial<Schedule>, kind?: string) => change((d) => ({ ...d, refresh: d.refresh!.map((s, j) => (i === j ? { ...s, ...to } : s)) }), kind && `${kind} ${i}`);
  return (
    <Part
      title="Schedule"
      note={all.length === 0 ? 'refreshed by hand only' : undefined}
      action={
        all.length < most && (
          <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => change((d) => ({ ...d, refresh: [...(d.refresh ?? []), { every: 'daily', at: '06:00', zone: here === 'UTC' ? undefined : here }] }))}>
            Add time
          </Button>
        )
      }
    >
      <ul className={css.schedules}>
        {all.map((s, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- times have no names
          <li key={i}>
            <Select
              aria-label={`How often, time ${i + 1}`}
              data={every}
              value={s.every}
              comboboxProps={{ shadow: 'sm' }}
              onChange={(v) => set(i, { every: v as Schedule['every'], day: v === 'weekly' ? 'monday' : v === 'monthly' ? '1' : undefined })}
            />
            {s.every === 'weekly' && <Select aria-label={`Day, time ${i + 1}`} data={weekdays} value={s.day ?? 'monday'} comboboxProps={{ shadow: 'sm' }} onChange={(day) => set(i, { day: day ?? undefined })} />}
            {s.every === 'monthly' && <Select aria-label={`Day, time ${i + 1}`} data={monthDays} value={s.day ?? '1'} comboboxProps={{ shadow: 'sm' }} onChange={(day) => set(i, { day: day ?? undefined })} />}
            <TextInput type="time" aria-label={`At, time ${i + 1}`} value={s.at} onChange={(e) => e.currentTarget.value && set(i, { at: e.currentTarget.value.slice(0, 5) }, 'schedule at')} />
            <Select
              aria-label={`Time zone, time ${i + 1}`}
              data={zones}
              value={s.zone || 'UTC'}
              searchable
              limit={50}
              comboboxProps={{ shadow: 'sm' }}
              onChange={(z) => set(i, { zone: z === 'UTC' ? undefined : (z ?? undefined) })}
            />
            {draft.increment && <Checkbox size="xs" label="Whole" checked={s.whole ?? false} onChange={(e) => set(i, { whole: e.currentTarget.checked || undefined })} />}
            <ActionIcon size={22} aria-label={`Remove time ${i + 1}`} onClick={() => change((d) => ({ ...d, refresh: d.refresh!.filter((_, j) => j !== i) }))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </Part>
  );
}
