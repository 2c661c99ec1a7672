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

test('a password that must be changed is changed before anything else', async ({ page, lake, browser }) => {
  await page.request.post('/api/v1/session', { data: { name: lake.user, password: lake.password } });
  expect((await page.request.put('/api/v1/users/newcomer', { data: {} })).ok()).toBe(true);
  await page.goto('/access?view=users&name=newcomer');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByLabel('New password').fill('first password');
  await page.getByLabel('To be changed at the next login').check();
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('to be changed at the next login', { exact: false }).first()).toBeVisible();

  const newcomer = await (await browser.newContext({ baseURL: lake.url })).newPage();
  await newcomer.goto('/buckets');
  await newcomer.getByLabel('Name').fill('newcomer');
  await newcomer.getByLabel('Password', { exact: true }).fill('first password');
  await newcomer.keyboard.press('Enter');
  await expect(newcomer.getByText('choose a password of your own')).toBeVisible();
  expect((await newcomer.request.get('/api/v1/workgroups')).status()).toBe(403);
  await newcomer.reload();
  const change = async (old: string, next: string, again: string) => {
    await newcomer.getByLabel('Password until now').fill(old);
    await newcomer.getByLabel('New password').fill(next);
    await newcomer.getByLabel('The new one again').fill(again);
    await newcomer.getByRole('button', { name: 'Change password' }).click();
  };
  await change('first password', 'second password', 'another');
  await expect(newcomer.getByText('This is not the new password.')).toBeVisible();
  await change('wrong', 'second password', 'second password');
  await expect(newcomer.getByRole('alert')).toContainText('incorrect');
  await change('first password', 'second password', 'second password');
  await expect(newcomer.getByRole('link', { name: 'Catalog' })).toBeVisible();
  expect(new URL(newcomer.url()).pathname).toBe('/buckets');
  await newcomer.context().close();
});

test('the button of an identity provider leads there, and comes back to the page', async ({ page }) => {
  // The sample lake has no provider: what one would answer is put in place of the server's answer.
  await page.route('**/api/v1/session/providers', (r) =>
    r.fulfill({ json: { providers: [{ name: 'Example', login: '/api/v1/session/oidc', end: '/api/v1/session/oidc/end' }] } }),
  );
  await page.goto('/catalog/AwsDataCatalog/default?view=columns');
  const button = page.getByRole('link', { name: 'Log in with Example' });
  await expect(button).toHaveAttribute('href', '/api/v1/session/oidc?to=' + encodeURIComponent('/catalog/AwsDataCatalog/default?view=columns'));
  let asked = '';
  await page.route('**/api/v1/session/oidc?**', (r) => {
    asked = r.request().url();
    return r.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Example</h1>' });
  });
  await button.click();
  await expect(page.getByRole('heading', { name: 'Example' })).toBeVisible();
  expect(new URL(asked).searchParams.get('to')).toBe('/catalog/AwsDataCatalog/default?view=columns');
  // A login that failed comes back with why, in words.
  await page.goto('/?login=denied');
  await expect(page.getByRole('alert')).toContainText('was not accepted');
  await expect(page.getByRole('link', { name: 'Log in with Example' })).toBeVisible();
});
