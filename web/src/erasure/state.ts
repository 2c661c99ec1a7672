import { closed, type Decision, type ErasureRequest, type RequestState } from '../api/erasure';
import { counted } from '../ui/format';
import type { Tone } from '../ui/Pill';

const names: Record<RequestState, string> = {
  asked: 'Locating',
  located: 'Reporting',
  reported: 'Waits for approval',
  overdue: 'Waits for approval',
  rejected: 'Rejected',
  held: 'Held',
  erasing: 'Erasing',
  blocked: 'Blocked',
  done: 'Done',
};

/** What a state is called. A server may know more of them than this page. */
export const stateName = (s: RequestState): string => names[s] ?? s;

/** Whether a request waits for somebody's decision. */
export const undecided = (r: ErasureRequest) => r.state === 'reported' || r.state === 'overdue';

/** How a state looks: what wants a person stands out. */
export function toneOf(s: RequestState): Tone {
  if (s === 'done') return 'good';
  if (s === 'blocked' || s === 'overdue' || s === 'reported') return 'wants';
  return s === 'rejected' || s === 'held' ? 'quiet' : 'busy';
}

/** How many days before a request is due it is marked. */
const closeDays = 7;

const dayMS = 86_400_000;

/** How long is left until a request is due, and whether that is little. */
export function dueIn(r: ErasureRequest, now = Date.now()): { text: string; close: boolean } {
  if (closed(r)) return { text: '', close: false };
  const left = Math.ceil((Date.parse(r.due) - now) / dayMS);
  if (left < 0) return { text: counted(-left, 'day') + ' late', close: true };
  return { text: left <= 0 ? 'today' : counted(left, 'day') + ' left', close: left <= closeDays };
}

/** The stops of a request, in their order. */
export const stopNames = ['Asked', 'Located', 'Reported', 'Approved', 'Erased', 'Verified', 'Told'] as const;

export interface Stop {
  name: string;
  state: 'reached' | 'now' | 'stuck' | 'ahead';
  /** When it was reached, if that is known. */
  at?: string;
  note?: string;
}

const lastYes = (ds: Decision[] | undefined) => ds?.findLast((d) => d.approve);

/** The line of stops of a request. Of one that an older server has made, a report's and a
 * certificate's own times tell when what is behind them was done. */
export function stops(r: ErasureRequest, times: { reported?: string; erased?: string }): Stop[] {
  const yes = lastYes(r.decisions);
  const no = r.decisions?.find((d) => !d.approve);
  // Where it stands: the first stop that is not reached.
  const next: Record<RequestState, number> = {
    asked: 1,
    located: 2,
    reported: 3,
    overdue: 3,
    held: 4,
    rejected: 3,
    erasing: 4,
    blocked: r.digest === undefined ? 1 : yes ? 4 : 3,
    done: 7,
  };
  const kept = r.stops ?? {};
  const at = [r.made, kept.located ?? times.reported, kept.reported ?? times.reported, kept.approved ?? yes?.at, kept.erased ?? times.erased, kept.verified ?? times.erased, kept.told];
  const here = next[r.state] ?? 1;
  const line = stopNames.map((name, i): Stop => {
    if (i < here) return { name, state: 'reached', at: at[i] };
    if (i > here) return { name, state: 'ahead' };
    return { name, state: r.state === 'blocked' || r.state === 'held' ? 'stuck' : 'now', note: stateName(r.state) };
  });
  if (r.state === 'rejected') line[3] = { name: 'Rejected', state: 'stuck', at: no?.at };
  if (closed(r)) line[6] = told(r);
  return line;
}

/** Whether the person knows. Without an address it is for somebody here to tell them. */
function told(r: ErasureRequest): Stop {
  const at = r.stops?.told;
  if (at) return { name: 'Told', state: 'reached', at };
  if (toldWhom(r) === undefined) return { name: 'Told', state: 'ahead', note: 'by you' };
  return { name: 'Told', state: 'now', note: 'Mail is on its way' };
}

/** Who is told by mail; undefined for nobody. */
export function toldWhom(r: ErasureRequest): string | undefined {
  if (r.contact_given) return r.requester_given ? 'the person and whoever asked' : 'the person';
  return r.requester_given ? 'whoever asked' : undefined;
}

/** The beginning of an id or a hash, by which people tell them apart. */
export const short = (id: string) => (id.length > 12 ? id.slice(0, 8) : id);

/** The part of a request's id that differs most: its beginning is its time. */
export const shortID = (id: string) => id.slice(-8);
