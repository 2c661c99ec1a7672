// Values as people read them. Numbers and names of months are English, as the console is.

import type { FieldType, Format, Grain, Value } from '../api/dash';

/** How a missing value of a dimension is written, and a missing figure. */
export const noValue = 'null';
export const noFigure = '–';

const kept = new Map<string, Intl.NumberFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let f = kept.get(key);
  if (!f) kept.set(key, (f = new Intl.NumberFormat('en', options)));
  return f;
}

const clamp = (n: number, low: number, high: number) => Math.max(low, Math.min(high, Math.trunc(n)));

/** As many decimals as say something about a number of this size. */
function decimalsOf(n: number): Intl.NumberFormatOptions {
  const a = Math.abs(n);
  if (a >= 100) return { maximumFractionDigits: 1 };
  if (a >= 1) return { maximumFractionDigits: 2 };
  return { maximumSignificantDigits: 4 };
}

/** A number; integers beyond 2^53 come as texts and stay exact. */
export function formatNumber(value: number | string, format: Format = {}): string {
  let n: number | bigint = typeof value === 'number' ? value : Number(value);
  if (Number.isNaN(n)) return String(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value) && !Number.isSafeInteger(n)) n = BigInt(value);
  const given = format.decimals === undefined ? undefined : clamp(format.decimals, 0, 20);
  const fixed = given === undefined ? undefined : { minimumFractionDigits: given, maximumFractionDigits: given };
  let text: string;
  switch (format.style) {
    case 'percent':
      text = numbers({ style: 'percent', ...(fixed ?? { maximumFractionDigits: Math.abs(Number(n)) < 0.1 ? 2 : 1 }) }).format(n);
      break;
    case 'currency': {
      const currency = /^[A-Za-z]{3}$/.test(format.currency ?? '') ? format.currency! : 'USD';
      text = numbers({ style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...fixed }).format(n);
      break;
    }
    case 'compact':
      text = numbers({ notation: 'compact', ...(fixed ?? { maximumFractionDigits: 1 }) }).format(n);
      break;
    default:
      text = numbers(fixed ?? decimalsOf(Number(n))).format(n);
  }
  return (format.prefix ?? '') + text + (format.suffix ?? '');
}

/** A figure at an axis: large ones are shortened. */
export function formatTick(n: number, format: Format = {}): string {
  if (n === 0 && format.style !== 'currency') return formatNumber(0, { ...format, decimals: 0 });
  if (format.style === 'percent') return formatNumber(n, { ...format, decimals: undefined });
  const short = Math.abs(n) >= 10_000;
  if (format.style !== 'currency') return formatNumber(n, { ...format, style: short ? 'compact' : format.style, decimals: undefined });
  const currency = /^[A-Za-z]{3}$/.test(format.currency ?? '') ? format.currency! : 'USD';
  const f = numbers({
    style: 'currency', currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: Math.abs(n) < 1 && n !== 0 ? 2 : 1,
    minimumFractionDigits: 0, ...(short && { notation: 'compact' as const }),
  });
  return (format.prefix ?? '') + f.format(n) + (format.suffix ?? '');
}

/** The instant that a date or time names, as UTC; undefined of what is neither. */
export function instant(value: Value | undefined): number | undefined {
  if (typeof value !== 'string' || !/^[+-]?\d{4,6}-\d\d-\d\d/.test(value)) return undefined;
  const ms = Date.parse(/T/.test(value) ? (/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : value + 'Z') : value + 'T00:00:00Z');
  return Number.isNaN(ms) ? undefined : ms;
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n: number) => String(n).padStart(2, '0');

/**
 * An instant by a pattern of Unicode's letters (UTS #35): yyyy yy QQQ Q MMMM MMM MM M dd d EEEE
 * EEE HH H mm ss SSS; what stands between apostrophes stays.
 */
export function formatInstant(ms: number, pattern: string): string {
  const d = new Date(ms);
  return pattern.replaceAll(/'([^']*)'|y+|Q+|M+|d+|E+|H+|m+|s+|S+/g, (run: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted;
    const n = run.length;
    const number = (v: number) => (n > 1 ? two(v) : String(v));
    switch (run[0]) {
      case 'y':
        return n === 2 ? two(d.getUTCFullYear() % 100) : String(d.getUTCFullYear());
      case 'Q':
        return (n > 2 ? 'Q' : '') + (Math.floor(d.getUTCMonth() / 3) + 1);
      case 'M':
        return n > 3 ? months[d.getUTCMonth()]! : n === 3 ? months[d.getUTCMonth()]!.slice(0, 3) : number(d.getUTCMonth() + 1);
      case 'd':
        return number(d.getUTCDate());
      case 'E':
        return n > 3 ? days[d.getUTCDay()]! : days[d.getUTCDay()]!.slice(0, 3);
      case 'H':
        return number(d.getUTCHours());
      case 'm':
        return number(d.getUTCMinutes());
      case 's':
        return number(d.getUTCSeconds());
      default:
        return String(d.getUTCMilliseconds()).padStart(3, '0').slice(0, n);
    }
  });
}

const patterns: Record<Grain, string> = {
  year: 'yyyy',
  quarter: 'QQQ yyyy',
  month: 'MMM yyyy',
  week: 'd MMM yyyy',
  day: 'd MMM yyyy',
  hour: 'd MMM yyyy HH:mm',
  minute: 'd MMM yyyy HH:mm',
};

/** How dates of a grain are written when nobody said how. */
export const patternOf = (type: FieldType, grain?: Grain) => (grain ? patterns[grain] : type === 'time' ? 'd MMM yyyy HH:mm:ss' : 'd MMM yyyy');

/** A value of a dimension or a measure. */
export function formatValue(value: Value | undefined, type: FieldType, format: Format = {}, grain?: Grain): string {
  if (value === null || value === undefined) return noValue;
  switch (type) {
    case 'integer':
    case 'decimal':
      return typeof value === 'boolean' ? String(value) : formatNumber(value, format);
    case 'date':
    case 'time': {
      const ms = instant(value);
      return ms === undefined ? String(value) : formatInstant(ms, format.date || patternOf(type, grain));
    }
    case 'boolean':
      return value === true || value === 'true' ? 'yes' : 'no';
    default:
      return String(value);
  }
}

/** A figure: what is missing is a dash, never 0. */
export const formatFigure = (value: Value | undefined, type: FieldType, format?: Format) =>
  value === null || value === undefined ? noFigure : formatValue(value, type, format);
