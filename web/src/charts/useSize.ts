import { type RefObject, useLayoutEffect, useState } from 'react';

import type { Size } from './types';

/** The size of an element's content; undefined until it has one. */
export function useSize(ref: RefObject<HTMLElement | null>): Size | undefined {
  const [size, setSize] = useState<Size>();
  useLayoutEffect(() => {
    const e = ref.current;
    if (!e) return;
    const measure = (width: number, height: number) => {
      const [w, h] = [Math.floor(width), Math.floor(height)];
      if (w > 0 && h > 0) setSize((s) => (s && s.width === w && s.height === h ? s : { width: w, height: h }));
    };
    measure(e.clientWidth, e.clientHeight);
    const watch = new ResizeObserver(([entry]) => entry && measure(entry.contentRect.width, entry.contentRect.height));
    watch.observe(e);
    return () => watch.disconnect();
  }, [ref]);
  return size;
}
