import { type RefObject, useLayoutEffect, useState } from 'react';

import { within } from '../charts/useNear';

/** Pixels. */
const margin = 160;

/** Whether an element is on the screen, or about to be. */
export function useSeen(of: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useLayoutEffect(() => {
    if (!of.current) return;
    const tell = (near: boolean) => setSeen(near);
    tell(within(of.current, margin)); // the observer does one frame later
    const o = new IntersectionObserver((entries) => tell(entries.at(-1)!.isIntersecting), { rootMargin: `${margin}px` });
    o.observe(of.current);
    return () => o.disconnect();
  }, [of]);
  return seen;
}
