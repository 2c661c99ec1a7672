const waiting = new Set<() => void>();
let channel: MessageChannel | undefined;

function go() {
  const [next] = waiting;
  if (!next) return;
  waiting.delete(next);
  if (waiting.size > 0) channel!.port2.postMessage(null);
  next();
}

/**
 * Does something soon, in a task of its own and after what was asked before: the browser shows
 * what is done meanwhile, and takes what people do. Returns what calls it off.
 */
export function inTurn(act: () => void): () => void {
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = go;
  }
  waiting.add(act);
  if (waiting.size === 1) channel.port2.postMessage(null);
  return () => void waiting.delete(act);
}
