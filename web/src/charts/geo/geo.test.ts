import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { answer, column, stage, sum, visual } from '../testing';
import { countryOf, plain } from './countries';
import { cut, type Ring } from './cut';
import { codes, small } from './iso';
import { few, filled, points } from './map';
import { project, unproject } from './projection';
import { roundBelow, steps } from './sizes';
import { world } from './world';

describe('the Natural Earth projection', () => {
  it('has the lengths and distances of parallels of its table', () => {
    // Patterson's table as that paper has it, by latitude: the length of the parallel, of the
    // equator's, and its distance from the equator, of the pole's. The polynomial rounds the
    // corners at the pole, on purpose.
    const full = project(180, 0)[0];
    const pole = project(0, 90)[1];
    for (const [latitude, length, distance] of [
      [0, 1, 0], [15, 0.9894, 0.186], [30, 0.957, 0.372], [45, 0.9006, 0.5571], [60, 0.8196, 0.7346], [75, 0.716, 0.8936],
    ] as const) {
      const [x, y] = project(180, latitude);
      expect(Math.abs(x / full - length)).toBeLessThan(0.001);
      expect(Math.abs(y / pole - distance)).toBeLessThan(0.001);
    }
  });

  it('is undone', () => {
    for (let latitude = -90; latitude <= 90; latitude += 7.5) {
      for (let longitude = -180; longitude <= 180; longitude += 30) {
        const [lon, lat] = unproject(...project(longitude, latitude));
        expect(lon).toBeCloseTo(longitude, 5);
        expect(lat).toBeCloseTo(latitude, 5);
      }
    }
  });
});

describe('cutting at 180 degrees', () => {
  it('leaves what does not cross', () => {
    const ring: Ring = [[0, 0], [10, 0], [10, 10], [0, 0]];
    expect(cut(ring)).toEqual([ring]);
  });

  it('makes a part on each side, closed and without streaks', () => {
    const parts = cut([[170, 0], [-170, 0], [-170, 10], [170, 10], [170, 0]]);
    expect(parts).toHaveLength(2);
    for (const part of parts) {
      expect(part[0]).toEqual(part.at(-1));
      const lons = part.map((p) => p[0]);
      expect(Math.max(...lons) - Math.min(...lons)).toBe(10);
    }
  });

  it('leaves no edge of the world that is longer than 60 degrees', () => {
    let longest = 0;
    for (const ring of world().shapes.features.flatMap((f) => f.geometry.coordinates.flat())) {
      for (let i = 1; i < ring.length; i++) longest = Math.max(longest, Math.abs(ring[i]![0] - ring[i - 1]![0]));
    }
    expect(longest).toBeLessThan(60);
  });
});

describe('countries', () => {
  it.each([
    ['US', 'US'], ['United States', 'US'], ['usa', 'US'], ['840', 'US'], ['United States of America', 'US'],
    ['Korea, South', 'KR'], ['Korea South', 'KR'], ['South Korea', 'KR'], ['Korea, Rep.', 'KR'], ['Korea, North', 'KP'],
    ["Cote d'Ivoire", 'CI'], ['Côte d’Ivoire', 'CI'], ['Ivory Coast', 'CI'], ['Taiwan*', 'TW'], ['Burma', 'MM'], ['Myanmar (Burma)', 'MM'],
    ['Congo (Kinshasa)', 'CD'], ['Congo (Brazzaville)', 'CG'], ['Dem. Rep. Congo', 'CD'], ['West Bank and Gaza', 'PS'], ['Holy See', 'VA'],
    ['Cabo Verde', 'CV'], ['Czech Republic', 'CZ'], ['The Gambia', 'GM'], ['Bahamas, The', 'BS'], ['DEU', 'DE'], ['de', 'DE'], ['4', 'AF'], ['Türkiye', 'TR'], ['turkey', 'TR'],
    ['St. Lucia', 'LC'], ['Saint Lucia', 'LC'], ['Bosnia & Herzegovina', 'BA'], ['Kosovo', 'XK'], ['  france ', 'FR'], ['England', undefined], ['', undefined], ['Diamond Princess', undefined], ['XX', undefined],
  ])('%s is %s', (text, code) => {
    expect(countryOf(text)).toBe(code);
  });

  it('know all names of ISO, and each code of every country', () => {
    const english = new Intl.DisplayNames('en', { type: 'region' });
    for (const c of codes) {
      expect(countryOf(c.two)).toBe(c.two);
      expect(countryOf(c.three)).toBe(c.two);
      expect(countryOf(english.of(c.two)!)).toBe(c.two);
    }
  });

  it('have an outline or a place, all but two islands where nobody lives', () => {
    expect(codes.filter((c) => !world().middles.has(c.two) && !small[c.two]).map((c) => c.two)).toEqual(['AQ', 'BV', 'HM']);
  });

  const shared = resolve(import.meta.dirname, '../../../..', process.env.LETHE_SHARED ?? '../shared');
  const file = join(shared, 'data/covid19/time_series_covid19_confirmed_global.csv');
  it.skipIf(!existsSync(file))('know all of the Johns Hopkins figures but ships, games and Antarctica (needs LETHE_SHARED)', () => {
    const names = new Set<string>();
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const m = /^(?:"[^"]*"|[^,]*),("([^"]*)"|([^,]*)),/.exec(line);
      if (m) names.add(m[2] ?? m[3]!);
    }
    expect(names.size).toBeGreaterThan(190);
    const unknown = [...names].filter((n) => !countryOf(n));
    expect(unknown.toSorted()).toEqual(['Diamond Princess', 'MS Zaandam', 'Summer Olympics 2020', 'Winter Olympics 2022']);
  });

  it('compare without marks, case and dots', () => {
    expect(plain("  Côte d’IVOIRE* ")).toBe('cote d ivoire');
  });
});

describe('points on the map', () => {
  const cases = answer([column('place.latitude', 'decimal', [40, 20, null, 0]), column('place.longitude', 'decimal', [-100, 77, 5, 190]), column('confirmed', 'integer', [400, 100, 7, null])]);
  const of = (more = {}) => points(stage(visual('points_on_map', { geospatial: [{ field: 'place' }], size: [sum('confirmed')] }, more), cases));
  const data = (s: ReturnType<typeof points>) => (s.option.series as { data: { value: number[]; symbolSize: number }[] }[])[0]!.data;

  it('have areas as their values', () => {
    const [first, second] = data(of());
    expect((first!.symbolSize / second!.symbolSize) ** 2).toBeCloseTo(4, 5);
  });

  it('are where the projection has them, also beyond 180 degrees', () => {
    expect(data(of())[0]!.value).toEqual(project(-100, 40));
    expect(data(of())[2]!.value).toEqual(project(-170, 0));
  });

  it('leave out what has no place, and say so', () => {
    expect(of().notes).toEqual(['1 row has no place.']);
  });

  it('are marked by both their degrees, and fade when others are', () => {
    const marks = of().mark(of().points[0]!, false);
    expect(marks).toEqual([{ visual: 'v', field: 'place.latitude', value: '40' }, { visual: 'v', field: 'place.longitude', value: '-100' }]);
    const s = points(stage(visual('points_on_map', { geospatial: [{ field: 'place' }], size: [sum('confirmed')] }), cases, { marks }));
    expect((s.option.series as { data: { itemStyle: { opacity?: number } }[] }[])[0]!.data.map((d) => d.itemStyle.opacity !== undefined)).toEqual([false, true, true]);
  });

  it('have a legend of round sizes, if there is room and the author wants one', () => {
    const title = (s: ReturnType<typeof points>) => s.option.title as { show?: boolean; text?: string; textStyle?: { rich: Record<string, { width?: number }> } };
    const { text, textStyle } = title(of());
    expect(text).toBe('{name|confirmed}{disc0|}{figure|200}{disc1|}{figure|20}{disc2|}{figure|5}');
    const largest = data(of())[0]!.symbolSize; // 400
    expect(textStyle!.rich.disc0!.width).toBeCloseTo(largest / Math.SQRT2, 5);
    expect(title(of({ look: { legend: 'none' } }))).toEqual({ show: false });
    const narrow = points(stage(visual('points_on_map', { geospatial: [{ field: 'place' }], size: [sum('confirmed')] }), cases, { size: { width: 280, height: 400 } }));
    expect(title(narrow)).toEqual({ show: false });
  });

  it('may be countries', () => {
    const named = answer([column('country', 'text', ['US', 'Nowhere']), column('n', 'integer', [1, 2])]);
    const s = points(stage(visual('points_on_map', { geospatial: [{ field: 'country' }], size: [sum('n')] }), named));
    expect(data(s)).toHaveLength(1);
    expect(s.notes).toEqual(['Not recognised: Nowhere.']);
  });
});

describe('a filled map', () => {
  it('names what it does not know, counts what has no value, and draws small countries as discs', () => {
    const a = answer([column('country', 'text', ['US', 'Malta', 'Diamond Princess', 'Italy', null]), column('n', 'integer', [5, 1, 7, null, 3])]);
    const s = filled(stage(visual('filled_map', { location: [{ field: 'country' }], color: [sum('n')] }), a));
    const [shapes, discs] = s.option.series as { data: { name: string }[] }[];
    expect(shapes!.data.map((d) => d.name)).toEqual(['US']);
    expect(discs!.data.map((d) => d.name)).toEqual(['MT']);
    expect(s.notes).toEqual(['2 values are no country on the map: Diamond Princess, null.', '1 country has no value.']);
    expect(s.tip(s.points[0]!)).toEqual({ title: 'United States', lines: [{ name: 'n', value: '5' }] });
  });
});

it('sizes are round figures', () => {
  expect([0.07, 1, 1.9, 4.99, 5, 999, 6_397_245].map(roundBelow)).toEqual([0.05, 1, 1, 2, 5, 500, 5_000_000]);
  expect(steps(6_397_245, 'integer')).toEqual([5_000_000, 1_000_000, 200_000]);
  expect(steps(12, 'integer')).toEqual([10, 2]);
  expect(steps(0, 'decimal')).toEqual([]);
});

it('few names few', () => {
  expect(few(['a', 'b'])).toBe('a, b');
  expect(few(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
});
