import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';

import type { Answer, Mark } from '../api/dash';
import css from './charts.module.css';
import { pivot } from './pivot';
import { marked } from './scene';
import type { VisualProps } from './types';

/** As charts.module.css has it. */
const rowHeight = 26;

export function PivotView(props: VisualProps & { answer: Answer; label: string }) {
  const { visual, answer, marks, onMark } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const p = useMemo(() => pivot(visual, answer), [visual, answer]);
  const isMarked = useMemo(() => marked(visual, p.reading, marks ?? []), [visual, p, marks]);
  const virtual = useVirtualizer({ count: p.rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 10 });
  const visible = virtual.getVirtualItems();
  const above = visible[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const width = p.rowFields.length + p.across.at(-1)!.reduce((n, h) => n + h.span, 0);

  const head = (text: string, mark: Mark | undefined) =>
    mark && onMark ? (
      <button type="button" className={`bare ${css.group}`} onClick={() => onMark(mark)}>
        {text}
      </button>
    ) : (
      text
    );
  if (p.reading.columns.length === 0) return <p className={css.refusal}>Choose the rows, columns and values of the table.</p>;
  if (answer.rows === 0) return <p className={css.refusal}>No rows match.</p>;
  return (
    <div className={css.tableFrame}>
      <div ref={scroller} className={css.scroller} tabIndex={0} role="group" aria-label={props.label}>
        <table className={css.pivot}>
          <thead>
            {p.across.map((heads, line) => (
              <tr key={line}>
                {p.rowFields.map((c) =>
                  line === p.across.length - 1 ? (
                    <th key={c.index} scope="col">
                      {c.title}
                    </th>
                  ) : (
                    <td aria-hidden key={c.index} />
                  ),
                )}
                {heads.map((h, i) => (
                  <th key={i} scope={h.span > 1 ? 'colgroup' : 'col'} colSpan={h.span} data-right={h.span === 1 || undefined}>
                    {head(h.text, h.mark)}
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            {above > 0 && (
              <tr aria-hidden className={css.space}>
                <td aria-hidden colSpan={width} style={{ height: above }} />
              </tr>
            )}
            {visible.map((v) => {
              const row = p.rows[v.index]!;
              return (
                <tr key={v.key} data-kind={row.kind} data-faint={(isMarked && !row.from.some(isMarked)) || undefined}>
                  {row.heads.map((h, i) =>
                    h ? (
                      <th key={i} scope="row">
                        {head(h.text, h.mark)}
                      </th>
                    ) : (
                      <td aria-hidden key={i} />
                    ),
                  )}
                  {row.cells.map((text, i) => (
                    <td key={i} data-right>
                      {text}
                    </td>
                  ))}
                </tr>
              );
            })}
            {below > 0 && (
              <tr aria-hidden className={css.space}>
                <td aria-hidden colSpan={width} style={{ height: below }} />
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {(answer.more || p.cut > 0) && (
        <p className={css.notes}>
          {answer.more ? 'There are more rows than are shown: nothing is totalled. ' : ''}
          {p.cut > 0 ? `${p.cut.toLocaleString('en')} more columns are not shown.` : ''}
        </p>
      )}
    </div>
  );
}
