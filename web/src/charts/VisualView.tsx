import { useComputedColorScheme } from '@mantine/core';
import { lazy, Suspense, useId, useMemo, useRef } from 'react';

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

const Chart = lazy(() => load('line'));
const MapChart = lazy(() => load('points_on_map'));

/**
 * A visual and its answer, in the box around it. What is far from the view is not drawn. The
 * picture of an old answer stays, dimmed, until the new one has come.
 */
export function VisualView(props: VisualProps) {
  const { answer, dimmed, size } = props;
  const page = useComputedColorScheme('light');
  const scheme = props.scheme ?? page;
  const visual = useStable(props.visual);
  const marks = useStable(props.marks);
  const box = useRef<HTMLElement>(null);
  const near = useNear(box);
  const id = useId();
  const told = useMemo(() => (answer ? summary(visual, answer) : ''), [visual, answer]);
  const label = `${visual.title ? `${visual.title}. ` : ''}${told}`;

  let body = null;
  if (visual.kind === 'text') body = <TextView text={visual.text ?? ''} />;
  else if (answer && near) {
    const common = { ...props, visual, marks, answer, scheme, label };
    switch (visual.kind) {
      case 'kpi':
        body = <Kpi {...common} />;
        break;
      case 'table':
        body = <DataTable {...common} totals />;
        break;
      case 'pivot':
        body = <PivotView {...common} />;
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
