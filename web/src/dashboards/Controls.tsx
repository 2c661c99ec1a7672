import { ActionIcon, Button, Popover, TextInput } from '@mantine/core';
import { IconChevronDown, IconFilterOff, IconX } from '@tabler/icons-react';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, skipToken, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { asked } from '../api/dashboards';
import type { Answer, Control, Filter, SheetFilter } from '../api/dash';
import type { Board } from './board';
import { typeOf, usable, type Usable } from './fields';
import { FilterInputs } from './FilterInputs';
import { words } from './filterWords';
import { filtersOn } from './scope';
import type { Choice } from './ValuesList';
import css from './dashboards.module.css';
import { without } from './without';

/** What viewers set, above the visuals. */
export function Controls(props: { board: Board; onRemove?: (c: Control) => void }) {
  const { board } = props;
  const controls = board.sheet.controls ?? [];
  const { filters = [], marks = [], parameters = {} } = board.view;
  const changed = filters.length + marks.length + Object.keys(parameters).length + Object.values(board.view.drills ?? {}).filter((d) => d.length > 0).length;
  if (controls.length === 0 && changed === 0) return null;
  return (
    <div className={css.controls} role="group" aria-label="Controls">
      {controls.map((c) => (
        <span key={c.id} className={css.control}>
          {c.filter ? <FilterControl board={board} control={c} /> : <ParameterControl board={board} control={c} />}
          {props.onRemove && (
            <ActionIcon size={20} aria-label={`Remove the control ${c.title ?? ''}`} onClick={() => props.onRemove!(c)}>
              <IconX size={12} />
            </ActionIcon>
          )}
        </span>
      ))}
      {changed > 0 && (
        <Button variant="subtle" leftSection={<IconFilterOff size={14} />} onClick={() => board.onView({}, true)}>
          As published
        </Button>
      )}
    </div>
  );
}

function FilterControl({ board, control }: { board: Board; control: Control }) {
  const base = filtersOn(board.definition, board.sheet).find((f) => f.id === control.filter);
  const set = board.sets.find((s) => s.id === base?.data_set);
  const field = usable(set, board.definition.calculated).find((f) => f.name === base?.field);
  if (!base) return null;
  const now: Filter = board.view.filters?.find((f) => f.id === base.id) ?? base;
  const change = (f: Filter) => {
    const bare = without(f as SheetFilter, 'data_set');
    board.onView({ ...board.view, filters: [...(board.view.filters ?? []).filter((x) => x.id !== base.id), bare] }, false);
  };
  const title = control.title || base.field;
  return (
    <Popover position="bottom-start" withinPortal trapFocus shadow="sm" width={280}>
      <Popover.Target>
        <button type="button" className={`bare ${css.controlButton}`} aria-haspopup="dialog">
          <span className="muted">{title}</span> <span className="clip">{words(now)}</span> <IconChevronDown size={13} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={title}>
        <FilterOfBoard board={board} control={control.id} filter={now} dataSet={base.data_set} field={field} onChange={change} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** The inputs of a filter, with the values of its field where it lists them. */
function FilterOfBoard(props: { board: Board; control: string; filter: Filter; dataSet: string; field: Usable | undefined; onChange: (f: Filter) => void }) {
  const listed = props.filter.kind === 'category';
  const known = useKnownValues(props.board, props.control, props.dataSet, props.filter.field, listed);
  return <FilterInputs filter={props.filter} field={props.field} choices={known.choices} more={known.more} onFind={known.find} onChange={props.onChange} />;
}

/** The question for a field's values, with their number of rows, the most frequent first. */
export const valuesOf = (dataSet: string, field: string, calculated: Board['definition']['calculated']) =>
  asked(dataSet, {
    dimensions: [{ field }],
    measures: [{ field: '*', aggregation: 'count' }],
    sort: [{ column: 1, descending: true }],
    limit: 1000,
    ...(calculated && calculated.some((f) => f.data_set === dataSet) && { calculated: calculated.filter((f) => f.data_set === dataSet).map((f) => without(f, 'data_set')) }),
  });

export function choicesOf(a: Answer | undefined): Choice[] {
  return (a?.columns[0]?.values ?? []).flatMap((v, i) => (v === null ? [] : [{ value: String(v), rows: Number(a!.columns[1]?.values[i] ?? 0) }]));
}

/** What is typed is asked for after so many milliseconds of calm. */
const calmMS = 150;

const nothing: ReturnType<NonNullable<Board['values']>> = { queryKey: ['answers', 'values'], queryFn: skipToken };

/** Who edits asks the data set for values. A viewer may not, and asks the control for those of the rows that the viewer sees. */
function useKnownValues(board: Board, control: string, dataSet: string, field: string, wanted: boolean) {
  const [search, find] = useState('');
  const [calm] = useDebouncedValue(search, calmMS);
  const edited = useQuery({ ...valuesOf(dataSet, field, board.definition.calculated), enabled: wanted && board.mayAsk === true });
  const viewed = useQuery({ ...((wanted && board.values?.(control, calm)) || nothing), placeholderData: keepPreviousData });
  if (board.mayAsk) return { choices: choicesOf(edited.data), more: edited.data?.more ?? false };
  return { choices: viewed.data?.values ?? [], more: viewed.data?.more ?? false, find };
}

function ParameterControl({ board, control }: { board: Board; control: Control }) {
  const name = control.parameter ?? '';
  const p = board.sets.find((s) => s.id === control.data_set)?.parameters?.find((x) => x.name === name);
  const type = p && typeOf(p as Usable);
  return (
    <label className={css.parameter}>
      <span className="muted">{control.title || name}</span>
      <TextInput
        type={type === 'date' ? 'date' : type === 'time' ? 'datetime-local' : 'text'}
        value={board.view.parameters?.[name] ?? p?.default ?? ''}
        onChange={(e) => {
          const text = e.currentTarget.value;
          const others = without(board.view.parameters ?? {}, name);
          board.onView({ ...board.view, parameters: text === p?.default ? others : { ...others, [name]: text } }, false);
        }}
      />
    </label>
  );
}
