import { ActionIcon, Button, Checkbox, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import type { Visual, VisualKind } from '../api/dash';
import { useScheme } from '../shell/useScheme';
import type { Board } from './board';
import { viewFor } from './scope';
import { titleOf } from './VisualCard';
import { complete } from './wellFields';
import css from './editor.module.css';
import { without } from './without';

const is = (k: VisualKind, ...of: VisualKind[]) => of.includes(k);

/** How a visual looks: its title, what its kind can be, lines across it, colours of its values. */
export function LookPane(props: { board: Board; visual: Visual; onChange: (v: Visual, of?: string) => void; onColor: (field: string, value: string, color: string | undefined) => void }) {
  const { visual: v, onChange } = props;
  const { kind, look } = v;
  const set = (changes: Partial<Visual['look']>) => {
    const next = { ...look, ...changes };
    for (const [k, x] of Object.entries(next)) if (!x) delete next[k as keyof typeof next];
    onChange({ ...v, look: next });
  };
  const lines = v.lines ?? [];
  const setLines = (next: NonNullable<Visual['lines']>, of?: string) => {
    const rest = without(v, 'lines');
    onChange(next.length > 0 ? { ...rest, lines: next } : rest, of);
  };
  if (kind === 'text')
    return (
      <div className={css.lookForm}>
        <Textarea size="xs" label="Text" description="**bold**, [links](https://…), an empty line between paragraphs" autosize minRows={4} maxRows={16} value={v.text ?? ''} onChange={(e) => onChange({ ...v, text: e.currentTarget.value }, `text ${v.id}`)} />
      </div>
    );
  return (
    <div className={css.lookForm}>
      <TextInput
        label="Title"
        placeholder={titleOf({ ...v, title: undefined })}
        value={v.title ?? ''}
        onChange={(e) => {
          const rest = without(v, 'title');
          onChange(e.currentTarget.value ? { ...rest, title: e.currentTarget.value } : rest, `title ${v.id}`);
        }}
      />
      <div className={css.pair}>
        <NumberInput
          size="xs"
          hideControls
          label="At most"
          description="groups, 0: as many as fit"
          min={0}
          max={10_000}
          value={v.limit ?? 0}
          onChange={(n) => {
            const rest = without(v, 'limit');
            onChange(Number(n) > 0 ? { ...rest, limit: Number(n) } : rest, `limit ${v.id}`);
          }}
        />
      </div>
      {(v.limit ?? 0) > 0 && (
        <Checkbox
          size="xs"
          label="The rest together, as others"
          checked={v.others ?? false}
          onChange={(e) => {
            const rest = without(v, 'others');
            onChange(e.currentTarget.checked ? { ...rest, others: true } : rest);
          }}
        />
      )}
      {is(kind, 'bar', 'area') && (
        <Select
          label="Groups"
          data={[
            { value: '', label: 'side by side' },
            { value: 'stacked', label: 'stacked' },
            { value: 'share', label: 'as shares of 100 %' },
          ]}
          value={look.stack ?? ''}
          onChange={(s) => set({ stack: (s || undefined) as Visual['look']['stack'] })}
        />
      )}
      {is(kind, 'bar') && <Checkbox size="xs" label="Horizontal" checked={look.horizontal ?? false} onChange={(e) => set({ horizontal: e.currentTarget.checked })} />}
      {is(kind, 'pie') && <Checkbox size="xs" label="Donut" checked={look.donut ?? false} onChange={(e) => set({ donut: e.currentTarget.checked })} />}
      {is(kind, 'line', 'area', 'bar', 'scatter', 'histogram') && <Checkbox size="xs" label="Logarithmic axis" checked={look.log ?? false} onChange={(e) => set({ log: e.currentTarget.checked })} />}
      {is(kind, 'line', 'area', 'bar', 'pie', 'heat_map', 'scatter') && <Checkbox size="xs" label="Values beside marks" checked={look.labels ?? false} onChange={(e) => set({ labels: e.currentTarget.checked })} />}
      {!is(kind, 'table', 'pivot', 'kpi', 'histogram') && (
        <Select
          label="Legend"
          data={[
            { value: '', label: 'by itself' },
            { value: 'right', label: 'right' },
            { value: 'bottom', label: 'below' },
            { value: 'none', label: 'none' },
          ]}
          value={look.legend ?? ''}
          onChange={(s) => set({ legend: (s || undefined) as Visual['look']['legend'] })}
        />
      )}
      {is(kind, 'line', 'area', 'bar', 'scatter', 'histogram') && (
        <section aria-label="Reference lines" className={css.lines}>
          <h3>Reference lines</h3>
          {lines.map((l, i) => {
            const change = (c: Partial<typeof l>) => setLines(lines.map((x, n) => (n === i ? { ...x, ...c } : x)), `line ${v.id} ${i}`);
            return (
              // oxlint-disable-next-line react/no-array-index-key -- a line is its place in the list
              <div key={i} className={css.line}>
                <Select
                  aria-label="Line at"
                  data={[
                    { value: 'value', label: 'a value' },
                    { value: 'average', label: 'average' },
                    { value: 'median', label: 'median' },
                    { value: 'min', label: 'minimum' },
                    { value: 'max', label: 'maximum' },
                  ]}
                  value={l.of ?? 'value'}
                  onChange={(o) => setLines(lines.map((x, n) => (n === i ? { ...(x.label && { label: x.label }), ...(o === 'value' ? { value: 0 } : { of: o as NonNullable<typeof l.of> }) } : x)))}
                />
                {!l.of && <NumberInput size="xs" hideControls aria-label="Value of the line" value={l.value ?? 0} onChange={(n) => change({ value: Number(n) || 0 })} />}
                <TextInput aria-label="Label of the line" placeholder="label" value={l.label ?? ''} onChange={(e) => change({ label: e.currentTarget.value || undefined })} />
                <ActionIcon aria-label="Remove the line" size={22} onClick={() => setLines(lines.filter((_, n) => n !== i))}>
                  <IconX size={13} />
                </ActionIcon>
              </div>
            );
          })}
          <Button variant="default" onClick={() => setLines([...lines, { of: 'average' }])}>
            Add line
          </Button>
        </section>
      )}
      <ValueColors {...props} />
    </div>
  );
}

/** Colours that are offered for values: so many that the list stays one to look through. */
const most = 24;

function ValueColors({ board, visual: v, onColor }: { board: Board; visual: Visual; onColor: (field: string, value: string, color: string | undefined) => void }) {
  const { scheme } = useScheme();
  const q = useQuery({ ...board.question(v, viewFor(board.definition, board.sheet, v, board.view)), enabled: complete(v) });
  const field = v.wells?.color?.[0]?.field;
  const column = q.data?.columns.find((c) => c.name === field);
  if (!field || !column || column.type === 'decimal' || column.type === 'integer') return null;
  const values = [...new Set(column.values.flatMap((x) => (x === null ? [] : [String(x)])))];
  if (values.length === 0) return null;
  const chosen = board.definition.colors?.[field] ?? {};
  return (
    <section aria-label={`Colours of ${field}`} className={css.lines}>
      <h3>Colours of {field}</h3>
      <ul className={css.colors}>
        {values.slice(0, most).map((value) => (
          <li key={value}>
            <input type="color" aria-label={`Colour of ${value}`} value={board.colors.of(field, value, scheme)} onChange={(e) => onColor(field, value, e.currentTarget.value)} />
            <span className="clip">{value || 'empty'}</span>
            {chosen[value] && (
              <ActionIcon aria-label={`Colour of ${value} by itself`} size={20} onClick={() => onColor(field, value, undefined)}>
                <IconX size={12} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      {values.length > most && <p className="muted">{values.length - most} more have colours of their own.</p>}
    </section>
  );
}
