import { type RefObject, useLayoutEffect, useState } from 'react';

/** How far outside the view, in pixels, a visual is drawn already, and still kept. */
const margin = 700;

const told = new WeakMap<Element, (near: boolean) => void>();
let watch: IntersectionObserver | undefined;

/** One observer for all visuals of a page. */
const observer = () =>
  (watch ??= new IntersectionObserver(
    (entries) => {
      for (const e of entries) told.get(e.target)?.(e.isIntersecting);
    },
    // Pages scroll within an element, whose margin the second is; a browser that does not know it draws what is in view.
    { rootMargin: `${margin}px`, scrollMargin: `${margin}px` } as IntersectionObserverInit,
  ));

/** Whether an element is in view or so many pixels from it. */
export function within(e: Element, margin: number): boolean {
  const { top, bottom, width } = e.getBoundingClientRect();
  return width > 0 && bottom > -margin && top < window.innerHeight + margin;
}

/** Whether an element is in view or near it: of fifty charts on a page only those are drawn. */
export function useNear(ref: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useLayoutEffect(() => {
    const e = ref.current;
    if (!e) return;
    setNear(within(e, margin)); // the observer tells one frame later
    told.set(e, setNear);
    observer().observe(e);
    return () => {
      observer().unobserve(e);
      told.delete(e);
    };
  }, [ref]);
  return near;
}
