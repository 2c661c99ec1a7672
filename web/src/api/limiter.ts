/** Lets at most so many run at once; the others wait in their order, and leave the queue when they are no longer wanted. */
export function limiter(most: number) {
  let running = 0;
  const waiting: (() => void)[] = [];

  const next = () => {
    running--;
    waiting.shift()?.();
  };

  return async function run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (running >= most)
      await new Promise<void>((go, stop) => {
        const enter = () => {
          signal?.removeEventListener('abort', leave);
          go();
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1);
          stop(signal!.reason);
        };
        waiting.push(enter);
        signal?.addEventListener('abort', leave, { once: true });
      });
    running++;
    try {
      return await act();
    } finally {
      next();
    }
  };
}
