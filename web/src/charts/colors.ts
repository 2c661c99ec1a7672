// A colour for each value of a field, the same in all visuals of a page.

export type Scheme = 'light' | 'dark';

/** How many colours are unlike one another; the further ones are taken when these are. */
const unlike = 6;

/** Categories tell apart on both grounds, also for most people who see fewer colours. */
export const palette: Record<Scheme, readonly string[]> = {
  light: [
    '#2f6fb3', '#0f8a72', '#c8741a', '#8a55b8', '#b8433f', '#5d7a1f',
    '#1d8ca8', '#a84a86', '#8c6b35', '#4b5fc1', '#3d7d4c', '#6b6f78',
  ],
  dark: [
    '#6aa5e3', '#45c2a4', '#e89a4b', '#b58be0', '#e57b76', '#9dbb57',
    '#5cc3dc', '#e08dc0', '#cba76b', '#919ff0', '#7dc48d', '#a4a8b0',
  ],
};

export interface Colors {
  /**
   * The colour of a value of a field: the one that the author chose, else one that stays as
   * long as the page. Null is grey.
   */
  of: (field: string, value: string | null, scheme: Scheme) => string;
}

/** What is null, or all others together. */
const grey: Record<Scheme, string> = { light: '#8d929a', dark: '#7d838c' };

/** FNV-1a: a value asks for the same place in the palette on every page. */
function hash(s: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < s.length; i++) h = Math.imul(h ^ s.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * A store of colours. Chosen are an author's: field, value, colour as #0f6b5c. Another value
 * asks for the place in the palette that its name says; if a value of the same field has it,
 * for the next that is free, so that values differ as long as there are colours. The six that
 * are unlike one another go first.
 */
export function colorStore(chosen: Readonly<Record<string, Readonly<Record<string, string>>>> = {}): Colors {
  const places = new Map<string, Map<string, number>>();
  const size = palette.light.length;
  return {
    of(field, value, scheme) {
      if (value === null) return grey[scheme];
      const own = Object.hasOwn(chosen, field) ? chosen[field]! : {};
      if (Object.hasOwn(own, value) && /^#[0-9a-f]{6}$/i.test(own[value]!)) return own[value]!;
      let of = places.get(field);
      if (!of) places.set(field, (of = new Map()));
      let place = of.get(value);
      if (place === undefined) {
        const taken = new Set(of.values());
        const wish = hash(value);
        const first = taken.size < unlike ? 0 : unlike;
        const among = taken.size < size ? unlike : size;
        place = (taken.size < size ? first : 0) + (wish % among);
        for (let i = 0; taken.size < size && i < among && taken.has(place); i++) place = first + ((place - first + 1) % among);
        of.set(value, place);
      }
      return palette[scheme][place]!;
    },
  };
}

/** The colour of the nth measure of a visual. */
export const measureColor = (n: number, scheme: Scheme) => palette[scheme][n % palette[scheme].length]!;

/** The colour of a value in a store. */
export const colorOf = (colors: Colors, field: string, value: string | null, scheme: Scheme) => colors.of(field, value, scheme);
