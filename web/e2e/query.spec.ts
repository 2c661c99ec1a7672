import { readFileSync } from 'node:fs';

import { expect, run, state, test, write } from './lake';

const hundredThousand = 'SELECT a.* FROM covid_confirmed_cases a, (VALUES 1, 2, 3, 4) t(n) LIMIT 100000';

test('a statement runs and its result is read', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, 'SELECT country, count(*) AS days FROM covid_confirmed_cases GROUP BY country ORDER BY days DESC, country LIMIT 10');
  await expect(state(page)).toContainText('Succeeded');
  await expect(state(page)).toContainText('10 rows');
  const grid = page.getByRole('grid', { name: 'Result' });
  await expect(grid.getByRole('columnheader', { name: 'country' })).toBeVisible();
  await expect(grid.getByRole('gridcell').first()).not.toBeEmpty();

  // The address is the result's: it opens again, elsewhere too.
  const address = page.url();
  expect(address).toContain('run=');
  const other = await page.context().newPage();
  await other.goto(address);
  await expect(other.getByRole('grid', { name: 'Result' }).getByRole('columnheader', { name: 'country' })).toBeVisible();
  await expect(other.locator('.cm-content')).toContainText('GROUP BY country');
  await other.close();
});

test('the result is downloaded as the CSV that lies in the bucket', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, "SELECT 'Korea, South' AS c, cast(NULL AS varchar) AS n");
  await expect(state(page)).toContainText('Succeeded');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: /CSV/ }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('"c","n"\n"Korea, South",\n');
});

test('a wrong name is underlined where it stands', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, 'SELECT 1;\n\nSELECT country,\n       nope\nFROM covid_confirmed_cases');
  await expect(page.getByRole('alert')).toContainText("Column 'nope' cannot be resolved");
  await expect(page.locator('.cm-lintRange-error')).toHaveText('nope');
  // A text that is no longer what was run has no line.
  await page.locator('.cm-content').press('ControlOrMeta+Home');
  await page.keyboard.type(' ');
  await expect(page.locator('.cm-lintRange-error')).toHaveCount(0);
});

test('a statement that does not parse is refused with its place', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, 'SELECT country\nFROM FROM covid_confirmed_cases');
  await expect(page.getByRole('alert')).toContainText(/line 2:6/);
  await expect(page.locator('.cm-lintRange-error')).toHaveText('FROM');
});

test('of several statements the one at the cursor runs, or what is selected', async ({ admin: page }) => {
  await page.goto('/query');
  await write(page, "SELECT 'first' AS a;\nSELECT 'second' AS a;");
  const cell = page.getByRole('grid', { name: 'Result' }).getByRole('gridcell').first();
  await page.locator('.cm-content').press('ControlOrMeta+Home');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(cell).toHaveText('first');
  await page.locator('.cm-content').press('ControlOrMeta+End');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(cell).toHaveText('second');
  await page.locator('.cm-content').press('ControlOrMeta+Home');
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Shift+ArrowLeft'); // without the semicolon
  await page.keyboard.press('ControlOrMeta+Shift+Enter');
  await expect(cell).toHaveText('first');
});

test('a query is stopped', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, 'SELECT count(*) FROM covid_confirmed_cases a, covid_confirmed_cases b, covid_confirmed_cases c WHERE a.confirmed + b.confirmed > c.confirmed');
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(state(page)).toContainText('Cancelled');
  await expect(page.getByRole('button', { name: 'Run' })).toBeVisible();
});

test('tables and columns are completed from the catalog', async ({ admin: page }) => {
  await page.goto('/query');
  await write(page, 'SELECT * FROM covid_confirmed_cases c WHERE c');
  await expect(page.getByRole('treeitem', { name: 'covid_confirmed_cases' })).toBeVisible();
  await page.keyboard.type('.');
  const list = page.locator('.cm-tooltip-autocomplete');
  await expect(list).toContainText('confirmed');
  await page.keyboard.type('conf');
  await list.getByRole('option', { name: /^confirmed/ }).click();
  await expect(page.locator('.cm-content')).toContainText('WHERE c.confirmed');
});

test('editors keep their texts, names and results', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, "SELECT 'one' AS a");
  const cell = page.getByRole('grid', { name: 'Result' }).getByRole('gridcell').first();
  await expect(cell).toHaveText('one');
  await page.getByRole('button', { name: 'New editor' }).click();
  await expect(page.getByText('What a query answers appears here.')).toBeVisible();
  await run(page, "SELECT 'two' AS a");
  await expect(cell).toHaveText('two');
  await page.getByRole('group', { name: 'Editors' }).getByRole('button').first().dblclick();
  await page.getByLabel('Name of the editor').fill('mine');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'mine', exact: true }).click();
  await expect(cell).toHaveText('one');
  await page.reload();
  await expect(page.getByRole('button', { name: 'mine', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.cm-content')).toContainText("'one'");
  await expect(cell).toHaveText('one');
  await page.goBack();
  await page.getByRole('button', { name: 'Close mine' }).click();
  await expect(page.getByRole('button', { name: 'mine', exact: true })).toHaveCount(0);
});

test('the history opens an earlier run', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, "SELECT 'long ago' AS a");
  await expect(state(page)).toContainText('Succeeded');
  await run(page, "SELECT 'now' AS a");
  await expect(page.getByRole('grid', { name: 'Result' }).getByRole('gridcell').first()).toHaveText('now');
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByLabel('Filter history').fill('long ago');
  await page.getByRole('tabpanel').getByRole('button', { name: /long ago/ }).first().click();
  await expect(page.getByRole('grid', { name: 'Result' }).getByRole('gridcell').first()).toHaveText('long ago');
  await expect(page.locator('.cm-content')).toContainText('long ago');
});

test('a hundred thousand rows are scrolled through, by wheel and by key', async ({ admin: page }) => {
  await page.goto('/query');
  await run(page, hundredThousand);
  await expect(state(page)).toContainText('100,000 rows');
  const grid = page.getByRole('grid', { name: 'Result' });
  await expect(grid).toHaveAttribute('aria-rowcount', '100001');
  await expect(grid.getByRole('rowheader').first()).toHaveText('1');
  expect(await grid.getByRole('row').count()).toBeLessThan(80);

  await grid.evaluate((e) => e.scrollTo({ top: 50_000 * 28 }));
  await expect(grid.getByRole('row', { name: /^50,00\d/ }).first()).toBeVisible();
  await expect(grid.locator('[aria-rowindex="50010"] [role=gridcell]').nth(1)).not.toBeEmpty();

  await grid.focus();
  await page.keyboard.press('ControlOrMeta+End');
  await expect(grid.locator('[aria-rowindex="100001"] [role=gridcell]').nth(1)).not.toBeEmpty();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: 'Row 100000' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary', { name: 'Row 100000' })).toHaveCount(0);
});
