import type { Locator, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { answerOf, column, near, sql } from './figures';
import { pictures } from './guide';
import { expect, test } from './lake';

// "Accessing and visualizing external tables in an Apache Hive metastore with Amazon Athena and
// Amazon QuickSight" (AWS Big Data Blog), from "Signing up for QuickSight" to its second chart.
// What a person does here stands beside what the article has a person do: there must be nothing
// that the article does not need.

/** The steps of the article, in its order, each as often as it is taken. */
const article = [
  'Sign in',
  'Sign up for QuickSight',
  'Select the edition',
  'Continue',
  'Enter the account name',
  'Enter the e-mail address',
  'Select Amazon S3',
  'Select the bucket',
  'Finish',
  'Search for the service role',
  'Choose the role',
  'Search for the policy',
  'Attach the policy',
  'Datasets',
  'New dataset',
  'Athena',
  'Enter the name of the data source',
  'Validate',
  'Create data source',
  'Use custom SQL',
  'Enter the script',
  'Confirm query',
  'Import to SPICE', // left as it is
  'Visualize',
  'Edit beside Data set',
  'The menu of the data set',
  'Edit',
  'Expand date',
  'Change data type',
  'Date',
  'Enter yyyy-MM-dd',
  'Update',
  'Expand lat',
  'Add to coordinates',
  'Create new geospatial coordinates', // left as it is
  'Add',
  'Name the coordinates',
  'The field of longitude',
  'Create coordinates',
  'Save and visualize',
  'Choose the map',
  'Drag the coordinates to Geospatial',
  'Drag confirmed to Size',
  'Drag country to Color',
  'Filter',
  'Add a filter',
  'The field to filter by',
  'Filter type: time range',
  'Start',
  'End',
  'Apply',
  // "Similarly, you can choose other visual types, such as a line chart, and generate the
  // mortality rate for selected countries over time": the article does not take it apart.
  'Another visual',
  'Over time',
  'The mortality rate',
  'By country',
  'Selected countries',
] as const;
type Step = (typeof article)[number];

/**
 * The keystroke-level model (Card, Moran and Newell, "The keystroke-level model for user
 * performance time with interactive systems", 1980), in seconds: a key of an average typist, a
 * pointing, a press or release of the button, the hand's way between mouse and keyboard, and
 * the thought before a step.
 */
const model = { key: 0.28, point: 1.1, button: 0.1, home: 0.4, think: 1.35 };

/** Does what a person would, and counts. */
class Person {
  clicks = 0;
  drags = 0;
  keys = 0;
  seconds = 0;
  readonly steps: Step[] = [];
  private hand: 'mouse' | 'keyboard' = 'keyboard';

  constructor(readonly page: Page) {}

  /** A step of the article. */
  step(name: Step) {
    // The order is the article's, but for the parts of its last sentence, of which it says nothing.
    const free = article.indexOf('Another visual');
    const at = article.indexOf(name);
    expect(this.steps, `${name} is taken once`).not.toContain(name);
    if (at < free) expect(at, name).toBeGreaterThan(Math.max(-1, ...this.steps.map((s) => article.indexOf(s)).filter((n) => n < free)));
    this.steps.push(name);
    this.seconds += model.think;
  }

  private take(hand: 'mouse' | 'keyboard') {
    if (this.hand !== hand) this.seconds += model.home;
    this.hand = hand;
  }

  async click(l: Locator) {
    this.take('mouse');
    this.seconds += model.point + 2 * model.button;
    this.clicks++;
    await l.click();
  }

  async drag(l: Locator, to: Locator) {
    this.take('mouse');
    this.seconds += 2 * (model.point + model.button);
    this.drags++;
    await l.dragTo(to);
  }

  /** Presses one key, or some at once. */
  async press(key: string) {
    this.take('keyboard');
    const n = key.split('+').length;
    this.keys += n;
    this.seconds += n * model.key;
    await this.page.keyboard.press(key);
  }

  async type(text: string) {
    this.take('keyboard');
    this.keys += text.length;
    this.seconds += text.length * model.key;
    await this.page.keyboard.type(text);
  }

  /** Puts in what was copied elsewhere. */
  async paste(text: string) {
    this.take('keyboard');
    this.keys += 2;
    this.seconds += 2 * model.key;
    await this.page.keyboard.insertText(text);
  }
}

const statement = readFileSync(resolve(import.meta.dirname, '../../examples/covid/covid-19.sql'), 'utf8');
const six = ['US', 'Italy', 'India', 'Brazil', 'Spain', 'United Kingdom'];

/** What an analyst may: make and share data sets and dashboards of all tables, for which the article attaches a policy. */
const analyst = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['quicksight:*', 'athena:*', 'glue:Get*', 's3:GetObject', 's3:ListBucket'], Resource: '*' }],
};

test('the walk-through, from signing up to the second chart and its publishing', async ({ page, browser, lake }) => {
  test.setTimeout(420_000); // where a machine is loaded; less than a minute else
  page.setDefaultTimeout(60_000);
  const began = Date.now();

  // Somebody was invited: there is a first password, which is theirs to change.
  const admin = (await browser.newContext({ baseURL: lake.url })).request;
  expect((await admin.post('/api/v1/session', { data: { name: lake.user, password: lake.password } })).status()).toBe(201);
  expect((await admin.put('/api/v1/users/maria', { data: {} })).ok()).toBe(true);
  expect((await admin.put('/api/v1/users/maria/inline-policies/analyst', { data: { document: JSON.stringify(analyst) } })).ok()).toBe(true);
  expect((await admin.put('/api/v1/users/maria/password', { data: { password: 'come-in-24', reset: true } })).ok()).toBe(true);

  const i = new Person(page);
  const picture = pictures(page, 'walk-through');
  await page.goto('/');
  await page.getByLabel('Name').waitFor();

  i.step('Sign in');
  await i.type('maria'); // the cursor is there
  await i.press('Tab');
  await i.type('come-in-24');
  await i.press('Enter');
  i.step('Sign up for QuickSight');
  await expect(page.getByText('choose a password of your own')).toBeVisible();
  await expect(page.getByLabel('Password until now')).toBeFocused();
  await i.type('come-in-24');
  await i.press('Tab');
  await i.type('Maps-and-lines');
  await i.press('Tab');
  await i.type('Maps-and-lines');
  await picture('sign-up');
  await i.press('Enter');

  i.step('Datasets');
  await i.click(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Data sets' }));
  i.step('New dataset');
  await i.click(page.getByRole('button', { name: 'New data set' }));
  i.step('Use custom SQL');
  await i.click(page.getByRole('radiogroup', { name: 'Where the rows come from' }).getByText('Custom SQL'));
  i.step('Enter the script');
  await i.click(page.locator('.cm-content'));
  await i.paste(statement);
  await picture('statement');
  i.step('Confirm query');
  await i.click(page.getByRole('button', { name: 'Preview' }));

  const rows = page.getByRole('grid', { name: 'First rows' });
  const head = (field: string) => rows.getByRole('columnheader').getByRole('button', { name: new RegExp(`^${field}`) });
  await expect(head('date')).toBeVisible();
  // Texts that are all ISO dates are dates already: it is enough to look.
  i.step('Expand date');
  await i.click(head('date'));
  await expect(page.getByRole('complementary', { name: 'Field date' }).getByLabel('Format')).toHaveValue('yyyy-MM-dd');
  await picture('date');
  // Of latitude and longitude it is seen that they are a place.
  i.step('Create coordinates');
  await i.click(page.getByRole('button', { name: 'Make a coordinate' }));
  await expect(page.getByRole('region', { name: 'Coordinates' }).getByRole('button', { name: 'coordinate' })).toBeVisible();
  i.step('The mortality rate');
  await i.click(page.getByRole('button', { name: 'Add', exact: true }));
  await i.click(page.getByRole('menuitem', { name: 'Calculated field' }));
  await expect(page.getByRole('textbox', { name: 'Name of the field' })).toBeFocused();
  await i.type('mortality');
  await i.click(page.locator('.cm-content'));
  await i.type('sum(deaths) / sum(confirmed)');
  await expect(page.getByText('each group of a visual has one value')).toBeVisible();
  await picture('mortality');
  await i.click(page.getByRole('button', { name: 'Add field' }));
  await expect(page.getByRole('region', { name: 'Measures' }).getByRole('button', { name: 'mortality' })).toBeVisible();
  // A copy in columns, as SPICE, is what a data set begins with.
  await expect(page.getByRole('radio', { name: 'Extract' })).toBeChecked();
  i.step('Save and visualize');
  await i.click(page.getByRole('button', { name: 'Save and visualize' }));

  const data = page.getByRole('region', { name: 'Data', exact: true });
  const field = (name: string) => data.locator('button[data-line]', { hasText: new RegExp(`^${name}$`) });
  const well = (name: string) => page.getByRole('region', { name, exact: true });
  i.step('Choose the map');
  await i.click(page.getByRole('button', { name: 'Points on map' }));
  i.step('Drag the coordinates to Geospatial');
  await i.drag(field('coordinate'), well('Geospatial'));
  i.step('Drag confirmed to Size');
  await i.drag(field('confirmed'), well('Size'));
  i.step('Drag country to Color');
  await i.drag(field('country'), well('Color'));
  await expect(well('Geospatial')).toContainText('coordinate');
  await expect(well('Size')).toContainText('confirmed');
  await expect(well('Color')).toContainText('country');
  await expect(page.locator('article[data-selected][aria-busy]')).toHaveCount(0);
  await picture('map');

  i.step('Filter');
  await i.click(page.getByRole('button', { name: /^Filters/ }));
  i.step('Add a filter');
  await i.click(page.getByRole('button', { name: 'Add a filter' }));
  i.step('The field to filter by');
  await i.click(page.getByRole('menuitem', { name: 'date', exact: true }));
  // Of a date, a time range is what a filter begins with.
  await expect(page.getByRole('combobox', { name: 'Filter type' })).toHaveValue('Time range');
  const mapped = answerOf(page, (v, filters) => v.kind === 'points_on_map' && filters.some((f) => f.from === '2020-09-10' && f.to === '2020-09-11'));
  i.step('Start');
  await i.click(page.getByLabel('Start'));
  await i.type('09102020');
  i.step('End');
  await i.click(page.getByLabel('End'));
  await i.type('09112020');
  await expect(page.getByLabel('Start')).toHaveValue('2020-09-10');
  await expect(page.getByLabel('End')).toHaveValue('2020-09-11');

  // The numbers on the map are SQL's.
  const map = await mapped;
  const places = await sql(admin, "SELECT country, lat, lon, sum(confirmed) FROM covid_confirmed_cases WHERE date = '2020-09-10' AND lat IS NOT NULL GROUP BY country, lat, lon");
  const drawn = new Map(column(map, 'country').map((c, n) => [`${c} ${Number(column(map, 'coordinate.latitude')[n])} ${Number(column(map, 'coordinate.longitude')[n])}`, Number(column(map, 'confirmed')[n])]));
  expect(places.length).toBeGreaterThan(20);
  for (const [country, lat, lon, confirmed] of places) expect(drawn.get(`${country} ${Number(lat)} ${Number(lon)}`), `${country}`).toBe(Number(confirmed));
  await expect(page.locator('article[data-selected][aria-busy]')).toHaveCount(0);
  await picture('day');
  const toMap = { clicks: i.clicks, drags: i.drags, keys: i.keys, seconds: i.seconds };

  i.step('Another visual');
  await i.click(page.getByRole('button', { name: 'Add visual' }));
  // It has come into view, below the first.
  await expect(page.locator('article[data-selected]')).toBeInViewport({ ratio: 0.5 });
  i.step('Over time');
  await i.click(field('date'));
  i.step('By country');
  await i.click(field('country'));
  const all = answerOf(page, (v) => v.kind === 'line' && Object.keys(v.wells ?? {}).length === 3);
  await i.click(field('mortality'));
  await all;
  await expect(page.getByRole('button', { name: 'Line chart' })).toHaveAttribute('aria-pressed', 'true'); // its kind follows from the fields
  i.step('Selected countries');
  await i.click(page.getByRole('button', { name: /^Filters/ }));
  await i.click(page.getByRole('button', { name: 'Add a filter' }));
  await i.click(page.getByRole('menuitem', { name: 'country', exact: true }));
  const lined = answerOf(page, (v, filters) => v.kind === 'line' && filters.some((f) => f.values?.length === six.length));
  await i.click(page.getByLabel('Find values of country'));
  for (const c of six) {
    await i.type(c);
    await i.press('Enter');
  }
  const line = await lined;
  await expect(page.getByRole('group', { name: 'country', exact: true })).toContainText('6 chosen');
  const rates = await sql(
    admin,
    `SELECT c.country, c.date, cast(sum(d.deaths) AS double) / nullif(sum(c.confirmed), 0) FROM covid_confirmed_cases c
     JOIN covid_death_cases d ON c.country = d.country AND coalesce(c.state, '') = coalesce(d.state, '') AND c.date = d.date
     WHERE c.country IN (${six.map((c) => `'${c}'`).join(', ')}) AND c.date BETWEEN '2020-09-01' AND '2020-09-10' GROUP BY c.country, c.date`,
  );
  const rate = new Map(column(line, 'date').map((d, n) => [`${d} ${column(line, 'country')[n]}`, column(line, 'mortality')[n]]));
  expect(new Set(column(line, 'country')).size).toBe(six.length);
  expect(rates.length).toBe(60);
  for (const [country, date, r] of rates) expect(near(Number(rate.get(`${date} ${country}`)), Number(r)), `${country} ${date}: ${rate.get(`${date} ${country}`)} and not ${r}`).toBe(true);
  await expect(page.locator('article[data-selected][aria-busy]')).toHaveCount(0);
  await picture('line');

  const say = (p: { clicks: number; drags: number; keys: number; seconds: number }) => `${p.clicks} clicks, ${p.drags} drags, ${p.keys} keys, ${Math.round(p.seconds)} s for a person by the keystroke-level model`;
  console.log(`from signing up to the map of a day: ${say(toMap)}`);
  console.log(`from signing up to the second chart: ${say(i)}; the pages and their checks took ${Math.round((Date.now() - began) / 1000)} s here`);
  console.log(`${i.steps.length} of the article's ${article.length} steps`);
  expect(i.seconds).toBeLessThan(300);
  // The guide says the same.
  const told = readFileSync(resolve(import.meta.dirname, '../../docs/guide/dashboards.md'), 'utf8').replaceAll(/\s+/g, ' ');
  expect(told).toContain(`${i.clicks} clicks, ${i.drags} drags and ${i.keys} keys`);

  // Published, and shared with somebody else.
  expect((await admin.put('/api/v1/users/nora', { data: {} })).ok()).toBe(true);
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  const publish = page.getByRole('complementary', { name: 'Publish' });
  await expect(publish.getByRole('list', { name: 'Changes' })).toContainText('added');
  await publish.getByLabel('Name of the dashboard').fill('Outbreak');
  await publish.getByRole('button', { name: 'Publish dashboard' }).click();
  const who = publish.getByRole('combobox', { name: 'User or group' });
  await who.fill('nora');
  await publish.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(publish.getByRole('list', { name: 'Shared with' })).toContainText('nora');
  await publish.getByRole('link', { name: 'Open the dashboard' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Outbreak' })).toBeVisible();
  await expect(page.locator('article[data-visual]')).toHaveCount(2);
  await expect(page.locator('article[aria-busy]')).toHaveCount(0);
  await picture('dashboard');
});
