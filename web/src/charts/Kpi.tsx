import { IconArrowDownRight, IconArrowUpRight } from '@tabler/icons-react';
import { useMemo, useRef } from 'react';

import type { Answer } from '../api/dash';
import css from './charts.module.css';
import { keyFigure, sparkline } from './kpi';
import type { VisualProps } from './types';
import { useSize } from './useSize';

/** One figure in large type. */
export function Kpi({ visual, answer }: VisualProps & { answer: Answer }) {
  const k = useMemo(() => keyFigure(visual, answer), [visual, answer]);
  const room = useRef<HTMLDivElement>(null);
  const size = useSize(room);
  if (!k) return <p className={css.refusal}>{answer.rows === 0 ? 'No rows match.' : 'Choose a field for the value.'}</p>;
  const path = size && k.trend.length > 1 ? sparkline(k.trend, size.width - 8, size.height - 8) : undefined;
  return (
    <div className={css.kpi}>
      <b className="num" title={k.exact === k.value ? undefined : k.exact}>
        {k.value}
      </b>
      <p className={css.kpiLine}>
        {k.title.toLowerCase() !== visual.title?.toLowerCase() && <span>{k.title}</span>}
        {k.at && <span>{k.at}</span>}
        {k.comparisons.map((c) => (
          <span key={c.text} className="num">
            {c.up !== undefined && (c.up ? <IconArrowUpRight size={13} aria-hidden /> : <IconArrowDownRight size={13} aria-hidden />)}
            {c.text}
          </span>
        ))}
      </p>
      {k.progress !== undefined && (
        <div className={css.goal} aria-hidden>
          <div style={{ width: `${Math.max(0, Math.min(1, k.progress)) * 100}%` }} />
        </div>
      )}
      <div ref={room} className={css.spark} data-none={k.trend.length < 2 || undefined}>
        {path && (
          <svg width={size!.width} height={size!.height} viewBox={`-4 -4 ${size!.width} ${size!.height}`} aria-hidden>
            <path d={path.line} />
            {path.end && <circle cx={path.end[0]} cy={path.end[1]} r={3} />}
          </svg>
        )}
      </div>
    </div>
  );
}
