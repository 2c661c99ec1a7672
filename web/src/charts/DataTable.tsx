import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';

import type { Answer } from '../api/dash';
import css from './charts.module.css';
import { formatFigure } from './format';
import { sorted } from './order';
import { cell, type Col, isNumber, read } from './reading';
import { marked, markOf } from './scene';
import { total } from './totals';
import type { VisualProps } from './types';

/** As charts.module.css has it. */
const rowHeight = 26;

/** Rows of an answer. Only what is in view exists; a click on a title sorts, one on a group marks. */
export function DataTable(props: Pick<VisualProps, 'visual' | 'marks' | 'onMark'> & { answer: Answer; label: string; totals?: boolean; height?: number }) {
  const { visual, answer, marks, onMark } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [by, setBy] = useState<{ column: number; descending: boolean }>();
  const reading = useMemo(() => read(visual, answer), [visual, answer]);
  const { columns } = reading;
  const isMarked = useMemo(() => marked(visual, reading, marks ?? []), [visual, reading, marks]);

  const rows = useMemo(() => {
    const all = Array.from({ length: reading.rows }, (_, i) => i);
    const c = by && columns[by.column];
    return c ? sorted(all, c, by.descending) : all;
  }, [reading, columns, by]);
  const sums = useMemo(() => {
    // Of a part of the rows they would be wrong.
    if (!props.totals || answer.more || reading.rows < 2) return undefined;
    const all = columns.map((c) => total(c, rows));
    return all.some((t) => t !== undefined) ? all : undefined;
  }, [props.totals, answer.more, reading, columns, rows]);

  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 10 });
  const visible = virtual.getVirtualItems();
  const above = visible[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const right = (c: Col) => (isNumber(c) && !c.bin) || undefined;

  if (columns.length === 0) return <p className={css.refusal}>Choose the fields of the table.</p>;
  return (
    <div className={css.tableFrame} style={{ height: props.height }}>
      <div ref={scroller} className={css.scroller} tabIndex={0} role="group" aria-label={props.label}>
        <table aria-rowcount={reading.rows + 1}>
          <thead>
            <tr>
              {columns.map((c, i) => {
                const on = by?.column === i ? (by.descending ? 'descending' : 'ascending') : undefined;
                return (
                  <th key={c.index} scope="col" aria-sort={on} data-right={right(c)}>
                    <button
                      type="button"
                      className="bare"
                      // Once by what is wanted most, once the other way, and back.
                      onClick={() => setBy(on === undefined ? { column: i, descending: c.measure } : by!.descending === c.measure ? { column: i, descending: !c.measure } : undefined)}
                    >
                      {c.title}
                      {on && (on === 'ascending' ? <IconArrowUp size={12} aria-hidden /> : <IconArrowDown size={12} aria-hidden />)}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <Space height={above} columns={columns.length} />}
            {visible.map((v) => {
              const row = rows[v.index]!;
              return (
                <tr key={v.key} aria-rowindex={v.index + 2} data-faint={(isMarked && !isMarked(row)) || undefined}>
                  {columns.map((c) => {
                    const text = cell(c, row);
                    const none = c.values[row] === null || c.values[row] === undefined;
                    const mark = onMark ? markOf(visual, c, row) : undefined;
                    return (
                      <td key={c.index} data-right={right(c)} data-null={none || undefined}>
                        {mark ? (
                          <button type="button" className={`bare ${css.group}`} onClick={() => onMark!(mark)}>
                            {text}
                          </button>
                        ) : (
                          text
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
            {below > 0 && <Space height={below} columns={columns.length} />}
          </tbody>
          {sums && (
            <tfoot>
              <tr>
                {columns.map((c, i) => {
                  const t = sums[i];
                  return (
                    <td key={c.index} data-right={right(c)}>
                      {t !== undefined ? formatFigure(t, c.type, c.format) : i === 0 ? 'Total' : ''}
                    </td>
                  );
                })}
              </tr>
            </tfoot>
          )}
        </table>
      </div>
      {(answer.more || reading.rows === 0) && (
        <p className={css.notes}>{reading.rows === 0 ? 'No rows match.' : `The first ${reading.rows.toLocaleString('en')} rows; there are more.${by ? ' Sorted among these.' : ''}`}</p>
      )}
    </div>
  );
}

/** The place of rows that are not in view. */
const Space = (props: { height: number; columns: number }) => (
  <tr aria-hidden className={css.space}>
    <td aria-hidden colSpan={props.columns} style={{ height: props.height }} />
  </tr>
);
