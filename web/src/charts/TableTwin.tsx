import { useMemo } from 'react';

import css from './charts.module.css';
import { cell, read } from './reading';
import type { TableTwinProps } from './types';

/** What a visual shows, as a table: for those who do not see it, and those who want the figures. */
export function TableTwin({ visual, answer, height }: TableTwinProps) {
  const { columns, rows } = useMemo(() => read(visual, answer), [visual, answer]);
  return (
    <div className={css.twin} style={{ height }} tabIndex={0} role="group" aria-label={`${visual.title || 'Visual'} as a table`}>
      <table>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.index} scope="col">
                {c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: Math.min(rows, 1000) }, (_, row) => (
            <tr key={row}>
              {columns.map((c) => (
                <td key={c.index}>{cell(c, row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
