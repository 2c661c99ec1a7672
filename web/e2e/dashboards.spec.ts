import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Browser, Locator, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';

import { sql } from './figures';
import { expect, type Lake, test } from './lake';

// A dashboard as those see it whom it is shared with. Its data set is read as its owner, and has
// rules of rows: Viola's are those of two countries.

const viola = 'arn:aws:iam::000000000000:user/viola';
const theirs = ['Australia', 'Canada'];
const password = 'Viola-sees-1';

/** Sends JSON, and reads it. */
async function send<T = { id: string }>(request: APIRequestContext, method: string, path: string, data?: unknown): Promise<T> {
  const r = await request.fetch(`/api/v1/${path}`, { method, ...(data !== undefined && { data }) });
  const text = await r.text();
  expect(r.ok(), `${method} ${path}: ${text}`).toBe(true);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const column = (name: string, more: object = {}) => ({ name, column: name, ...more });

/** A table without rows, and with these columns. */
const stock = (columns: string) => `CREATE EXTERNAL TABLE stock (${columns}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lethe-demo/stock/'`;

/** Makes the data sets and the dashboard of two sheets, and shares it with Viola. */
async function shared(admin: APIRequestContext) {
  await send(admin, 'PUT', 'users/viola', {});
  await send(admin, 'PUT', 'users/viola/password', { password, reset: false });
  await sql(admin, stock('item string, pieces int'));
  const regions = await send(admin, 'POST', 'data-sets', {
    name: 'Regions',
    source: {
      sql: `SELECT c.country, c.state, c.lat, c.lon, c.date, c.confirmed, d.deaths FROM covid_confirmed_cases c
        JOIN covid_death_cases d ON d.country = c.country AND coalesce(d.state, '') = coalesce(c.state, '') AND d.date = c.date`,
    },
    fields: [
      column('country', { role: 'dimension', geo: 'country' }),
      column('state', { role: 'dimension', geo: 'region' }),
      column('lat', { role: 'dimension', geo: 'latitude' }),
      column('lon', { role: 'dimension', geo: 'longitude' }),
      column('date', { role: 'dimension', type: 'date', format: 'yyyy-MM-dd' }),
      column('confirmed', { role: 'measure', cumulative: true }),
      column('deaths', { role: 'measure', cumulative: true }),
    ],
    coordinates: [{ name: 'place', latitude: 'lat', longitude: 'lon' }],
    hierarchies: [{ name: 'where', fields: ['country', 'state'] }],
    rules: [
      { name: 'Whole', principals: ['arn:aws:iam::000000000000:user/admin'] },
      { name: 'Two countries', principals: [viola], filter: `country IN (${theirs.map((c) => `'${c}'`).join(', ')})` },
    ],
    mode: 'live',
    read_as: 'owner',
  });
  const goods = await send(admin, 'POST', 'data-sets', { name: 'Goods', source: { sql: 'SELECT item, pieces FROM stock' }, fields: [column('item'), column('pieces')], mode: 'live', read_as: 'owner' });
  const sum = (field: string) => ({ field, aggregation: 'sum' });
  const definition = {
    data_sets: [regions.id, goods.id],
    sheets: [
      {
        id: 'one',
        name: 'Cases',
        visuals: [
          { id: 'cases', kind: 'bar', title: 'Cases', data_set: regions.id, wells: { x: [{ field: 'country' }], value: [sum('confirmed')] }, look: {}, place: { x: 0, y: 0, w: 6, h: 8 } },
          { id: 'places', kind: 'points_on_map', title: 'Places', data_set: regions.id, wells: { geospatial: [{ field: 'place' }], size: [sum('confirmed')], color: [{ field: 'country' }] }, look: {}, place: { x: 6, y: 0, w: 6, h: 8 } },
          { id: 'deaths', kind: 'table', title: 'Deaths', data_set: regions.id, wells: { group: [{ field: 'country' }], value: [sum('deaths')] }, look: {}, place: { x: 0, y: 8, w: 12, h: 6 } },
        ],
        filters: [{ id: 'day', data_set: regions.id, kind: 'time_range', field: 'date', from: '2020-09-10', to: '2020-09-11' }],
        controls: [{ id: 'day', title: 'Day', filter: 'day' }],
      },
      {
        id: 'two',
        name: 'Goods',
        visuals: [{ id: 'goods', kind: 'bar', title: 'Goods', data_set: goods.id, wells: { x: [{ field: 'item' }], value: [sum('pieces')] }, look: {}, place: { x: 0, y: 0, w: 6, h: 8 } }],
      },
    ],
  };
  const analysis = await send<{ id: string; revision: number }>(admin, 'POST', 'analyses', { name: 'Regions', definition });
  const board = await send(admin, 'POST', `analyses/${analysis.id}/publish`, { name: 'Regions', revision: analysis.revision });
  await send(admin, 'PUT', `dashboards/${board.id}/shares`, { shares: [{ principal: viola, role: 'viewer' }] });
  return { regions, goods, analysis, definition, id: board.id };
}

/** A browser of Viola's own. */
async function hers(browser: Browser, lake: Lake): Promise<Page> {
  const context = await browser.newContext({ baseURL: lake.url, acceptDownloads: true });
  await send(context.request, 'POST', 'session', { name: 'viola', password });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}

/** Goes on with Tab until something has the focus, as who has no mouse does. */
async function tabTo(page: Page, to: Locator, key = 'Tab') {
  await to.waitFor();
  for (let n = 0; n < 60; n++) {
    if (await to.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${to.toString()} is not reached by ${key}`);
}

/** Chooses an entry of a visual's menu by keys, and waits for the file that it saves. */
async function saved(page: Page, visual: string, entry: string): Promise<Buffer> {
  await tabTo(page, page.getByRole('button', { name: `More about ${visual}` }));
  await page.keyboard.press('Enter');
  const item = page.getByRole('menuitem', { name: entry });
  await item.waitFor();
  for (let n = 0; n < 12 && !(await item.evaluate((e) => e === document.activeElement)); n++) await page.keyboard.press('ArrowDown');
  await expect(item).toBeFocused();
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  const file = await (await download).path();
  await expect(item).toHaveCount(0);
  return readFileSync(file);
}

const settled = (page: Page) => expect(page.locator('article[aria-busy]')).toHaveCount(0);
const card = (page: Page, name: string) => page.getByRole('article', { name, exact: true });
const marks = (page: Page) => new URL(page.url()).searchParams.get('m.cases');
/** The lines of a CSV without its head, in an order of their own. */
const lines = (csv: Buffer) => csv.toString('utf8').trim().split(/\r?\n/).slice(1).toSorted();

test('a viewer sees the rows of theirs, and does all by keys', async ({ admin: owner, browser, lake }) => {
  test.setTimeout(600_000); // where a machine is loaded; about a minute else
  const admin = owner.request;
  const made = await shared(admin);
  const page = await hers(browser, lake);

  /** What SQL says of the rows that are hers. */
  const counted = async (by: string, day: string, where = '') =>
    (
      await sql(
        admin,
        `SELECT c.${by}, sum(c.confirmed) FROM covid_confirmed_cases c WHERE c.country IN (${theirs.map((c) => `'${c}'`).join(', ')}) AND c.date = '${day}' ${where} GROUP BY c.${by}`,
      )
    ).map(([of, n]) => `${of ?? ''},${n}`).toSorted();

  // She opens it.
  await page.goto('/dashboards');
  await tabTo(page, page.getByRole('link', { name: 'Regions', exact: true }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Regions' })).toBeVisible();
  await settled(page);
  const table = card(page, 'Deaths').getByRole('table');
  await expect(table).toContainText('Australia');
  await expect(table).toContainText('Canada');
  await expect(table).not.toContainText('US');

  // Figures as a file are those that SQL has of her rows.
  expect(lines(await saved(page, 'Cases', 'Save as CSV'))).toEqual(await counted('country', '2020-09-10'));

  // The figures of a picture, read as a table; the focus stays where it was.
  const chart = card(page, 'Cases').getByRole('application');
  await tabTo(page, chart, 'Shift+Tab');
  await page.keyboard.press('t');
  await expect(card(page, 'Cases').getByRole('table')).toContainText('Canada');
  await expect(card(page, 'Cases')).toBeFocused();
  await page.keyboard.press('t');
  await expect(chart).toBeVisible();

  /** Goes to a point of the chart, which is read aloud, and marks it. */
  const mark = async () => {
    await tabTo(page, chart);
    await expect(async () => {
      await page.keyboard.press('ArrowRight');
      await expect(card(page, 'Cases').locator('[aria-live]')).toContainText(/\d of \d/, { timeout: 2000 });
    }).toPass();
    await page.keyboard.press('Enter');
  };

  // A mark filters the others; Esc takes it away.
  await mark();
  await expect.poll(() => marks(page)).toMatch(/^country\*\*(Australia|Canada)$/);
  const marked = marks(page)!.split('**')[1]!;
  const other = theirs.find((c) => c !== marked)!;
  await expect(table).not.toContainText(other);
  await expect(table).toContainText(marked);
  await page.keyboard.press('Escape');
  await expect.poll(() => marks(page)).toBeNull();
  await expect(table).toContainText(other);

  // Down to the states of a country.
  await mark();
  await expect.poll(() => marks(page)).not.toBeNull();
  const country = marks(page)!.split('**')[1]!;
  await tabTo(page, page.getByRole('button', { name: 'Down to state' }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  const trail = page.getByRole('navigation', { name: /^Where Cases/ });
  await expect(trail).toContainText(country);
  await settled(page);
  const drilled = await counted('state', '2020-09-10', `AND c.country = '${country}'`);
  expect(drilled.length).toBeGreaterThan(1);
  expect(lines(await saved(page, 'Cases', 'Save as CSV'))).toEqual(drilled);
  await tabTo(page, trail.getByRole('button', { name: 'All' }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(trail).toHaveCount(0);

  // Another day, by the control.
  await tabTo(page, page.getByRole('button', { name: /^Day/ }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('dialog').getByLabel('End'));
  await page.keyboard.type('09022020');
  await tabTo(page, page.getByRole('dialog').getByLabel('Start'));
  await page.keyboard.type('09012020');
  await expect.poll(() => new URL(page.url()).searchParams.get('f.day')).toBe('2020-09-01..2020-09-02');
  await page.keyboard.press('Escape');
  await settled(page);
  expect(lines(await saved(page, 'Cases', 'Save as CSV'))).toEqual(await counted('country', '2020-09-01'));

  // Pictures.
  const png = await saved(page, 'Places', 'Save as PNG');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(10_000);
  const svg = (await saved(page, 'Cases', 'Save as SVG')).toString('utf8');
  expect(svg).toMatch(/^<svg .*<title>Cases<\/title>/s);
  for (const c of theirs) expect(svg).toContain(c);

  // A mouse marks too, and whoever has the link sees the same.
  const box = (await chart.boundingBox())!;
  await chart.click({ position: { x: box.width * 0.3, y: box.height - 45 } });
  await expect.poll(() => marks(page)).toMatch(/^country\*\*(Australia|Canada)$/);
  await settled(page);
  const second = await hers(browser, lake);
  await second.goto(page.url());
  await expect(card(second, 'Deaths').getByRole('table')).toBeVisible();
  await settled(second);
  await expect(card(second, 'Deaths').getByRole('table')).toHaveText(await table.innerText(), { useInnerText: true });
  expect(lines(await saved(second, 'Deaths', 'Save as CSV'))).toHaveLength(1);
  await second.context().close();

  // What the dashboard does not show is not hers to ask.
  const { request } = page;
  const mine = { filters: [{ id: 'mine', kind: 'category', field: 'country', values: ['US'] }] };
  expect((await request.post(`/api/v1/dashboards/${made.id}/visuals/cases/answer`, { data: mine })).status()).toBe(403);
  expect((await request.post(`/api/v1/dashboards/${made.id}/visuals/cases/answer.csv`, { data: mine })).status()).toBe(403);
  const asked = await request.post(`/api/v1/dashboards/${made.id}/visuals/cases/answer.csv`, { data: {} });
  expect(await asked.text()).not.toContain('US');
  for (const [at, data] of [
    ['drawings', { visual: made.definition.sheets[0]!.visuals[0], view: {} }],
    [`data-sets/${made.regions.id}/query`, { measures: [{ field: 'deaths', aggregation: 'sum' }] }],
  ] as const)
    expect((await request.post(`/api/v1/${at}`, { data })).status(), at).toBe(403);

  // An earlier version is shown again.
  const changed = structuredClone(made.definition);
  changed.sheets[0]!.visuals[0]!.title = 'Cases again';
  const next = await send<{ revision: number }>(admin, 'PUT', `analyses/${made.analysis.id}`, { name: 'Regions', definition: changed, revision: made.analysis.revision });
  await send(admin, 'POST', `analyses/${made.analysis.id}/publish`, { name: 'Regions', note: 'Another title', revision: next.revision });
  await owner.goto(`/dashboards/${made.id}`);
  await expect(card(owner, 'Cases again')).toBeVisible();
  await owner.getByRole('button', { name: 'More actions' }).click();
  await owner.getByRole('menuitem', { name: 'Versions' }).click();
  await owner.getByRole('button', { name: 'Show version 1 again' }).click();
  await expect(card(owner, 'Cases')).toBeVisible();
  await page.goto(`/dashboards/${made.id}`);
  await expect(card(page, 'Cases')).toBeVisible();
  await settled(page);

  // A column that was taken away is told of where it is missing, and what to do.
  await sql(admin, 'DROP TABLE stock');
  await sql(admin, stock('item string'));
  await page.getByRole('tab', { name: 'Goods' }).click();
  await expect(card(page, 'Goods').getByRole('alert')).toContainText('pieces');
  await expect(card(page, 'Goods')).toContainText('Whoever shared this can mend it.');
  await owner.goto(`/analyses/${made.analysis.id}?sheet=two`);
  await expect(card(owner, 'Goods').getByRole('alert')).toContainText('pieces');
  await sql(admin, 'DROP TABLE stock');
  await card(owner, 'Goods').getByRole('button', { name: 'Try again' }).click();
  await expect(card(owner, 'Goods').getByRole('alert')).toContainText('source of data set "Goods" cannot be read');
  await expect(card(owner, 'Goods').getByRole('link', { name: 'Open the data set' })).toHaveAttribute('href', `/data-sets/${made.goods.id}`);

  // Light and dark, on a screen and on a phone.
  for (const scheme of ['light', 'dark', 'phone'] as const) {
    for (const [p, at] of [
      [page, `/dashboards/${made.id}`],
      [page, `/dashboards/${made.id}?sheet=two`],
      [owner, `/analyses/${made.analysis.id}?visual=places`],
      [owner, `/analyses/${made.analysis.id}?visual=places&pane=filters`],
    ] as const) {
      await p.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
      await p.setViewportSize(scheme === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 800 });
      await p.goto(at);
      await p.locator('#page :is(article, [aria-label="Visual"])').first().waitFor();
      await settled(p);
      const over = await p.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(over, `${scheme} ${at}`).toBeLessThanOrEqual(0);
      await look(p, `${scheme} ${at}`);
      if (scheme === 'phone') continue;
      const { violations } = await new AxeBuilder({ page: p }).analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `${scheme} ${at}`).toEqual([]);
    }
  }
  await page.context().close();
});

async function look(p: Page, name: string) {
  if (process.env.LOOK) await p.screenshot({ path: `${process.env.LOOK}/${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png` });
}
