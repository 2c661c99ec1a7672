import { type RefObject, useEffect, useState } from 'react';

/** Whether an element is on the screen, or about to be. */
export function useSeen(of: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!of.current) return;
    const o = new IntersectionObserver((entries) => setSeen(entries.at(-1)!.isIntersecting), { rootMargin: '160px' });
    o.observe(of.current);
    return () => o.disconnect();
  }, [of]);
  return seen;
}
