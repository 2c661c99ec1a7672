import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import type { Answer, View, Visual } from '../api/dash';
import { load } from '../charts/loading';
import type { Board } from './board';
import { complete } from './wellFields';

/** What is typed or dragged is asked for after so many milliseconds of calm; what is clicked, at once. */
const calmMS = 40;

// What draws most visuals is loaded while their answers are on their way.
load('line').catch(() => undefined);

/** A visual with its answer; while the next one is on its way, the last with its own. */
export function useAnswer(board: Board, visual: Visual, view: View, seen: boolean) {
  // As text, what is equal is the same.
  const now = JSON.stringify({ visual, view });
  const [calm] = useDebouncedValue(now, calmMS, { leading: true });
  const asked = useMemo(() => JSON.parse(calm) as { visual: Visual; view: View }, [calm]);
  const ready = complete(asked.visual);
  const q = useQuery({ ...board.question(asked.visual, asked.view), enabled: seen && ready });

  const [last, setLast] = useState<{ visual: Visual; answer: Answer }>();
  const fresh = ready && q.data ? { visual: asked.visual, answer: q.data } : undefined;
  if (fresh && (last?.answer !== fresh.answer || last.visual !== fresh.visual)) setLast(fresh);

  return {
    ready,
    error: ready ? q.error : null,
    retry: () => void q.refetch(),
    picture: ready ? (fresh ?? last) : undefined,
    old: !fresh,
  };
}
