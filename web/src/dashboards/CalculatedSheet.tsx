import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { asked } from '../api/dashboards';
import type { AnalysisField, FieldType } from '../api/dash';
import { formatValue } from '../charts';
import { typeNames } from '../datasets/types';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import type { Board } from './board';
import { usable } from './fields';
import css from './editor.module.css';
import { without } from './without';

const aggregates = /\b(sum|avg|count|min|max|approx_distinct|approx_percentile|stddev|stddev_samp|variance|var_samp|arbitrary)\s*\(/i;

/** A calculated field of the analysis: its name, its expression, and what that answers. */
export function CalculatedSheet(props: { board: Board; dataSet: string; name: string; onSave: (f: AnalysisField, old?: string) => void; onRemove: (f: AnalysisField) => void; onClose: () => void }) {
  const { board, dataSet } = props;
  const old = (board.definition.calculated ?? []).find((f) => f.data_set === dataSet && f.name === props.name);
  const [name, setName] = useState(old?.name ?? '');
  const [expression, setExpression] = useState(old?.expression ?? '');
  const [type, setType] = useState<string>(old?.type ?? '');
  const [calm] = useDebouncedValue(expression.trim(), 400);
  const taken = usable(board.sets.find((s) => s.id === dataSet), board.definition.calculated).some((f) => f.name.toLowerCase() === name.trim().toLowerCase() && f.name !== old?.name);
  const total = aggregates.test(calm);
  const others = (board.definition.calculated ?? []).filter((f) => f.data_set === dataSet && f !== old).map((f) => without(f, 'data_set'));
  const tried = { name: name.trim() || 'expression', expression: calm, ...(total && { aggregate: true, role: 'measure' as const }) };
  const q = useQuery({
    ...asked(dataSet, { ...(total ? { measures: [{ field: tried.name }] } : { dimensions: [{ field: tried.name }] }), calculated: [...others, tried], limit: 5 }),
    enabled: calm !== '' && !taken,
    retry: false,
  });
  const column = q.data?.columns[0];
  const answers = column?.type;
  const ready = name.trim() !== '' && expression.trim() !== '' && !taken;
  return (
    <Sheet label="Calculated field" title={old ? old.name : 'Calculated field'} onClose={props.onClose}>
      <Part title="An expression over fields">
        <form
          className={css.lookForm}
          onSubmit={(e) => {
            e.preventDefault();
            if (!ready) return;
            const t = (type || answers) as FieldType | undefined;
            props.onSave(
              {
                data_set: dataSet, name: name.trim(), expression: expression.trim(), ...(t && { type: t }),
                role: total || t === 'decimal' || t === 'integer' ? 'measure' : 'dimension', ...(total && { aggregate: true }),
              },
              old?.name,
            );
          }}
        >
          <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} error={taken && 'Another field has this name.'} autoFocus={!old} spellCheck={false} />
          <Textarea
            size="xs"
            label="Expression"
            description="Athena's SQL over the names of fields. A name with blanks stands in double quotes. Division by 0 is null."
            placeholder="sum(deaths) / sum(confirmed)"
            autosize
            minRows={3}
            value={expression}
            onChange={(e) => setExpression(e.currentTarget.value)}
            spellCheck={false}
            styles={{ input: { fontFamily: 'var(--mono)' } }}
          />
          <Select label="Type" data={[{ value: '', label: answers ? `as it is: ${typeNames[answers].toLowerCase()}` : 'as it is' }, ...Object.entries(typeNames).map(([value, label]) => ({ value, label }))]} value={type} onChange={(v) => setType(v ?? '')} />
          {q.error && <ProblemView error={q.error} compact />}
          {column && !q.error && (
            <p className="muted" role="status">
              Answers {column.values.slice(0, 5).map((v) => formatValue(v, column.type)).join(', ') || 'nothing'}
            </p>
          )}
          <div className={css.pair}>
            <Button type="submit" disabled={!ready}>
              {old ? 'Change' : 'Add'}
            </Button>
            {old && (
              <Button variant="default" onClick={() => props.onRemove(old)}>
                Remove
              </Button>
            )}
          </div>
        </form>
      </Part>
    </Sheet>
  );
}
