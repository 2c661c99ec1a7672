// Which country a text names.

import { codes } from './iso';

/** The ground of a comparison: letters without marks, in lower case, words by one space. */
export function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[‘’`´]/g, "'")
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .replace(/^the /, '');
}

/**
 * Names that data use beside the usual English one, by code: former names, short names, those
 * of the Johns Hopkins figures ("Burma", "Korea, South", "Taiwan*"), of the World Bank ("Egypt,
 * Arab Rep.") and of the map's own data ("Dem. Rep. Congo"). Marks and case do not matter.
 */
const aliases: Readonly<Record<string, string>> = {
  AE: 'uae|emirates',
  AG: 'antigua and barbuda',
  BA: 'bosnia|bosnia and herz|bosnia and herzegovina',
  BN: 'brunei darussalam|brunei',
  BO: 'bolivia plurinational state of|plurinational state of bolivia',
  BS: 'bahamas|bahamas the',
  BY: 'belorussia|byelorussia',
  CD: 'congo kinshasa|dem rep congo|dr congo|drc|congo dem rep|democratic republic of the congo|democratic republic of congo|congo democratic republic|congo democratic republic of the|congo the democratic republic of the|zaire',
  CF: 'central african rep|car',
  CG: 'congo brazzaville|congo|congo rep|republic of the congo|republic of congo|congo republic',
  CI: "cote d ivoire|ivory coast|cote divoire",
  CN: 'prc|people s republic of china|mainland china|china mainland',
  CV: 'cabo verde|cape verde',
  CZ: 'czechia|czech republic|czech rep',
  DE: 'deutschland|federal republic of germany',
  DO: 'dominican rep',
  EG: 'egypt arab rep',
  EH: 'western sahara|w sahara|sahrawi arab democratic republic',
  FK: 'falkland islands|falkland is|malvinas|falkland islands malvinas',
  FM: 'micronesia|micronesia fed sts|federated states of micronesia|micronesia federated states of',
  GB: 'uk|great britain|britain|united kingdom of great britain and northern ireland|england and wales',
  GM: 'gambia|gambia the',
  GQ: 'eq guinea',
  HK: 'hong kong|hong kong sar|hong kong sar china|hong kong china',
  IR: 'iran|iran islamic rep|iran islamic republic of|islamic republic of iran|persia',
  KG: 'kyrgyz republic|kirghizia',
  KN: 'st kitts and nevis|saint kitts and nevis',
  KP: 'north korea|korea north|korea dem people s rep|korea dem rep|dprk|democratic people s republic of korea|korea democratic people s republic of|n korea',
  KR: 'south korea|korea south|korea rep|korea republic of|republic of korea|korea|rok|s korea',
  LA: 'laos|lao pdr|lao people s democratic republic|lao',
  LC: 'st lucia|saint lucia',
  LY: 'libyan arab jamahiriya',
  MD: 'moldova|moldova republic of|republic of moldova',
  MK: 'macedonia|north macedonia|fyrom|macedonia fyr|republic of macedonia|the former yugoslav republic of macedonia',
  MM: 'burma|myanmar',
  MO: 'macao|macau|macao sar|macao sar china',
  NL: 'holland|netherlands',
  PS: 'palestine|west bank and gaza|state of palestine|palestine state of|occupied palestinian territory|palestinian territories',
  RU: 'russia|russian federation',
  SB: 'solomon is|solomon islands',
  SK: 'slovakia|slovak republic',
  SS: 'south sudan|s sudan',
  ST: 'sao tome and principe',
  SX: 'sint maarten',
  SY: 'syria|syrian arab republic',
  SZ: 'eswatini|swaziland',
  TF: 'fr s antarctic lands|french southern territories',
  TL: 'timor leste|east timor',
  TR: 'turkey|turkiye',
  TT: 'trinidad and tobago|trinidad',
  TW: 'taiwan|taiwan province of china|chinese taipei|republic of china',
  TZ: 'tanzania|tanzania united republic of|united republic of tanzania',
  US: 'us|usa|u s|u s a|united states|united states of america|america',
  VA: 'holy see|vatican|vatican city|holy see vatican city state',
  VC: 'st vincent and the grenadines|saint vincent and the grenadines',
  VE: 'venezuela|venezuela rb|venezuela bolivarian republic of|bolivarian republic of venezuela',
  VG: 'british virgin islands|virgin islands british',
  VI: 'us virgin islands|u s virgin islands|virgin islands u s',
  VN: 'vietnam|viet nam',
  XK: 'kosovo',
  YE: 'yemen|yemen rep',
};

/** How ISO's codes are read as names; it is Unicode's English ones that Intl knows. */
let table: Map<string, string> | undefined;

function names(): Map<string, string> {
  if (table) return table;
  const all = new Map<string, string>();
  const english = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const set = (name: string, code: string) => {
    if (name && !all.has(name)) all.set(name, code);
  };
  for (const [code, list] of Object.entries(aliases)) for (const name of list.split('|')) set(name, code);
  for (const c of codes) {
    const name = english.of(c.two);
    if (name) set(plain(name), c.two);
    set(plain((name ?? '').replaceAll(/\bSt\./g, 'Saint')), c.two);
    set(plain((name ?? '').replaceAll(' & ', ' and ')), c.two);
  }
  return (table = all);
}

const byTwo = new Map(codes.map((c) => [c.two, c.two]));
const byThree = new Map(codes.map((c) => [c.three, c.two]));
const byDigits = new Map(codes.filter((c) => c.digits !== '000').map((c) => [c.digits, c.two]));

/** The two letters of the country that a text names or codes; undefined of one that is none. */
export function countryOf(text: string): string | undefined {
  const t = text.trim();
  const code = /^[A-Za-z]{2}$/.test(t) ? byTwo.get(t.toUpperCase()) : /^[A-Za-z]{3}$/.test(t) ? byThree.get(t.toUpperCase()) : /^\d{1,3}$/.test(t) ? byDigits.get(t.padStart(3, '0')) : undefined;
  return code ?? names().get(plain(t));
}

/** The two letters of a country of the map's data, which have ISO's digits, or a name alone. */
export const countryOfShape = (id: string | number | undefined, name: string) =>
  (id === undefined ? undefined : byDigits.get(String(id).padStart(3, '0'))) ?? (name === 'Kosovo' ? 'XK' : undefined);

export function countryName(code: string): string {
  return new Intl.DisplayNames('en', { type: 'region' }).of(code) ?? code;
}
