import { useSyncExternalStore } from 'react';

const narrow = matchMedia('(max-width: 899px)');

/** Whether the page is as narrow as a phone; base.css changes at the same width. */
export const usePhone = () =>
  useSyncExternalStore(
    (f) => {
      narrow.addEventListener('change', f);
      return () => narrow.removeEventListener('change', f);
    },
    () => narrow.matches,
  );
