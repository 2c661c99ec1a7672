import { expect, state, test } from './lake';

test('from the database to a table, its columns, sample and DDL', async ({ admin: page }) => {
  await page.goto('/catalog');
  await page.getByRole('link', { name: 'covid_death_cases' }).click();
  await expect(page.getByRole('cell', { name: 'deaths', exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Sample' }).click();
  await expect(page.getByRole('grid', { name: 'Sample rows' }).getByRole('row')).not.toHaveCount(1);
  await page.getByRole('tab', { name: 'DDL' }).click();
  await expect(page.getByText(/CREATE EXTERNAL TABLE/)).toBeVisible();
  expect(page.url()).toContain('view=ddl');
  await page.reload();
  await expect(page.getByText(/CREATE EXTERNAL TABLE/)).toBeVisible();
  await page.getByRole('tab', { name: 'Properties' }).click();
  await expect(page.getByText('EXTERNAL_TABLE')).toBeVisible();
});

test('the filter finds columns too, and arrow keys walk the tree', async ({ admin: page }) => {
  await page.goto('/catalog');
  await page.getByRole('treeitem', { name: 'default' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('deaths');
  await expect(page.getByRole('treeitem')).toHaveText(['default', 'covid_death_cases']);
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Table covid_death_cases' })).toBeVisible();
});

test('a table leads to its query and to its files', async ({ admin: page }) => {
  await page.goto('/catalog/AwsDataCatalog/default/covid_recovered_cases');
  await page.getByRole('button', { name: 'Query' }).click();
  await expect(page.locator('.cm-content')).toContainText('FROM default.covid_recovered_cases');
  // A link opens a statement and does not run it.
  await expect(state(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(state(page)).toContainText('100 rows');
  await page.goto('/catalog/AwsDataCatalog/default/covid_recovered_cases');
  await page.getByRole('link', { name: /^s3:/ }).click();
  await expect(page.getByRole('grid', { name: 'Objects' }).getByText(/\.parquet/).first()).toBeVisible();
});

test('the other data catalog shows its tables', async ({ admin: page }) => {
  await page.goto('/catalog/demo_hive_metastore/default/covid_confirmed_cases');
  await expect(page.getByRole('cell', { name: 'confirmed', exact: true })).toBeVisible();
});

test('what does not exist is said, with what to do', async ({ admin: page }) => {
  await page.goto('/catalog/AwsDataCatalog/default/nothing');
  await expect(page.getByRole('alert')).toContainText('nothing');
  await page.goto('/nowhere');
  await expect(page.getByText('There is no page at this address.')).toBeVisible();
});
