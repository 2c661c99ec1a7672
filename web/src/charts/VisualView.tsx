import css from './charts.module.css';
import { TableTwin } from './TableTwin';
import type { VisualProps } from './types';

/** A visual and its answer. */
export function VisualView({ visual, fields, answer, size }: VisualProps) {
  return (
    <figure className={css.visual} style={size}>
      {answer && <TableTwin visual={visual} fields={fields} answer={answer} />}
    </figure>
  );
}
