import { changing, type ClassOffer, type Instance, type PendingChange } from '../api/instances';
import type { Tone } from '../ui/Pill';

/** The statuses that wait for a person. */
const troubled = new Set(['failed', 'storage-full', 'incompatible-parameters', 'incompatible-restore']);

export function toneOf(i: Instance): Tone {
  if (troubled.has(i.status)) return 'wants';
  if (changing(i)) return 'busy';
  return i.status === 'available' ? 'good' : 'quiet';
}

/** The groups in which instances are shown, in the order of who needs a look first. */
export const groups: readonly { tone: Tone; title: string }[] = [
  { tone: 'wants', title: 'Need a look' },
  { tone: 'busy', title: 'Changing' },
  { tone: 'good', title: 'Available' },
  { tone: 'quiet', title: 'Stopped' },
];

/** storage-full as Storage full. */
export const statusName = (status: string) => (status.charAt(0).toUpperCase() + status.slice(1)).replaceAll('-', ' ');

export const engineName = (engine: string) => ({ postgres: 'PostgreSQL', mariadb: 'MariaDB', mysql: 'MySQL' })[engine] ?? engine;

/** Memory as classes have it, in powers of 1024. */
export function gib(n: number): string {
  const g = n / 2 ** 30;
  return g >= 1 ? `${Math.round(g * 10) / 10} GiB` : `${Math.round(n / 2 ** 20)} MiB`;
}

/** A class in a few words: 2 vCPU · 8 GiB. */
export const sizeOf = (c: Pick<ClassOffer, 'vcpus' | 'memory'>) => `${c.vcpus} vCPU · ${gib(c.memory)}`;

const names: Record<string, string> = { multi_az: 'Multi-AZ', retention: 'Backups kept' };
const units: Record<string, string> = { storage: ' GiB', retention: ' days' };

/** What changes, from what to what. */
export function changeText(c: PendingChange): { what: string; now?: string; next: string } {
  const value = (v: string | number | boolean) => (typeof v === 'boolean' ? (v ? 'on' : 'off') : `${v}${units[c.what] ?? ''}`);
  return { what: names[c.what] ?? statusName(c.what), now: c.now === undefined ? undefined : value(c.now), next: value(c.next) };
}

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** When a maintenance window (ddd:hh24:mi-ddd:hh24:mi, UTC) begins next. */
export function nextWindow(window: string, now = new Date()): Date | undefined {
  const m = /^([a-z]{3}):(\d\d):(\d\d)-/.exec(window);
  const day = m ? days.indexOf(m[1]!) : -1;
  if (!m || day < 0) return undefined;
  const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), Number(m[2]), Number(m[3])));
  at.setUTCDate(at.getUTCDate() + ((day - now.getUTCDay() + 7) % 7));
  if (at <= now) at.setUTCDate(at.getUTCDate() + 7);
  return at;
}

/** Ways to connect, to be pasted. Clients ask for the password. */
export function connections(i: Instance): { client: string; text: string }[] {
  if (!i.host || !i.port) return [];
  const to = `${i.host}:${i.port}/`;
  const user = encodeURIComponent(i.user);
  if (i.engine === 'postgres') {
    const db = i.database || 'postgres';
    return [
      { client: 'psql', text: `psql "host=${i.host} port=${i.port} user=${i.user} dbname=${db} sslmode=require"` },
      { client: 'URL', text: `postgresql://${user}@${to}${encodeURIComponent(db)}?sslmode=require` },
      { client: 'JDBC', text: `jdbc:postgresql://${to}${encodeURIComponent(db)}?sslmode=require` },
    ];
  }
  const db = i.database ?? '';
  return [
    { client: 'mysql', text: `mysql -h ${i.host} -P ${i.port} -u ${i.user} -p --ssl${db && ` ${db}`}` },
    { client: 'URL', text: `mysql://${user}@${to}${encodeURIComponent(db)}` },
    { client: 'JDBC', text: `jdbc:mariadb://${to}${encodeURIComponent(db)}?sslMode=trust` },
  ];
}
