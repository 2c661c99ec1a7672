// The colours of everything that is not data, as base.css decides them.

import type { Scheme } from './colors';

export interface Ink {
  text: string;
  muted: string;
  line: string;
  strong: string;
  surface: string;
  accent: string;
  /** Countries without a value. */
  land: string;
  /** From the least to the most. */
  scale: readonly string[];
}

export const inks: Record<Scheme, Ink> = {
  light: {
    text: '#1b1d1f', muted: '#62676e', line: '#e4e4e0', strong: '#cfcfca', surface: '#ffffff', accent: '#0f6b5c', land: '#eceae4',
    scale: ['#dcece8', '#a5d0c5', '#63ac9d', '#2b8574', '#0f6b5c', '#08443a'],
  },
  dark: {
    text: '#e7e8e6', muted: '#9aa0a8', line: '#2b2f34', strong: '#3d434a', surface: '#1a1d20', accent: '#3fb59d', land: '#2a2e33',
    scale: ['#213d38', '#265a50', '#2c7a6b', '#339a86', '#54c3ac', '#a5ead9'],
  },
};

/** As the page has them at this moment; a page in the other scheme, or none, gets what they usually are. */
export function inkOf(scheme: Scheme): Ink {
  const usual = inks[scheme];
  if (typeof document === 'undefined' || document.documentElement.dataset.mantineColorScheme !== scheme) return usual;
  const style = getComputedStyle(document.documentElement);
  const of = (name: string, or: string) => style.getPropertyValue(name).trim() || or;
  return {
    ...usual,
    text: of('--text', usual.text),
    muted: of('--muted', usual.muted),
    line: of('--line', usual.line),
    strong: of('--line-strong', usual.strong),
    surface: of('--surface', usual.surface),
    accent: of('--accent', usual.accent),
  };
}

export const font = "'Inter Variable', system-ui, sans-serif";
