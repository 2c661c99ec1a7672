import { readFileSync } from 'node:fs';

import { expect, test } from './lake';

test('a bucket from its creation to its end', async ({ admin: page }) => {
  await page.goto('/buckets');
  await page.getByRole('button', { name: 'Create bucket' }).click();
  await page.getByLabel('Name').fill('paper-mill');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('This bucket is empty.')).toBeVisible();

  await page.getByLabel('Files to upload').setInputFiles([
    { name: 'plain.txt', mimeType: 'text/plain', buffer: Buffer.from('hello, wörld\n') },
    { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('country,n\n"Korea, South",1\n') },
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<script>parent.hacked = 1</script>') },
    { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(12 << 20, 7) },
  ]);
  await expect(page.getByText('Uploaded 4 files')).toBeVisible();
  const objects = page.getByRole('grid', { name: 'Objects' });
  await expect(objects.getByRole('row')).toHaveCount(5);

  // The same name again is not overwritten without asking.
  await page.getByLabel('Files to upload').setInputFiles([{ name: 'plain.txt', mimeType: 'text/plain', buffer: Buffer.from('new\n') }]);
  await expect(page.getByText('There is an object of this name already.')).toBeVisible();
  await page.getByRole('button', { name: 'Replace' }).click();
  await expect(page.getByText('Uploaded 5 files')).toBeVisible();
  await page.getByRole('button', { name: 'Close uploads' }).click();

  await objects.getByText('rows.csv').click();
  await expect(page.getByRole('grid', { name: 'Preview' }).getByRole('gridcell', { name: 'Korea, South' })).toBeVisible();
  expect(page.url()).toContain('object=rows.csv');
  await objects.getByText('page.html').click();
  await expect(page.getByText('parent.hacked')).toBeVisible();
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await objects.getByText('plain.txt').click();
  await expect(page.getByRole('tabpanel')).toHaveText('new\n');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('new\n');

  for (const name of ['large.bin', 'page.html', 'plain.txt', 'rows.csv']) {
    await objects.getByText(name).click();
    await page.getByRole('button', { name: 'Delete object' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(objects.getByText(name)).toHaveCount(0);
  }
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Delete bucket' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'Buckets' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'paper-mill' })).toHaveCount(0);
});

test('folders are walked by key and by address', async ({ admin: page }) => {
  await page.goto('/buckets');
  await page.getByRole('link', { name: 'lethe-demo' }).click();
  await page.getByRole('grid', { name: 'Objects' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/prefix=covid_data\//);
  await page.getByRole('grid', { name: 'Objects' }).getByText('csv/').click();
  await page.getByRole('grid', { name: 'Objects' }).getByText('confirmed').first().click();
  await expect(page.getByRole('grid', { name: 'Preview' }).getByRole('columnheader', { name: 'Country/Region' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('grid', { name: 'Preview' })).toHaveCount(0);
  await page.goBack();
  await page.getByRole('link', { name: 'covid_data' }).click();
  await expect(page.getByRole('grid', { name: 'Objects' }).getByText('parquet/')).toBeVisible();
});

test('a Parquet file shows its rows, and a damaged one says so', async ({ admin: page }) => {
  await page.goto('/buckets/lethe-demo?prefix=covid_data/parquet/covid_death_cases/');
  await page.getByRole('grid', { name: 'Objects' }).getByText(/\.parquet/).first().click();
  const preview = page.getByRole('grid', { name: 'Preview' });
  await expect(preview.getByRole('columnheader', { name: 'deaths' })).toBeVisible();
  await expect(preview).toHaveAttribute('aria-rowcount', '101');
  await expect(page.getByRole('button', { name: 'Query default.covid_death_cases' })).toBeVisible();
  const at = '/api/v1/buckets/lethe-demo/objects/damaged/x.parquet';
  await page.request.put(at, { data: 'PAR1 and no end', headers: { 'Content-Type': 'application/octet-stream' } });
  await page.goto('/buckets/lethe-demo?prefix=damaged/&object=damaged/x.parquet');
  await expect(page.getByRole('alert')).toContainText('not a whole Parquet file');
});

test('names that are no paths', async ({ admin: page }) => {
  for (const key of ['odd/a b+c.txt', 'odd/100%.txt', 'odd/q?x#y.txt', 'odd/ä.txt']) {
    const at = '/api/v1/buckets/lethe-demo/objects/' + key.split('/').map(encodeURIComponent).join('/');
    expect((await page.request.put(at, { data: 'text of ' + key, headers: { 'Content-Type': 'text/plain' } })).status()).toBe(201);
  }
  await page.goto('/buckets/lethe-demo?prefix=odd/');
  for (const name of ['a b+c.txt', '100%.txt', 'q?x#y.txt', 'ä.txt']) {
    await page.getByRole('grid', { name: 'Objects' }).getByText(name).click();
    await expect(page.getByRole('tabpanel')).toHaveText('text of odd/' + name);
    await page.reload();
    await expect(page.getByRole('tabpanel')).toHaveText('text of odd/' + name);
  }
});

test('a bucket that is not there', async ({ admin: page }) => {
  await page.goto('/buckets/no-such-bucket');
  await expect(page.getByRole('alert')).toContainText('no-such-bucket');
});
