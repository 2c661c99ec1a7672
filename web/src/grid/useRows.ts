import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';

import { pageRows, resultPage } from '../api/queries';
import type { Row, Rows } from '../api/types';

/** While the grid is thrown about, pages are asked for only this often. */
const settleMS = 70;

/** The pages that hold the rows from first to last and half a page around them. */
export function pagesFor(first: number, last: number, count: number): number[] {
  const lo = Math.max(0, Math.floor((first - pageRows / 2) / pageRows));
  const hi = Math.min(Math.floor(Math.max(0, count - 1) / pageRows), Math.floor((last + pageRows / 2) / pageRows));
  const out: number[] = [];
  for (let p = lo; p <= hi; p++) out.push(p);
  return out;
}

/** A result's rows, fetched around what is in view. */
export function useRows(id: string, count: number) {
  const client = useQueryClient();
  const [pages, setPages] = useState<number[]>([0]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef<[number, number]>([0, 0]);

  const onWindow = useCallback(
    (first: number, last: number) => {
      latest.current = [first, last];
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        const next = pagesFor(...latest.current, count);
        setPages((now) => (now.join() === next.join() ? now : next));
      }, settleMS);
    },
    [count],
  );

  const { error, arrived } = useQueries({
    queries: pages.map((p) => resultPage(id, p)),
    combine: (rs) => ({ error: rs.find((r) => r.error)?.error ?? null, arrived: rs.filter((r) => r.data).length }),
  });

  // Reading through the client finds pages too that were fetched before and have left the view.
  const rowAt = useCallback(
    (i: number): Row | undefined => client.getQueryData<Rows>(['result', id, Math.floor(i / pageRows)])?.rows[i % pageRows],
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- a new function tells the grid that rows have come
    [client, id, arrived, pages],
  );
  return { rowAt, onWindow, error };
}
