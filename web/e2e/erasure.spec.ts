import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';

import { expect, test } from './lake';

// Persons who are erased, from saying what identifies them to the proof that they are.

const sheet = (page: Page, name: string) => page.getByRole('complementary', { name });

async function done(api: APIRequestContext, method: 'put' | 'post', path: string, data: unknown) {
  const r = await api[method]('/api/v1' + path, { data });
  expect(r.ok(), `${path}: ${await r.text()}`).toBe(true);
  return r.json() as Promise<Record<string, unknown>>;
}

const line = (user: number, n: number) => JSON.stringify({ user_id: `u${user}`, buyer: { mail: `u${user}@example.org`, name: { first: `A${n}`, last: 'B' } }, body: `text ${n}` });

/** A table of orders in three objects, of which one cannot be read. Any test may be the first in its lake. */
async function orders(api: APIRequestContext) {
  if ((await api.get('/api/v1/buckets/shop/objects/orders/torn.json')).ok()) return;
  expect((await api.put('/api/v1/buckets/shop')).ok()).toBe(true);
  const put = async (key: string, lines: string[]) =>
    expect((await api.put(`/api/v1/buckets/shop/objects/${key}`, { data: lines.join('\n') + '\n', headers: { 'Content-Type': 'text/plain' } })).ok()).toBe(true);
  for (let day = 1; day <= 2; day++) await put(`orders/day-${day}.json`, Array.from({ length: 40 }, (_, i) => line(i % 10, i)));
  await put('orders/torn.json', ['{"user_id": "u1", torn']);
  const q = await done(api, 'post', '/queries', {
    catalog: 'AwsDataCatalog',
    database: 'default',
    statement: `CREATE EXTERNAL TABLE orders (user_id string, buyer struct<mail:string,name:struct<first:string,last:string>>, body string)
      ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://shop/orders/'`,
  });
  await expect.poll(async () => ((await (await api.get(`/api/v1/queries/${String(q.id)}`)).json()) as { state: string }).state).toBe('SUCCEEDED');
}

/** The same with its mapping. */
async function mapped(api: APIRequestContext) {
  await orders(api);
  await done(api, 'put', '/identifier-types/user_id', { form: 'exact' });
  await done(api, 'put', '/identifier-types/mail', { form: 'email' });
  const identifiers = [
    { type: 'user_id', columns: ['user_id'] },
    { type: 'mail', columns: ['buyer.mail'] },
  ];
  await done(api, 'put', '/mappings/orders', { database: 'default', table: 'orders', identifiers });
}

/** Asks for a person by API, and waits for the report. */
async function asked(api: APIRequestContext, user: string) {
  await mapped(api);
  const id = String((await done(api, 'post', '/requests', { identifiers: [{ type: 'user_id', values: [user] }] })).id);
  await expect.poll(async () => ((await (await api.get(`/api/v1/requests/${id}`)).json()) as { state: string }).state).toBe('reported');
  return id;
}

test('a person is found, erased and proven to be', async ({ admin: page }) => {
  await orders(page.request);
  await page.goto('/query');
  await page.locator('.cm-content').waitFor();
  await page.getByRole('link', { name: 'Erasure' }).click();

  // What identifies people.
  await page.getByRole('tab', { name: 'Mappings' }).click();
  for (const [name, form] of [
    ['user_id', /same bytes/],
    ['mail', /e-mail/],
  ] as const) {
    await page.getByRole('button', { name: 'New type' }).first().click();
    const made = sheet(page, 'New identifier type');
    await made.getByLabel('Name', { exact: true }).fill(name);
    await made.getByRole('combobox', { name: 'Which spellings are the same' }).click();
    await page.getByRole('option', { name: form }).click();
    await made.getByRole('button', { name: 'Create type' }).click();
    await expect(page.getByRole('list', { name: 'Identifier types' }).getByRole('link', { name })).toBeVisible();
  }

  // Where it is, also within a column.
  await page.getByRole('button', { name: 'New mapping' }).first().click();
  await page.getByRole('combobox', { name: 'Table' }).click();
  await page.getByRole('option', { name: 'default.orders' }).click();
  await page.getByRole('combobox', { name: 'Type of identifier 1' }).click();
  await page.getByRole('option', { name: 'user_id' }).click();
  await page.getByRole('list', { name: 'Columns of identifier 1' }).getByRole('button', { name: 'user_id' }).click();
  await page.getByRole('button', { name: 'Add identifier' }).click();
  await page.getByRole('list', { name: 'Fields of buyer', exact: true }).nth(1).getByRole('button', { name: 'mail' }).click();
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await expect(page.getByRole('row', { name: /default\.orders/ })).toContainText('buyer.mail');

  await page.getByRole('tab', { name: 'Index' }).click();
  await page.getByRole('button', { name: 'Build index' }).click();
  await expect(page.getByRole('region', { name: 'Could not be read' })).toContainText('orders/torn.json');

  // Who.
  await page.getByRole('tab', { name: 'Requests' }).click();
  await page.getByRole('button', { name: 'New request' }).first().click();
  const made = sheet(page, 'New request');
  await made.getByRole('combobox', { name: 'Type of identifier 1' }).click();
  await page.getByRole('option', { name: 'mail' }).click();
  await made.getByLabel('Value').fill('U7@example.org');
  await made.getByRole('button', { name: 'Add identifier' }).click();
  await made.getByRole('combobox', { name: 'Type of identifier 2' }).click();
  await page.getByRole('option', { name: 'user_id' }).click();
  await made.getByLabel('Value of identifier 2').fill('u7');
  await page.keyboard.press('Enter');

  // The report has counts and places, and nothing of what was typed.
  const stop = (name: string) => page.getByRole('list', { name: 'Stops' }).getByRole('listitem').filter({ hasText: name });
  await expect(stop('Approved')).toHaveAttribute('aria-current', 'step');
  await expect(page.getByRole('region', { name: 'Objects' }).getByRole('listitem')).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'Could not be read' })).toContainText('torn.json');
  await expect(page.locator('#page')).not.toContainText(/u7@example/i);

  await page.getByRole('button', { name: 'Approve' }).click();
  const dialog = page.getByRole('dialog', { name: 'Erase this person' });
  await expect(dialog).toContainText('8 records in 2 objects');
  await expect(dialog).toContainText('1 version could not be read');
  await dialog.getByRole('button', { name: 'Approve and erase' }).click();

  // Done is what a certificate says, which can be verified.
  await page.getByRole('tab', { name: 'Certificate' }).waitFor();
  await expect(stop('Verified')).toContainText('done');
  await expect(page.getByText('8 records erased from 2 objects')).toBeVisible();
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('this person is not found')).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'JSON' }).click();
  const signed = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as { certificate: string; signature: string };
  expect(signed.signature).not.toBe('');
  expect(Buffer.from(signed.certificate, 'base64').toString()).not.toMatch(/u7@example/i);

  await page.getByRole('link', { name: 'All requests' }).click();
  await expect(page.getByRole('row', { name: /Done/ })).toContainText('8 records in 2');
});

test('who may not approve is told so, and who rejects says why', async ({ admin: page, browser, lake }) => {
  const id = await asked(page.request, 'u3');
  await done(page.request, 'put', '/users/clerk', {});
  const { password } = await done(page.request, 'put', '/users/clerk/password', {});
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['lethe:ListErasureRequests', 'lethe:GetErasureRequest'], Resource: '*' }] });
  expect((await page.request.put('/api/v1/users/clerk/inline-policies/look', { data: { document } })).ok()).toBe(true);

  const other = await browser.newContext({ baseURL: lake.url });
  expect((await other.request.post('/api/v1/session', { data: { name: 'clerk', password } })).status()).toBe(201);
  const theirs = await other.newPage();
  await theirs.goto(`/erasure/${id}`);
  await theirs.getByRole('button', { name: 'Approve' }).click();
  await theirs.getByRole('button', { name: 'Approve and erase' }).click();
  await expect(theirs.getByRole('alert')).toContainText('lethe:DecideErasureRequest');
  await theirs.goto('/erasure?view=index');
  await expect(theirs.getByRole('alert')).toContainText('lethe:GetErasureIndex');
  await other.close();

  await page.goto(`/erasure/${id}`);
  await page.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Reject' })).toBeDisabled();
  await page.getByLabel('Reason').fill('a court has ordered to keep it');
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByRole('list', { name: 'Stops' })).toContainText('Rejected');
  await expect(page.getByText('a court has ordered to keep it')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Approve' })).toHaveCount(0);
});

test('a request is approved by keys alone', async ({ admin: page }) => {
  const id = await asked(page.request, 'u5');
  await page.goto('/buckets');
  await page.getByRole('heading', { name: 'Buckets' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  const link = page.getByRole('link', { name: id.slice(-8) });
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Approve' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('8 records').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Approve and erase' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Certificate' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab', { name: 'Report' })).toHaveAttribute('aria-selected', 'true');
  await expect(page).toHaveURL(/view=report/);
});

test('blank records are counted, and taken out', async ({ admin: page }) => {
  const api = page.request;
  await mapped(api);
  await done(api, 'put', '/mappings/notes', { location: 's3://shop/notes/', format: 'jsonl', mode: 'blank', identifiers: [{ type: 'user_id', columns: ['user_id'] }] });
  expect((await api.put('/api/v1/buckets/shop/objects/notes/1.json', { data: line(31, 1) + '\n' + line(32, 2) + '\n', headers: { 'Content-Type': 'text/plain' } })).ok()).toBe(true);
  const id = await asked(api, 'u31');
  const { digest } = (await (await api.get(`/api/v1/requests/${id}`)).json()) as { digest: string };
  await done(api, 'post', `/requests/${id}/decision`, { approve: true, digest });
  await page.goto(`/erasure/${id}`);
  await page.getByRole('tab', { name: 'Certificate' }).waitFor();
  await expect(page.getByRole('list', { name: 'Stops' }).getByRole('listitem').filter({ hasText: 'Told' })).toContainText('by you');

  await page.goto('/erasure?view=index');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.getByText('1 blank record in 1 object')).toBeVisible();
  await page.getByRole('button', { name: 'Vacuum' }).click();
  await expect(page.getByText('1 blank record taken out of 1 object')).toBeVisible();
  expect(await (await api.get('/api/v1/buckets/shop/objects/notes/1.json')).text()).not.toContain('{}');
});

test('mappings without a table name a location', async ({ admin: page }) => {
  await mapped(page.request);
  await page.goto('/erasure?view=mappings&name=new');
  await page.getByLabel('Name', { exact: true }).fill('exports');
  await page.getByRole('combobox', { name: 'Of', exact: true }).click();
  await page.getByRole('option', { name: 'objects without a table' }).click();
  await page.getByLabel('Location').fill('s3://shop/exports/');
  await page.getByRole('combobox', { name: 'Type of identifier 1' }).click();
  await page.getByRole('option', { name: 'user_id' }).click();
  await page.getByLabel('Pattern').fill('{user_id-*.csv');
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await expect(page.getByRole('form', { name: 'New mapping' }).getByRole('alert')).toContainText('is not closed');
  await page.getByLabel('Pattern').fill('{user_id}-*.csv');
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await expect(page.getByRole('row', { name: /exports/ })).toContainText('{user_id}-*.csv');
  await page.getByRole('link', { name: 'exports', exact: true }).click();
  await page.getByRole('button', { name: 'Delete mapping' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('row', { name: /exports/ })).toHaveCount(0);
});

test('axe finds nothing in light and dark, and a phone shows everything', async ({ admin: page }) => {
  test.setTimeout(300_000); // axe looks long at each page where a machine is loaded
  const waiting = await asked(page.request, 'u6');
  const finished = await asked(page.request, 'u8');
  const { digest } = (await (await page.request.get(`/api/v1/requests/${finished}`)).json()) as { digest: string };
  await done(page.request, 'post', `/requests/${finished}/decision`, { approve: true, digest });
  const pages = ['/erasure', '/erasure?name=new', '/erasure?view=mappings&type=mail', '/erasure?view=mappings&name=orders', '/erasure?view=index', '/erasure?view=holds&name=new', `/erasure/${waiting}`, `/erasure/${finished}`];
  for (const scheme of ['light', 'dark', 'phone'] as const) {
    await page.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
    if (scheme === 'phone') await page.setViewportSize({ width: 390, height: 844 });
    for (const at of pages) {
      await page.goto(at);
      await page.locator('#page :is(h3, table)').first().waitFor();
      if (scheme === 'phone') {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(over, at).toBeLessThanOrEqual(0);
        continue;
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `${scheme} ${at}`).toEqual([]);
    }
  }
});
