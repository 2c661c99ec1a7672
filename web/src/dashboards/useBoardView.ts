import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useMemo } from 'react';

import type { Definition, View } from '../api/dash';
import type { BoardSearch } from '../router';
import { lookedAt } from './scope';
import { type Address, addressOf, ofView } from './view';
import { without } from './without';

/** The sheet and the view that the address says, and ways to change them. */
export function useBoardView(definition: Definition) {
  const navigate = useNavigate();
  const search: BoardSearch = useRouterState({ select: (s) => s.location.search as BoardSearch });
  const { sheet, view } = useMemo(() => lookedAt(definition, search as Address), [search, definition]);

  /** Goes to an address that differs in what is given; a step is one that Back returns from. */
  const go = (changes: BoardSearch, step = true) => {
    void navigate({ to: '.', search: (old: BoardSearch) => ({ ...old, ...changes }), replace: !step } as never);
  };

  const look = (next: View, step: boolean) => {
    void navigate({
      to: '.',
      search: (old: BoardSearch) => ({ ...Object.fromEntries(Object.entries(old).filter(([k]) => !ofView(k))), ...addressOf(next) }),
      replace: !step,
    } as never);
  };

  /** Shows another sheet; what was clicked on this one is of this one. */
  const turn = (id: string) => {
    const kept = without(view, 'marks', 'drills');
    void navigate({ to: '.', search: (old: BoardSearch) => ({ ...Object.fromEntries(Object.entries(old).filter(([k]) => !ofView(k))), ...addressOf(kept), sheet: id, visual: undefined }) } as never);
  };

  const tables = useMemo(() => new Set((search.table ?? '').split('*').filter((t) => t !== '')), [search.table]);
  const onTable = (id: string) => {
    const next = new Set(tables);
    if (!next.delete(id)) next.add(id);
    go({ table: [...next].join('*') || undefined }, false);
  };
  return { search, sheet, view, go, look, turn, tables, onTable };
}
