import { useComputedColorScheme } from '@mantine/core';
import { lazy, memo, Suspense, useCallback, useId, useMemo, useRef } from 'react';

import type { Mark } from '../api/dash';
import { useLatest } from '../ui/useLatest';
import css from './charts.module.css';
import { Kpi } from './Kpi';
import { load } from './loading';
import { PivotView } from './PivotView';
import { DataTable } from './DataTable';
import { summary } from './summary';
import { TextView } from './TextView';
import type { VisualProps } from './types';
import { useNear } from './useNear';
import { useStable } from './useStable';

// A card is drawn several times while its next answer is on its way; its picture, once it is there.
const Chart = memo(lazy(() => load('line')));
const MapChart = memo(lazy(() => load('points_on_map')));
const Figure = memo(Kpi);
const Rows = memo(DataTable);
const Pivot = memo(PivotView);

/**
 * A visual and its answer, in the box around it. What is far from the view is not drawn. The
 * picture of an old answer stays, dimmed, until the new one has come.
 */
export function VisualView(props: VisualProps) {
  const { answer, colors, dimmed, size } = props;
  const page = useComputedColorScheme('light');
  const scheme = props.scheme ?? page;
  const visual = useStable(props.visual);
  const marks = useStable(props.marks);
  // A list that is made anew with each render would have each draw its picture again.
  const fields = useStable(props.fields);
  const latest = useLatest(props.onMark);
  const mark = useCallback((m: Mark, and?: Mark) => latest.current?.(m, and), [latest]);
  const onMark = props.onMark && mark;
  const box = useRef<HTMLElement>(null);
  const near = useNear(box);
  const id = useId();
  const told = useMemo(() => (answer ? summary(visual, answer) : ''), [visual, answer]);
  const label = `${visual.title ? `${visual.title}. ` : ''}${told}`;

  let body = null;
  if (visual.kind === 'text') body = <TextView text={visual.text ?? ''} />;
  else if (answer && near) {
    const common = { visual, fields, answer, colors, scheme, marks, onMark, label };
    switch (visual.kind) {
      case 'kpi':
        body = <Figure {...common} />;
        break;
      case 'table':
        body = <Rows {...common} totals />;
        break;
      case 'pivot':
        body = <Pivot {...common} />;
        break;
      case 'points_on_map':
      case 'filled_map':
        body = <MapChart {...common} />;
        break;
      default:
        body = <Chart {...common} />;
    }
  }
  return (
    <figure ref={box} className={css.visual} style={size} aria-labelledby={told ? id : undefined} data-dimmed={dimmed || undefined}>
      {told && (
        <figcaption id={id} className="visually-hidden">
          {label}
        </figcaption>
      )}
      <Suspense fallback={null}>{body}</Suspense>
    </figure>
  );
}
