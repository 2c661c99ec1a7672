import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, run, state, test } from './lake';

// What people with other eyes, hands or devices meet.

async function clean(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  expect(found, what).toEqual([]);
}

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in ${scheme}`, async ({ page, lake }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.goto('/');
    await page.getByLabel('Name').waitFor();
    await clean(page, 'login');
    await page.getByLabel('Name').fill(lake.user);
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await clean(page, 'login refused');
    await page.getByLabel('Password', { exact: true }).fill(lake.password);
    await page.keyboard.press('Enter');
    await page.locator('.cm-content').waitFor();
    await clean(page, 'query, empty');
    await run(page, "-- a comment\nSELECT country, lat, 'text' AS t, 1.5 AS n FROM covid_confirmed_cases LIMIT 50");
    await expect(state(page)).toContainText('Succeeded');
    await page.getByRole('grid', { name: 'Result' }).focus();
    await page.keyboard.press('Enter');
    await clean(page, 'query, result');
    await page.getByRole('tab', { name: 'Details' }).click();
    await clean(page, 'query, details');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByLabel('Filter history').waitFor();
    await clean(page, 'query, history');
    await run(page, 'SELECT nope FROM covid_confirmed_cases');
    await page.getByRole('alert').waitFor();
    await clean(page, 'query, failed');

    for (const view of ['', 'sample', 'ddl', 'properties']) {
      await page.goto(`/catalog/AwsDataCatalog/default/covid_confirmed_cases?view=${view}`);
      await page.getByRole('tabpanel').locator('table, [role=gridcell], pre, dl').first().waitFor();
      await clean(page, `table, ${view}`);
    }
    await page.goto('/catalog');
    await page.getByRole('table').waitFor();
    await clean(page, 'catalog');
    await page.goto('/buckets');
    await page.getByRole('table').waitFor();
    await clean(page, 'buckets');
    await page.getByRole('button', { name: 'Create bucket' }).click();
    await page.getByRole('dialog').waitFor();
    await clean(page, 'create bucket');
    await page.goto('/buckets/lethe-demo');
    await page.getByRole('gridcell').first().waitFor();
    await clean(page, 'bucket');
    await page.getByRole('button', { name: lake.user }).click();
    await page.getByRole('menu').waitFor();
    await clean(page, 'menu');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('menu')).toHaveCount(0);
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByPlaceholder('A page, table, bucket').waitFor();
    await clean(page, 'palette');
    await page.keyboard.press('Escape');
    await expect(page.getByPlaceholder('A page, table, bucket')).toHaveCount(0);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await clean(page, 'keys');
  });

  test(`axe finds nothing where access and metastores are looked after, in ${scheme}`, async ({ admin: page }) => {
    test.setTimeout(300_000); // axe looks long at each page where a machine is loaded
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.goto('/catalog/demo_hive_metastore');
    await page.getByRole('table').waitFor();
    await clean(page, 'data catalog');
    await page.goto('/catalog/connect');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('It must begin with thrift://').waitFor();
    await clean(page, 'connect data source');
    for (const [view, name] of [
      ['users', 'engineer'],
      ['groups', 'DataEngineerGroup'],
      ['roles', 'new'],
      ['rules', 'new'],
      ['policies', 'arn:aws:iam::000000000000:policy/DataBucketReadAccessPolicy'],
    ] as const) {
      await page.goto(`/access?view=${view}&name=${name}`);
      await page.getByRole('complementary').getByRole('heading', { level: 3 }).first().waitFor();
      if (view === 'roles' || view === 'policies') await page.locator('.cm-content').waitFor();
      await clean(page, `access, ${view}`);
    }
    await page.goto('/access?view=keys');
    await page.getByRole('table').first().waitFor();
    await clean(page, 'access, keys');
    await page.goto('/access?view=audit&outcome=allowed');
    await page.getByRole('link', { name: /lethe:ReadAudit/ }).first().click();
    await page.getByRole('complementary').waitFor();
    await clean(page, 'access, audit');
    for (const [as, action] of [
      ['sales', 'lambda:InvokeFunction'],
      ['admin', 's3:GetObject'],
    ] as const) {
      await page.goto(`/access?view=why&as=${as}&action=${action}`);
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      await clean(page, `access, why ${as}`);
    }
  });
}

test('a phone shows every page without scrolling sideways', async ({ admin: page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const fits = async (what: string) => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, what).toBeLessThanOrEqual(0);
  };
  await page.goto('/query');
  await run(page, 'SELECT * FROM covid_confirmed_cases LIMIT 50');
  await expect(state(page)).toContainText('Succeeded');
  await fits('query');
  await page.getByRole('button', { name: 'Tables' }).click();
  await expect(page.getByRole('treeitem', { name: 'covid_death_cases' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Catalog' }).click();
  await page.getByRole('treeitem', { name: 'covid_death_cases' }).click();
  await expect(page.getByRole('heading', { name: 'Table covid_death_cases' })).toBeVisible();
  await fits('table');
  await page.getByRole('link', { name: 'Back' }).click();
  await fits('database');
  await page.getByRole('link', { name: 'Buckets' }).click();
  await page.getByRole('link', { name: 'lethe-demo' }).click();
  await page.getByRole('gridcell').first().waitFor();
  await fits('bucket');
  await page.getByRole('link', { name: 'Access' }).click();
  await page.getByRole('link', { name: 'engineer', exact: true }).click();
  await page.getByRole('complementary').getByText('Access keys').waitFor();
  await fits('user');
  for (const at of ['/access?view=policies', '/access?view=keys', '/access?view=audit', '/access?view=why&as=sales&action=s3:GetObject', '/catalog/connect', '/catalog/demo_hive_metastore']) {
    await page.goto(at);
    await page.getByRole('heading').first().waitFor();
    await fits(at);
  }
});
