import { useCallback, useEffect, useRef, useState } from 'react';

import { cache } from '../api/cache';
import { type Problem, problemOf } from '../api/client';
import { upload } from '../api/upload';
import type { FileAt } from './dropped';

export interface Upload {
  id: number;
  bucket: string;
  key: string;
  file: File;
  state: 'waiting' | 'sending' | 'done' | 'failed';
  share: number;
  problem?: Problem;
  replace: boolean;
}

/** Files sent at once: enough to fill a line, few enough to see one end. */
const atOnce = 3;

/** A queue of uploads. It lives as long as the page that it belongs to, which
 * the browser asks about before it closes while something is being sent. */
export function useUploads() {
  const [list, setList] = useState<Upload[]>([]);
  const aborts = useRef(new Map<number, AbortController>());
  const next = useRef(1);

  const change = useCallback((id: number, c: Partial<Upload>) => setList((l) => l.map((u) => (u.id === id ? { ...u, ...c } : u))), []);

  const add = useCallback((bucket: string, prefix: string, files: FileAt[]) => {
    setList((l) => [
      ...l,
      ...files.map(({ file, path }) => ({ id: next.current++, bucket, key: prefix + path, file, state: 'waiting' as const, share: 0, replace: false })),
    ]);
  }, []);

  const busy = list.some((u) => u.state === 'waiting' || u.state === 'sending');

  useEffect(() => {
    const free = atOnce - list.filter((u) => u.state === 'sending').length;
    for (const u of list.filter((x) => x.state === 'waiting').slice(0, free)) {
      const abort = new AbortController();
      aborts.current.set(u.id, abort);
      // oxlint-disable-next-line react/set-state-in-effect -- starting one is what this effect is for
      change(u.id, { state: 'sending' });
      upload(u.bucket, u.key, u.file, { replace: u.replace, signal: abort.signal, progress: (share) => change(u.id, { share }) })
        .then(() => {
          change(u.id, { state: 'done', share: 1 });
          void cache.invalidateQueries({ queryKey: ['listing', u.bucket] });
        })
        .catch((e: unknown) => change(u.id, { state: 'failed', problem: problemOf(e) }))
        .finally(() => aborts.current.delete(u.id));
    }
  }, [list, change]);

  useEffect(() => {
    if (!busy) return;
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [busy]);

  // Leaving the page ends what is being sent; nothing half-sent is ever stored.
  useEffect(() => {
    const running = aborts.current;
    return () => running.forEach((a) => a.abort());
  }, []);

  return {
    list,
    busy,
    add,
    cancel: (id: number) => {
      aborts.current.get(id)?.abort();
      setList((l) => l.filter((u) => u.id !== id || u.state === 'sending'));
    },
    again: (id: number, replace: boolean) => change(id, { state: 'waiting', share: 0, problem: undefined, replace }),
    clear: () => setList((l) => l.filter((u) => u.state === 'waiting' || u.state === 'sending')),
  };
}

export type Uploads = ReturnType<typeof useUploads>;
