// Speaks to /api/v1. Every failure, whatever its cause, becomes a Problem.

/** An error made for the person who sees it: what, why, and what to do next. */
export class Problem extends Error {
  readonly kind: string;
  readonly hint: string;
  readonly id: string;
  readonly status: number;
  /** Place in the statement that was sent, from 1; 0 if none is known. */
  readonly line: number;
  readonly column: number;

  constructor(p: {
    kind: string;
    message: string;
    hint?: string;
    id?: string;
    status?: number;
    line?: number;
    column?: number;
  }) {
    super(p.message);
    this.name = 'Problem';
    this.kind = p.kind;
    this.hint = p.hint ?? '';
    this.id = p.id ?? '';
    this.status = p.status ?? 0;
    this.line = p.line ?? 0;
    this.column = p.column ?? 0;
  }
}

/** Makes a Problem of anything that was thrown. */
export function problemOf(e: unknown): Problem {
  if (e instanceof Problem) return e;
  const message = e instanceof Error ? e.message : String(e);
  return new Problem({ kind: 'internal', message: `The console failed: ${message}`, hint: 'Reload the page.' });
}

export const unreachable = () =>
  new Problem({
    kind: 'unreachable',
    message: 'The server does not answer.',
    hint: 'See whether lethe still runs and your network reaches it, then try again.',
  });

let ended: () => void = () => {};

/** Says what to do when the login has ended. */
export function onSessionEnd(f: () => void) {
  ended = f;
}

const untidy = /^\/|\/\/|(^|\/)\.{1,2}(\/|$)/;

export type Query = Record<string, string | number | boolean | undefined>;

/** Writes an API address. Each part is escaped; an object's key keeps its slashes
 * where that can be told from a path, which servers and browsers tidy up. */
export function address(parts: string[], query: Query = {}, key?: string): string {
  let url = '/api/v1/' + parts.map(encodeURIComponent).join('/');
  if (key !== undefined) url += '/' + (untidy.test(key) ? encodeURIComponent(key) : key.split('/').map(encodeURIComponent).join('/'));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const s = search.toString();
  return s ? `${url}?${s}` : url;
}

/** Makes a Problem of an answer that is not a success. */
export function problemFrom(status: number, body: string): Problem {
  try {
    const { error } = JSON.parse(body);
    if (error?.message) return new Problem({ ...error, status });
  } catch {
    // Not ours: a proxy's page, or an answer that was cut.
  }
  return new Problem({
    kind: 'internal',
    message: `The server answered ${status} and not as lethe does.`,
    hint: 'See whether this address leads to lethe itself, then try again.',
    status,
  });
}

export async function call<T>(
  method: string,
  url: string,
  options: { body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      signal: options.signal,
      headers: options.body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    });
    text = await response.text();
  } catch (e) {
    if (options.signal?.aborted) throw e;
    throw unreachable();
  }
  if (!response.ok) {
    const p = problemFrom(response.status, text);
    if (p.status === 401 && !url.endsWith('/session')) ended();
    throw p;
  }
  return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(url: string, signal?: AbortSignal) => call<T>('GET', url, { signal });
