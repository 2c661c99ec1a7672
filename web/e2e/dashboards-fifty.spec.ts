import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';

import { extracted, made } from './cases';
import { expect, test } from './lake';

// Fifty visuals over ten million rows, on one sheet and over five, run by make bench. All of
// them answer, the page goes on listening, and memory stays bounded.

const visuals = 50;
const rows = Number(process.env.LETHE_ROWS ?? 10_000_000);
const kinds = ['kpi', 'line', 'bar', 'pie', 'area', 'scatter', 'heat_map', 'table', 'histogram', 'pivot'] as const;

/** The nth visual: each has another question, since its measure's label and its limit differ. */
function visual(set: string, n: number, place: { x: number; y: number; w: number; h: number }) {
  const kind = kinds[n % kinds.length]!;
  const turn = Math.floor(n / kinds.length);
  const field = turn % 2 === 0 ? 'cases' : 'share';
  const aggregation = ['sum', 'average', 'max', 'min', 'count'][turn % 5]!;
  const value = [{ field, aggregation }];
  const group = [{ field: turn % 2 === 0 ? 'country' : 'place' }];
  const months = [{ field: 'day', grain: 'month' }];
  const wells = {
    kpi: { value },
    line: { x: [{ field: 'day', grain: 'day' }], value },
    bar: { x: group, value },
    pie: { color: group, value },
    area: { x: months, value },
    scatter: { group, x: value, y: [{ field: 'cases', aggregation: 'average' }] },
    heat_map: { rows: [{ field: 'country' }], columns: months, value },
    table: { group, value },
    histogram: { value: [{ field, bins: 20 + turn }] },
    pivot: { rows: [{ field: 'country' }], columns: months, value },
  }[kind];
  return { id: `v${n}`, kind, title: `${kind} ${n}`, data_set: set, wells, look: {}, place };
}

async function published(page: Page, name: string, set: string, sheets: number) {
  const each = visuals / sheets;
  const analysis = await made<{ id: string; revision: number }>(page, 'analyses', {
    name,
    definition: {
      data_sets: [set],
      sheets: Array.from({ length: sheets }, (_, s) => ({
        id: `s${s}`,
        name: `Sheet ${s + 1}`,
        visuals: Array.from({ length: each }, (_, i) => visual(set, s * each + i, { x: (i % 4) * 3, y: Math.floor(i / 4) * 5, w: 3, h: 5 })),
        ...(s === 0 && {
          filters: [{ id: 'day', data_set: set, kind: 'time_range', field: 'day', from: '2024-01-01', to: '2024-09-01', everywhere: true }],
          controls: [{ id: 'c', filter: 'day' }],
        }),
      })),
    },
  });
  return (await made<{ id: string }>(page, `analyses/${analysis.id}/publish`, { name, revision: analysis.revision })).id;
}

/** What a process and all below it hold of memory alone or share, in MB. */
function memory(pid: number): { server: number; below: number } {
  const pss = (p: string | number) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      return 0; // it has ended
    }
  };
  let below = 0;
  for (const p of readdirSync('/proc'))
    if (/^\d+$/.test(p))
      try {
        if (Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${p}/stat`, 'utf8'))?.[1]) === pid) below += pss(p);
      } catch {
        // it has ended
      }
  return { server: pss(pid), below };
}

test(`${visuals} visuals over ${rows} rows answer`, { tag: '@speed' }, async ({ admin: page, lake }) => {
  test.setTimeout(1_200_000);
  await page.setViewportSize({ width: 1280, height: 1000 });
  const set = await extracted(page, `${visuals} visuals`, rows / 50_000);
  const one = await published(page, 'One sheet', set, 1);
  const five = await published(page, 'Five sheets', set, 5);
  let most = { server: 0, below: 0 };
  const watch = setInterval(() => {
    const now = memory(lake.pid);
    most = { server: Math.max(most.server, now.server), below: Math.max(most.below, now.below) };
  }, 250);
  const failed: string[] = [];
  page.on('response', (r) => {
    if (r.url().includes('/answer') && r.status() >= 400) failed.push(`${r.status()} ${r.url()}`);
  });
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { longTasks: tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask', buffered: true });
  });
  const longest = () => page.evaluate(() => Math.max(0, ...(globalThis as unknown as { longTasks: number[] }).longTasks.splice(0)));
  /** Waits until what is on the screen is drawn: what is not seen is not asked. */
  const drawn = async () => {
    const waits = () =>
      page.evaluate(() => {
        const seen = [...document.querySelectorAll('article[data-visual]')].filter((a) => a.getBoundingClientRect().top < innerHeight && a.getBoundingClientRect().bottom > 0);
        return seen.length === 0 ? ['no visual'] : seen.filter((a) => a.hasAttribute('aria-busy') || !a.querySelector('figure')).map((a) => a.textContent);
      });
    await expect.poll(waits, { timeout: 300_000, intervals: [20] }).toEqual([]);
  };

  // One sheet: what is on the screen is asked first, the rest when it is scrolled to.
  let began = Date.now();
  await page.goto(`/dashboards/${one}`);
  await page.locator('figure canvas, figure svg').first().waitFor({ timeout: 120_000 });
  const first = Date.now() - began;
  await drawn();
  const screen = Date.now() - began;
  began = Date.now();
  for (let n = 0; n < visuals; n += 4) {
    await page.getByRole('article', { name: `${kinds[n % kinds.length]} ${n}`, exact: true }).scrollIntoViewIfNeeded();
    await drawn();
  }
  console.log(`one sheet: first chart ${first} ms, the screen ${screen} ms, all ${visuals} while scrolling ${Date.now() - began} ms; longest task ${(await longest()).toFixed(0)} ms`);

  // The filter is changed again and again while answers are on their way: only the last counts.
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.getByRole('button', { name: /^day/ }).click();
  const last = page.waitForResponse((r) => r.url().includes('/answer') && (r.request().postData() ?? '').includes('2024-06-05') && r.ok());
  for (const end of ['2024-06-01', '2024-06-02', '2024-06-03', '2024-06-04']) await page.getByLabel('End').fill(end);
  began = Date.now();
  await page.getByLabel('End').fill('2024-06-05');
  await last;
  const counted = Date.now() - began;
  await drawn();
  console.log(`one sheet: the last of five changes answered after ${counted} ms, drawn after ${Date.now() - began} ms; longest task ${(await longest()).toFixed(0)} ms`);

  // Everything at once, as a script asks: nothing times out, equal questions are asked once.
  const all = await page.evaluate(
    async ({ id, visuals }) => {
      const began = performance.now();
      const status = await Promise.all(
        Array.from({ length: visuals * 2 }, async (_, n) => {
          const r = await fetch(`/api/v1/dashboards/${id}/visuals/v${n % visuals}/answer`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ filters: [{ id: 'day', kind: 'time_range', field: 'day', from: '2024-02-01', to: '2024-07-07' }] }),
          });
          await r.text();
          return r.status;
        }),
      );
      return { took: performance.now() - began, status: [...new Set(status)] };
    },
    { id: one, visuals },
  );
  expect(all.status).toEqual([200]);
  console.log(`all ${visuals} asked twice at once: answered after ${all.took.toFixed(0)} ms`);

  // Five sheets, each turned to before the last has answered.
  await page.goto(`/dashboards/${five}`);
  began = Date.now();
  for (let s = 5; s >= 1; s--) await page.getByRole('tab', { name: `Sheet ${s}`, exact: true }).click();
  await drawn();
  console.log(`five sheets: turned through and drawn after ${Date.now() - began} ms; longest task ${(await longest()).toFixed(0)} ms`);
  clearInterval(watch);
  expect(failed).toEqual([]);
  console.log(`memory at most: server ${most.server.toFixed(0)} MB, its workers ${most.below.toFixed(0)} MB`);
});
