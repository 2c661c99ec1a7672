import type { Page } from '@playwright/test';

import { expect, test } from './lake';

// How fast dashboards are, on 10 million rows and on 50,000, run by make bench. Times of
// answers are of the browser's own clock, from the click's request to its last byte; what
// drawing costs is told apart, in the page's thread's own time.

const visuals = 8;
/** All but the key figure and the table. */
const charts = 6;
/** Of a filter: one after the other without a pause, which is harder than what people do. */
const changes = 20;
/** Openings with all that the browser and the server keep. */
const again = 7;
const redrawn = ['2024-07-01', '2024-06-20', '2024-06-10', '2024-05-30', '2024-05-20', '2024-05-10', '2024-04-30'];

/** Rows by 200 places over 250 days, in blocks: 50,000 a block. */
const statement = (blocks: number) => `
  SELECT 'place ' || CAST(p AS varchar) AS place, 'country ' || CAST(p % 40 AS varchar) AS country,
         date_add('day', d, DATE '2024-01-01') AS day, (p * 7919 + d * 104729 + b * 31) % 100000 AS cases,
         CAST((p * 31 + d * 17 + b) % 1000 AS double) / 10 AS share
  FROM UNNEST(sequence(1, 200)) AS x(p)
  CROSS JOIN UNNEST(sequence(0, 249)) AS y(d)
  CROSS JOIN UNNEST(sequence(1, ${blocks})) AS z(b)`;

const field = (name: string, role: string) => ({ name, column: name, role });

async function made<T>(page: Page, path: string, body: unknown): Promise<T> {
  const r = await page.request.post('/api/v1/' + path, { data: body });
  expect(r.ok(), `${path}: ${await r.text()}`).toBe(true);
  return (await r.json()) as T;
}

/** Makes a data set and its extract, and returns its id and how long the extract took. */
async function extracted(page: Page, name: string, blocks: number) {
  const set = await made<{ id: string }>(page, 'data-sets', {
    name,
    source: { sql: statement(blocks) },
    fields: [field('place', 'dimension'), field('country', 'dimension'), field('day', 'dimension'), field('cases', 'measure'), field('share', 'measure')],
    mode: 'extract',
    read_as: 'viewer',
  });
  const began = Date.now();
  const info = async () => (await (await page.request.get(`/api/v1/data-sets/${set.id}/extract`)).json()) as { id?: string; rows: number; bytes: number; running?: unknown };
  if (!(await info()).running && !(await info()).id) await made(page, `data-sets/${set.id}/refreshes`, {});
  await expect.poll(async () => (await info()).id ?? '', { timeout: 600_000, intervals: [200] }).not.toBe('');
  const { rows, bytes } = await info();
  expect(rows).toBe(blocks * 50_000);
  console.log(`${name}: ${rows} rows extracted in ${((Date.now() - began) / 1000).toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`);
  return set.id;
}

/** Publishes a dashboard of eight visuals with a filter by day. */
async function published(page: Page, name: string, set: string) {
  const value = [{ field: 'cases', aggregation: 'sum' }];
  const shapes: [string, Record<string, unknown>][] = [
    ['kpi', { value }],
    ['line', { x: [{ field: 'day', grain: 'day' }], value }],
    ['bar', { x: [{ field: 'country' }], value }],
    ['pie', { color: [{ field: 'country' }], value }],
    ['area', { x: [{ field: 'day', grain: 'month' }], value }],
    ['scatter', { group: [{ field: 'country' }], x: value, y: [{ field: 'share', aggregation: 'average' }] }],
    ['heat_map', { rows: [{ field: 'country' }], columns: [{ field: 'day', grain: 'month' }], value }],
    ['table', { group: [{ field: 'place' }], value }],
  ];
  expect(shapes).toHaveLength(visuals);
  const analysis = await made<{ id: string; revision: number }>(page, 'analyses', {
    name,
    definition: {
      data_sets: [set],
      sheets: [
        {
          id: 's',
          name: 'Sheet',
          visuals: shapes.map(([kind, wells], i) => ({ id: `v${i}`, kind, title: kind, data_set: set, wells, look: {}, place: { x: (i % 4) * 3, y: i < 4 ? 0 : 5, w: 3, h: 5 } })),
          filters: [{ id: 'day', data_set: set, kind: 'time_range', field: 'day', from: '2024-01-01', to: '2024-09-01' }],
          controls: [{ id: 'c', filter: 'day' }],
        },
      ],
    },
  });
  return (await made<{ id: string }>(page, `analyses/${analysis.id}/publish`, { name, revision: analysis.revision })).id;
}

const at = (times: number[], share: number) => times.toSorted((a, b) => a - b)[Math.ceil(share * times.length) - 1]!;

/** Waits until the page's thread has had nothing to do for two frames and a tenth of a second. */
const settled = (page: Page) =>
  page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(() => setTimeout(() => requestIdleCallback(() => done()), 100))))));

/** Opens a dashboard and returns when its first chart, and all of them, stood there. */
async function opened(page: Page, id: string) {
  await page.goto(`/dashboards/${id}`);
  const first = page.locator('figure canvas, figure svg').first();
  await first.waitFor();
  const firstAt = await page.evaluate(() => performance.now());
  await page.waitForFunction(
    ([figures, charts]) => document.querySelectorAll('figure > figcaption').length === figures && document.querySelectorAll('figure:has(canvas)').length === charts,
    [visuals, charts],
  );
  return { first: firstAt, all: await page.evaluate(() => performance.now()) };
}

for (const [name, blocks] of [['50,000 rows', 1], ['10 million rows', 200]] as const) {
  test(`a dashboard of ${visuals} visuals over ${name} answers at once`, { tag: '@speed' }, async ({ admin: page }) => {
    test.setTimeout(900_000);
    await page.setViewportSize({ width: 1280, height: 1000 });
    const set = await extracted(page, name, blocks);
    const id = await published(page, name, set);

    const cold = await opened(page, id);
    const warm: Awaited<ReturnType<typeof opened>>[] = [];
    for (let i = 0; i < again; i++) warm.push(await opened(page, id));
    const firsts = warm.map((w) => w.first);
    console.log(`${name}: opened cold, first chart ${cold.first.toFixed(0)} ms, all ${cold.all.toFixed(0)} ms`);
    console.log(`${name}: opened ${again} times more, first chart in the median ${at(firsts, 0.5).toFixed(0)} ms (${firsts.map((t) => t.toFixed(0)).join(' ')}), all ${at(warm.map((w) => w.all), 0.5).toFixed(0)} ms`);

    // One visual after the other, with another range each time, so that nothing is known before.
    const day = (n: number) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10);
    const times = await page.evaluate(
      async ({ id, ranges }) => {
        const times: number[] = [];
        for (const [i, [from, to]] of ranges.entries()) {
          const began = performance.now();
          const r = await fetch(`/api/v1/dashboards/${id}/visuals/v${1 + (i % 2)}/answer`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ filters: [{ id: 'day', kind: 'time_range', field: 'day', from, to }] }),
          });
          if (!r.ok) throw new Error(await r.text());
          await r.json();
          times.push(performance.now() - began);
        }
        return times;
      },
      { id, ranges: Array.from({ length: changes }, (_, i) => [day(i), day(120 + 3 * i)] as [string, string]) },
    );
    console.log(`${name}: a changed filter to data, median ${at(times, 0.5).toFixed(0)} ms, 95th ${at(times, 0.95).toFixed(0)} ms`);

    // What a change of the filter costs the page's thread, from the new bound to the eight
    // visuals drawn again. The calendar is open before, which is no part of drawing.
    const browser = await page.context().newCDPSession(page);
    await browser.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => (await browser.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')!.value * 1000;
    await page.getByRole('button', { name: /^day/ }).click();
    await page.getByLabel('End').waitFor();
    await settled(page);
    const drawing: number[] = [];
    for (const end of redrawn) {
      const before = await spent();
      const answers = Array.from({ length: visuals }, (_, i) => page.waitForResponse((r) => r.url().includes(`/visuals/v${i}/answer`)));
      await page.getByLabel('End').fill(end);
      await Promise.all(answers);
      await expect(page.locator('figure[data-dimmed]')).toHaveCount(0);
      await settled(page);
      drawing.push((await spent()) - before);
    }
    console.log(`${name}: redrawing ${visuals} visuals took ${at(drawing, 0.5).toFixed(0)} ms of the page's thread in the median (${drawing.map((t) => t.toFixed(0)).join(' ')})`);
  });
}
