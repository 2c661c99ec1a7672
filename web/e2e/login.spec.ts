import { expect, test } from './lake';

test('logging in shows the page that was asked for', async ({ page, lake }) => {
  await page.goto('/catalog/AwsDataCatalog/default');
  await expect(page.getByRole('heading', { name: 'lethe' })).toBeVisible();
  await page.getByLabel('Name').fill(lake.user);
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('do not belong together');
  await page.getByLabel('Password', { exact: true }).fill(lake.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'covid_confirmed_cases' })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/catalog/AwsDataCatalog/default');
});

test('logging out ends the session, and so does its end on the server', async ({ admin }) => {
  await admin.goto('/buckets');
  await expect(admin.getByRole('heading', { name: 'Buckets' })).toBeVisible();
  await admin.getByRole('button', { name: 'admin' }).click();
  await admin.getByRole('menuitem', { name: 'Log out' }).click();
  await expect(admin.getByLabel('Name')).toBeVisible();
  await admin.goto('/buckets');
  await expect(admin.getByLabel('Name')).toBeVisible();
});

test('a session that ends elsewhere asks for a login in place', async ({ admin }) => {
  await admin.goto('/buckets');
  await expect(admin.getByRole('table')).toBeVisible();
  await admin.request.delete('/api/v1/session');
  await admin.getByRole('link', { name: 'Catalog' }).click();
  await expect(admin.getByLabel('Name')).toBeVisible();
  expect(new URL(admin.url()).pathname).toBe('/catalog');
});
