import type { Page } from '@playwright/test';

import { extracted, made } from './cases';
import { expect, test } from './lake';

// How fast dashboards are, on 10 million rows and on 50,000, run by make bench. Times of
// answers are of the browser's own clock, from the click's request to its last byte; what
// drawing costs is told apart, in the page's thread's own time.

const visuals = 8;
const changes = 20;

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

/** Opens a dashboard and returns when its first chart, and all of them, stood there. */
async function opened(page: Page, id: string) {
  await page.goto(`/dashboards/${id}`);
  const first = page.locator('figure canvas, figure svg').first();
  await first.waitFor();
  const firstAt = await page.evaluate(() => performance.now());
  await expect(page.locator('figure').filter({ has: page.locator('figcaption') })).toHaveCount(visuals);
  return { first: firstAt, all: await page.evaluate(() => performance.now()) };
}

for (const [name, blocks] of [['50,000 rows', 1], ['10 million rows', 200]] as const) {
  test(`a dashboard of ${visuals} visuals over ${name} answers at once`, { tag: '@speed' }, async ({ admin: page }) => {
    test.setTimeout(900_000);
    await page.setViewportSize({ width: 1280, height: 1000 });
    const set = await extracted(page, name, blocks);
    const id = await published(page, name, set);

    const cold = await opened(page, id);
    const warm = await opened(page, id);
    console.log(`${name}: opened cold, first chart ${cold.first.toFixed(0)} ms, all ${cold.all.toFixed(0)} ms; warm ${warm.first.toFixed(0)} ms and ${warm.all.toFixed(0)} ms`);

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

    // What a change of the filter costs the page's thread, all eight visuals drawn again.
    const browser = await page.context().newCDPSession(page);
    await browser.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => (await browser.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')!.value * 1000;
    const before = await spent();
    const answers: Promise<unknown>[] = [];
    await page.getByRole('button', { name: /^day/ }).click();
    for (let i = 0; i < visuals; i++) answers.push(page.waitForResponse((r) => r.url().includes(`/visuals/v${i}/answer`)));
    await page.getByLabel('End').fill('2024-07-01');
    await Promise.all(answers);
    await expect(page.locator('figure[data-dimmed]')).toHaveCount(0);
    console.log(`${name}: redrawing ${visuals} visuals took ${((await spent()) - before).toFixed(0)} ms of the page's thread`);
  });
}
