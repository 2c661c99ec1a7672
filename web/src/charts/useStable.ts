import { useMemo } from 'react';

/** The same object as long as it says the same: pages make them anew as they are drawn. What JSON holds, it keeps. */
export function useStable<T>(value: T): T {
  const text = JSON.stringify(value);
  return useMemo(() => (text === undefined ? undefined : JSON.parse(text)) as T, [text]);
}
