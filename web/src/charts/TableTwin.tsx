import { useMemo } from 'react';

import { DataTable } from './DataTable';
import { summary } from './summary';
import type { TableTwinProps } from './types';
import { useStable } from './useStable';

/** What a visual shows, as a table: for those who do not see it, and for those who want the figures. */
export function TableTwin({ visual, answer, height }: TableTwinProps) {
  const same = useStable(visual);
  const label = useMemo(() => `${same.title ? `${same.title}, as a table. ` : 'As a table. '}${summary(same, answer)}`, [same, answer]);
  return <DataTable visual={same} answer={answer} label={label} height={height} />;
}
