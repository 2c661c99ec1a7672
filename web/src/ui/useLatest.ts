import { useLayoutEffect, useRef } from 'react';

/** A place where listeners that are set up once find what was last drawn with. */
export function useLatest<T>(value: T) {
  const ref = useRef(value);
  useLayoutEffect(() => {
    ref.current = value;
  });
  return ref;
}
