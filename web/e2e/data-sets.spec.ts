import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from './lake';

const grid = (page: Page) => page.getByRole('grid', { name: 'First rows' });
const head = (page: Page, field: string) => grid(page).getByRole('columnheader').getByRole('button', { name: new RegExp(`^${field}`) });

/** Its days are texts, and one of them, which is not among the first, is none. */
const statement = `SELECT country, confirmed,
  CASE WHEN country = 'Italy' AND date = '2020-03-01' THEN 'unknown' ELSE substr(date, 9, 2) || '.' || substr(date, 6, 2) || '.' || substr(date, 1, 4) END AS day
FROM covid_confirmed_cases ORDER BY date`;

test('a statement that is wrong at first becomes a data set with a date and an extract', async ({ admin: page, browser, lake }) => {
  test.setTimeout(420_000); // with axe at each page, where a machine is loaded
  page.setDefaultTimeout(60_000);
  await page.goto('/data-sets');
  await page.getByRole('button', { name: 'New data set' }).click();
  await page.getByRole('radiogroup', { name: 'Where the rows come from' }).getByText('Custom SQL').click();
  await page.locator('.cm-content').click();

  // An error stands where it is.
  await page.keyboard.insertText('SELECT country,\n  confirmd\nFROM covid_confirmed_cases');
  await page.keyboard.press('Escape');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(page.getByRole('alert')).toContainText('confirmd');
  await expect(page.locator('.cm-lintRange-error')).toHaveText('confirmd');
  await page.locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(statement);
  await page.keyboard.press('Escape');
  await page.keyboard.press('ControlOrMeta+Enter');

  // The text is changed to a date; what does not convert is counted.
  await head(page, 'day').click();
  const sheet = page.getByRole('complementary', { name: 'Field day' });
  await page.getByRole('button', { name: 'Change to date, dd.MM.yyyy' }).click();
  await expect(grid(page).getByRole('gridcell', { name: '2020-01-22' }).first()).toBeVisible();
  await expect(sheet.getByRole('status')).toContainText('do not convert');
  await expect(sheet.getByRole('status')).toContainText('unknown');
  await page.locator('body').press('ControlOrMeta+z');
  await expect(head(page, 'day')).toContainText('Text');
  await page.locator('body').press('ControlOrMeta+Shift+z');
  await expect(head(page, 'day')).toContainText('Date');
  await sheet.getByRole('textbox', { name: 'Name' }).fill('date');
  await sheet.getByRole('textbox', { name: 'Name' }).press('Enter');
  await expect(head(page, 'date')).toBeVisible();

  // A calculated field, with its error in place and its first values.
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Calculated field' }).click();
  await page.getByRole('textbox', { name: 'Name of the field' }).fill('thousands');
  await page.locator('.cm-content').click();
  await page.keyboard.insertText('confirmd / 1000');
  await expect(page.locator('.cm-lintRange-error')).toHaveText('confirmd');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText('confirmed / 1000');
  await expect(page.getByLabel('First values')).toContainText('0');
  await page.getByRole('button', { name: 'Add field' }).click();
  await expect(head(page, 'thousands')).toContainText('Decimal');

  // It is saved, and its extract made.
  await page.getByRole('textbox', { name: 'Name', exact: true }).first().fill('Cases by day');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(/data-sets\/[0-9a-f-]{36}/);
  await page.getByRole('tab', { name: 'Extract' }).click();
  await expect(page.getByText('The extract answers')).toBeVisible();
  const rows = page.locator('dl').filter({ hasText: 'Rows' });
  await expect(rows).toContainText(/Rows\s*[1-9]/);
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Done' })).toHaveCount(2);

  // Two at once: who saves second is told who was first and what they changed.
  const here = page.url();
  const context = await browser.newContext({ baseURL: lake.url });
  const other = await context.newPage();
  expect((await other.request.post('/api/v1/session', { data: { name: lake.user, password: lake.password } })).status()).toBe(201);
  await other.goto(here);
  await other.getByRole('tab', { name: 'Extract' }).click();
  await other.getByRole('button', { name: 'Add time' }).click();
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(other.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await context.close();

  await page.getByRole('tab', { name: 'Prepare' }).click();
  await head(page, 'confirmed').click();
  await page.getByText('Adds up over time already').click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = page.getByRole('dialog', { name: 'Somebody else saved first' });
  await expect(conflict.getByRole('region', { name: 'admin changed' })).toContainText('another schedule');
  await expect(conflict.getByRole('region', { name: 'You changed' })).toContainText('confirmed');
  await conflict.getByRole('button', { name: 'Save mine over it' }).click();
  await expect(conflict).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();

  const own = new URL(here).pathname;
  for (const scheme of ['light', 'dark', 'phone'] as const) {
    await page.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
    await page.setViewportSize(scheme === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 800 });
    for (const at of ['/data-sets', '/data-sets/new', `${own}?open=field:date`, `${own}?view=source`, `${own}?view=extract`, `${own}?view=access`]) {
      await page.goto(at);
      await page.locator('#page :is(h2, h3, table, [role=grid], [role=tree], .cm-content)').first().waitFor({ state: 'attached' });
      if (scheme === 'phone') {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(over, at).toBeLessThanOrEqual(0);
        continue;
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `${scheme} ${at}`).toEqual([]);
    }
  }

  // From its text it becomes another, if whoever imports it says so.
  await page.setViewportSize({ width: 1280, height: 800 });
  const yaml = await (await page.request.get(`/api/v1${own}/yaml`)).text();
  const changed = Buffer.from(yaml.replace('name: Cases by day', 'name: Cases of each day'));
  expect(changed.toString()).not.toBe(yaml);
  await page.goto('/data-sets');
  await page.getByRole('link', { name: 'Cases by day' }).waitFor();
  const bring = (buffer: Buffer) => page.getByLabel('YAML to import').setInputFiles({ name: 'cases.yaml', mimeType: 'application/yaml', buffer });
  await bring(Buffer.from(yaml));
  await expect(page.getByText('The same already: data set “Cases by day”.')).toBeVisible();
  await bring(changed);
  const replace = page.getByRole('dialog', { name: 'Replace what is there?' });
  await expect(replace).toContainText('Cases by day');
  await replace.getByRole('button', { name: 'Replace' }).click();
  await expect(page.getByText('Replaced data set “Cases of each day”.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Cases of each day' })).toBeVisible();

  await page.goto(here);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete data set' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Data sets' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Cases of each day' })).toHaveCount(0);
});
