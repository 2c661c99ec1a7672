import type { Locator, Page } from '@playwright/test';
import { join, resolve } from 'node:path';

import { expect, test } from './lake';

// From a data set to a dashboard that others see: the second half of the walk-through, from
// "Visualize" on.

/** Where the guide's pictures are. They are taken anew when somebody asks for it. */
const guide = resolve(import.meta.dirname, '../../docs/guide');

async function picture(page: Page, name: string) {
  if (!process.env.LETHE_PICTURES) return;
  await page.waitForTimeout(400); // what moves has come to rest
  await page.screenshot({ path: join(guide, name) });
}

const six = ['US', 'Italy', 'India', 'Brazil', 'Spain', 'United Kingdom'];

interface Answered {
  columns: { name: string; type: string; values: (string | number | null)[] }[];
  rows: number;
}

/** Waits for the answer to the question of a visual that fits. */
async function answerOf(page: Page, fits: (visual: { kind: string; wells?: Record<string, unknown[]> }, filters: { from?: string; to?: string; values?: string[] }[]) => boolean): Promise<Answered> {
  const r = await page.waitForResponse((r) => {
    if (!r.url().endsWith('/drawings') || r.status() !== 200) return false;
    const { visual, filters } = r.request().postDataJSON();
    return fits(visual, filters ?? []);
  });
  return (await r.json()) as Answered;
}

/** What a statement answers, by the API. */
async function sql(page: Page, statement: string): Promise<(string | null)[][]> {
  const started = await page.request.post('/api/v1/queries', { data: { statement } });
  expect(started.status(), await started.text()).toBeLessThan(300);
  const { id } = (await started.json()) as { id: string };
  await expect(async () => {
    const e = (await (await page.request.get(`/api/v1/queries/${id}?wait_ms=400`)).json()) as { state: string; reason?: string };
    expect(e.state, e.reason).toBe('SUCCEEDED');
  }).toPass({ timeout: 30_000 });
  return ((await (await page.request.get(`/api/v1/queries/${id}/results?row=0&limit=500`)).json()) as { rows: (string | null)[][] }).rows;
}

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));

test('a map and a line are made of a data set, published, and seen by others', async ({ admin: page, browser, lake }) => {
  test.setTimeout(420_000); // where a machine is loaded; some 30 s else
  let clicks = 0;
  const click = async (l: Locator) => {
    await l.click();
    clicks++;
  };
  const drag = async (l: Locator, to: Locator) => {
    await l.dragTo(to);
    clicks++;
  };
  const { data_sets: sets } = (await (await page.request.get('/api/v1/data-sets')).json()) as { data_sets: { id: string; name: string }[] };
  const set = sets.find((s) => s.name.startsWith('COVID-19'))!;

  await page.goto('/dashboards');
  await click(page.getByRole('button', { name: 'New analysis' }));
  await click(page.getByRole('complementary', { name: 'New analysis' }).getByRole('link', { name: set.name, exact: true }));

  // A map: geospatial, size and colour.
  const data = page.getByRole('region', { name: 'Data', exact: true });
  const field = (name: string) => data.locator('button[data-line]', { hasText: new RegExp(`^${name}$`) });
  const well = (name: string) => page.getByRole('region', { name, exact: true });
  await click(page.getByRole('button', { name: 'Points on map' }));
  await drag(field('coordinate'), well('Geospatial'));
  await drag(field('confirmed'), well('Size'));
  await drag(field('country'), well('Color'));
  await expect(well('Geospatial')).toContainText('coordinate');
  await expect(well('Size')).toContainText('confirmed');
  await expect(well('Color')).toContainText('country');

  // One day of it: a time range includes its start, and excludes its end.
  await click(page.getByRole('button', { name: /^Filters/ }));
  await click(page.getByRole('button', { name: 'Add a filter' }));
  await click(page.getByRole('menuitem', { name: 'date', exact: true }));
  await expect(page.getByText('The start is included, the end is not.')).toBeVisible();
  const mapped = answerOf(page, (v, filters) => v.kind === 'points_on_map' && filters.some((f) => f.from === '2020-09-10' && f.to === '2020-09-11'));
  await click(page.getByLabel('Start'));
  await page.getByLabel('Start').fill('2020-09-10');
  await click(page.getByLabel('End'));
  await page.getByLabel('End').fill('2020-09-11');

  // The numbers on the map are SQL's.
  const map = await mapped;
  const places = await sql(page, "SELECT country, lat, lon, sum(confirmed) FROM covid_confirmed_cases WHERE date = '2020-09-10' AND lat IS NOT NULL GROUP BY country, lat, lon");
  const column = (a: Answered, name: string) => a.columns.find((c) => c.name === name)!.values;
  const drawn = new Map(column(map, 'country').map((c, i) => [`${c} ${Number(column(map, 'coordinate.latitude')[i])} ${Number(column(map, 'coordinate.longitude')[i])}`, Number(column(map, 'confirmed')[i])]));
  expect(places.length).toBeGreaterThan(20);
  for (const [country, lat, lon, confirmed] of places) expect(drawn.get(`${country} ${Number(lat)} ${Number(lon)}`), `${country}`).toBe(Number(confirmed));
  await expect(page.locator('article[data-selected]')).toHaveAttribute('aria-label', /^Maximum of confirmed|^Confirmed/);
  await expect(page.locator('article[data-selected][aria-busy]')).toHaveCount(0);
  await picture(page, 'analysis-map.png');

  // A line of the mortality rate of six countries: its kind follows from the fields.
  await click(page.getByRole('button', { name: 'Add visual' }));
  await click(field('date'));
  await click(field('country'));
  const all = answerOf(page, (v) => v.kind === 'line' && Object.keys(v.wells ?? {}).length === 3);
  await click(field('mortality'));
  await all;
  await expect(page.getByRole('button', { name: 'Line chart' })).toHaveAttribute('aria-pressed', 'true');
  await click(page.getByRole('button', { name: /^Filters/ }));
  await click(page.getByRole('button', { name: 'Add a filter' }));
  await click(page.getByRole('menuitem', { name: 'country', exact: true }));
  const values = page.getByRole('group', { name: 'country', exact: true });
  const lined = answerOf(page, (v, filters) => v.kind === 'line' && filters.some((f) => f.values?.length === six.length));
  for (const c of six) {
    await values.getByLabel('Find values of country').fill(c);
    await click(values.getByRole('checkbox', { name: c, exact: true }));
  }
  const line = await lined;
  const rates = await sql(
    page,
    `SELECT c.country, c.date, cast(sum(d.deaths) AS double) / nullif(sum(c.confirmed), 0) FROM covid_confirmed_cases c
     JOIN covid_death_cases d ON c.country = d.country AND coalesce(c.state, '') = coalesce(d.state, '') AND c.date = d.date
     WHERE c.country IN (${six.map((c) => `'${c}'`).join(', ')}) AND c.date BETWEEN '2020-09-01' AND '2020-09-10' GROUP BY c.country, c.date`,
  );
  const rate = new Map(column(line, 'date').map((d, i) => [`${d} ${column(line, 'country')[i]}`, column(line, 'mortality')[i]]));
  expect(new Set(column(line, 'country')).size).toBe(six.length);
  expect(rates.length).toBe(60);
  for (const [country, date, r] of rates) expect(near(Number(rate.get(`${date} ${country}`)), Number(r)), `${country} ${date}: ${rate.get(`${date} ${country}`)} and not ${r}`).toBe(true);

  // Steps go back and forth.
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Redo' }).click();

  // Published, and shared with somebody who may read the tables and nothing else.
  await page.request.put('/api/v1/users/viola');
  await page.request.put('/api/v1/users/viola/password', { data: { password: 'Viola-sees-1', reset: false } });
  const reads = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['glue:Get*', 's3:GetObject', 's3:ListBucket'], Resource: '*' }] };
  expect((await page.request.put('/api/v1/users/viola/inline-policies/reads', { data: { document: JSON.stringify(reads) } })).status()).toBeLessThan(300);
  await click(page.getByRole('button', { name: 'Publish', exact: true }));
  const publish = page.getByRole('complementary', { name: 'Publish' });
  await expect(publish.getByRole('list', { name: 'Changes' })).toContainText('added');
  await publish.getByLabel('Name of the dashboard').fill('Outbreak');
  await click(publish.getByRole('button', { name: 'Publish dashboard' }));
  const who = publish.getByRole('combobox', { name: 'User or group' });
  await click(who);
  await who.fill('viola');
  await click(publish.getByRole('button', { name: 'Share', exact: true }));
  await expect(publish.getByRole('list', { name: 'Shared with' })).toContainText('viola');
  await click(publish.getByRole('link', { name: 'Open the dashboard' }));
  await expect(page.getByRole('heading', { level: 1, name: 'Outbreak' })).toBeVisible();
  console.log(`from "New analysis" to a shared dashboard of a map and a line: ${clicks} clicks and drags`);
  const id = new URL(page.url()).pathname.split('/').at(-1)!;
  await expect(page.locator('article[aria-busy]')).toHaveCount(0);
  await picture(page, 'dashboard.png');

  // The viewer sees what it shows, and can ask nothing else.
  const theirs = await browser.newContext({ baseURL: lake.url });
  const { request } = theirs;
  expect((await request.post('/api/v1/session', { data: { name: 'viola', password: 'Viola-sees-1' } })).status()).toBe(201);
  const ids = await page.locator('article[data-visual]').evaluateAll((all) => all.map((v) => (v as HTMLElement).dataset.visual!));
  expect(ids).toHaveLength(2);
  for (const visual of ids) {
    const seen = await request.post(`/api/v1/dashboards/${id}/visuals/${visual}/answer`, { data: {} });
    expect(seen.status(), await seen.text()).toBe(200);
    const other = await request.post(`/api/v1/dashboards/${id}/visuals/${visual}/answer`, { data: { filters: [{ id: 'mine', kind: 'category', field: 'country', values: ['France'] }] } });
    expect(other.status(), await other.text()).toBe(403);
  }
  const drawing = { visual: { id: 'x', kind: 'table', data_set: set.id, wells: { value: [{ field: 'deaths', aggregation: 'sum' }] }, look: {}, place: { x: 0, y: 0, w: 6, h: 7 } }, view: {} };
  for (const [at, body] of [
    ['drawings', drawing],
    [`data-sets/${set.id}/query`, { measures: [{ field: 'deaths', aggregation: 'sum' }] }],
  ] as const)
    expect((await request.post(`/api/v1/${at}`, { data: body })).status(), at).toBe(403);
  await theirs.close();
});
