import { useEffect } from 'react';

import { useLatest } from '../ui/useLatest';

const writes = (t: EventTarget | null) => t instanceof HTMLElement && (t.isContentEditable || t.matches('input, textarea, select'));

/** The keys of a sheet: t shows the visual that has the focus, or all, as a table; Esc takes marks away. */
export function useBoardKeys(act: { table: (visual: string | undefined) => void; clear: () => boolean }) {
  const latest = useLatest(act);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || writes(e.target) || document.querySelector('[role="dialog"], [role="menu"]')) return;
      if (e.key === 't') {
        // What had the focus in the picture goes with it: the visual keeps it.
        const visual = (e.target as Element).closest<HTMLElement>('[data-visual]');
        visual?.focus({ preventScroll: true });
        latest.current.table(visual?.dataset.visual);
      }
      if (e.key === 'Escape' && latest.current.clear()) e.preventDefault();
    };
    // Before a sheet beside it closes: the first Esc takes the marks away.
    document.addEventListener('keydown', onKey, true);
    return () => document.removeEventListener('keydown', onKey, true);
  }, [latest]);
}
