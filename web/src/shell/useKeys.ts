import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { useLatest } from '../ui/useLatest';
import { places } from './places';
import { useScheme } from './useScheme';

/** How long a letter may come after g. */
const goMS = 1200;

const writes = (t: EventTarget | null) =>
  t instanceof HTMLElement &&
  (t.isContentEditable || t instanceof HTMLInputElement || t instanceof HTMLTextAreaElement || t instanceof HTMLSelectElement);

/** The keys that work on every page. Single letters are left to what is being
 * written in; dialogs keep all keys but their own. */
export function useKeys(act: { palette: () => void; help: () => void }) {
  const navigate = useNavigate();
  const { toggle } = useScheme();
  const latest = useLatest({ act, toggle });

  useEffect(() => {
    let wentAt = 0;
    const onKey = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        latest.current.act.palette();
        return;
      }
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || writes(e.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      if (e.timeStamp - wentAt < goMS && wentAt > 0) {
        wentAt = 0;
        const place = places.find((p) => p.key === e.key);
        if (place) {
          e.preventDefault();
          void navigate({ to: place.to });
          return;
        }
      }
      switch (e.key) {
        case 'g':
          wentAt = e.timeStamp;
          break;
        case '?':
          latest.current.act.help();
          break;
        case '.':
          latest.current.toggle();
          break;
        case '/': {
          const field = document.querySelector<HTMLInputElement>('input[data-find]');
          if (field) {
            e.preventDefault();
            field.focus();
            field.select();
          }
        }
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, latest]);
}
