import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';

import { problemOf } from '../api/client';
import type { Field } from '../api/dash';
import { askPreview } from '../api/datasets';
import { offsetOf, tokenAt } from '../query/statement';
import { mod } from '../ui/keys';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { setField } from './draft';
import { placeIn } from './place';
import type { SheetProps } from './PrepareView';
import { typeNames, typeOf } from './types';
import css from './datasets.module.css';

const Editor = lazy(() => import('./ExpressionEditor'));

/** How long after the last key an expression is tried. */
const restMS = 450;

/** How many values of it are shown. */
const mostValues = 5;

/** An expression that is written, with what it answers or what is wrong with it. */
export function Expression(props: SheetProps & { name: string; text: string; action: string; ready?: boolean; onDone: (expression: string) => void }) {
  const { draft, name } = props;
  const [text, setText] = useState(props.text);
  const [rested] = useDebouncedValue(text, restMS);
  const asked = rested.trim();
  const trial = useMemo(() => {
    const known = draft.fields.some((f) => f.name === name);
    const fields: Field[] = known ? setField(draft, name, { expression: asked }).fields : [...draft.fields, { name: name || 'expression', expression: asked }];
    return { ...draft, fields };
  }, [draft, name, asked]);
  const q = useQuery({
    queryKey: ['data-set-preview', 'expression', trial.source, trial.fields, trial.parameters, trial.filters],
    queryFn: ({ signal }) => askPreview(trial, signal),
    enabled: asked !== '',
    staleTime: 60_000,
    gcTime: 60_000,
  });
  const told = q.data?.fields.find((f) => f.name === (name || 'expression'));
  const values = q.data?.answer.columns.find((c) => c.name === (name || 'expression'))?.values.slice(0, mostValues);
  const problem = asked !== '' && q.error ? problemOf(q.error) : undefined;
  const error = useMemo(() => {
    const at = problem && placeIn(problem, name || 'expression');
    if (!at || rested !== text) return undefined;
    return { ...tokenAt(text, offsetOf(text, at.line, at.column)), message: problem.message };
  }, [problem, name, rested, text]);
  const names = useMemo(
    () => ({
      fields: draft.fields.filter((f) => f.name !== name).map((f) => ({ name: f.name, type: typeNames[typeOf(f)] })),
      parameters: (draft.parameters ?? []).map((p) => p.name),
    }),
    [draft, name],
  );
  const able = props.ready !== false && text.trim() !== '' && text.trim() !== props.text;
  const done = () => able && !problem && props.onDone(text.trim());
  return (
    <div className={css.expression}>
      <div className={css.expressionEditor}>
        <Suspense fallback={null}>
          <Editor label="Expression" text={props.text} names={names} error={error} onChange={setText} onSubmit={done} />
        </Suspense>
      </div>
      {q.isFetching && <Waiting label="Trying the expression" />}
      {problem && <ProblemView error={problem} compact />}
      {!problem && told?.aggregate && <p className="muted">Aggregates: each group of a visual has one value.</p>}
      {!problem && values && !told?.aggregate && (
        <p className={css.values} aria-label="First values">
          {values.map((v, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- values may be equal
            <code key={i} data-null={v === null || undefined}>
              {v === null ? 'null' : String(v)}
            </code>
          ))}
        </p>
      )}
      <Button onClick={done} disabled={!able || problem !== undefined} title={`${mod}↵`}>
        {props.action}
      </Button>
    </div>
  );
}
