import { NumberInput, Select, Switch } from '@mantine/core';

import type { DataSetDraft } from '../api/dash';
import { counted } from '../ui/format';
import { Part } from '../ui/Sheet';
import type { Change } from './Workbench';
import { isTime, typeOf } from './types';
import css from './datasets.module.css';

/** How an extract is refreshed by increment: the rows of the last days are read again. */
export function IncrementPart({ draft, change }: { draft: DataSetDraft; change: Change }) {
  const dates = draft.fields.filter((f) => isTime(typeOf(f)) && f.column !== undefined).map((f) => f.name);
  const now = draft.increment;
  const set = (to: DataSetDraft['increment'], kind?: string) => change((d) => ({ ...d, increment: to }), kind);
  return (
    <Part title="Increment" note={dates.length === 0 ? 'needs a field of dates or times' : undefined}>
      <div className={css.increment}>
        <Switch
          size="xs"
          label="Read only the last days again"
          checked={now !== undefined}
          disabled={dates.length === 0 && !now}
          onChange={(e) => set(e.currentTarget.checked ? { field: dates[0]!, window: 7 } : undefined)}
        />
        {now && (
          <>
            <Select label="Field" data={dates} value={now.field} comboboxProps={{ shadow: 'sm' }} onChange={(field) => field && set({ ...now, field })} />
            <NumberInput size="xs" label="Days before now" min={1} max={3650} value={now.window} onChange={(n) => Number(n) >= 1 && set({ ...now, window: Math.floor(Number(n)) }, 'window')} />
            <p className="muted">
              Rows whose {now.field} lies in the last {counted(now.window, 'day')} are replaced; older ones stay as they were read.
            </p>
          </>
        )}
      </div>
    </Part>
  );
}
