import { useComputedColorScheme } from '@mantine/core';
import { type ComponentProps, memo, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';

import type { Mark } from '../api/dash';
import { useLatest } from '../ui/useLatest';
import css from './charts.module.css';
import { Kpi } from './Kpi';
import { type Drawing, isMap, load, loaded } from './loading';
import { PivotView } from './PivotView';
import { DataTable } from './DataTable';
import { summary } from './summary';
import { TextView } from './TextView';
import type { VisualProps } from './types';
import { useNear } from './useNear';
import { useStable } from './useStable';

// A card is drawn several times while its next answer is on its way; its picture, once it is there.
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
      default:
        body = <Drawn key={String(isMap(visual.kind))} {...common} />;
    }
  }
  return (
    <figure ref={box} className={css.visual} style={size} aria-labelledby={told ? id : undefined} data-dimmed={dimmed || undefined}>
      {told && (
        <figcaption id={id} className="visually-hidden">
          {label}
        </figcaption>
      )}
      {body}
    </figure>
  );
}

/**
 * A chart, once what draws it is loaded. React's own way to wait would show what is there
 * already a moment later, and nothing together with what is there first.
 */
function Drawn(props: ComponentProps<Drawing>) {
  const { kind } = props.visual;
  const [Chart, setChart] = useState(() => loaded(kind));
  useEffect(() => {
    if (Chart) return;
    let on = true;
    load(kind).then(
      (drawing) => on && setChart(() => drawing),
      (e: unknown) =>
        on &&
        setChart(() => {
          throw e; // to the page, as a part of it that could not be loaded
        }),
    );
    return () => void (on = false);
  }, [Chart, kind]);
  return Chart && <Chart {...props} />;
}
