import type { Page } from '@playwright/test';

import { expect, test } from './lake';

// Who may do what: the Access page, from making a person to asking why.

const sheet = (page: Page, name: string) => page.getByRole('complementary', { name });

/** Replaces the text of the policy that is being written. */
async function writePolicy(page: Page, text: string) {
  const editor = page.getByRole('textbox', { name: 'Policy document' });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

const policy = (action: string) => `{
  "Version": "2012-10-17",
  "Statement": [{"Sid": "Only", "Effect": "Allow", "Action": "${action}", "Resource": "*"}]
}`;

test('a person is made, let in, and shut out again', async ({ admin: page, browser, lake }) => {
  await page.goto('/query');
  await page.locator('.cm-content').waitFor();
  await page.getByRole('link', { name: 'Access' }).click();
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('ada');
  await page.keyboard.press('Enter');
  const ada = sheet(page, 'User ada');
  await expect(ada).toBeVisible();
  expect(page.url()).toContain('name=ada');

  // A group, which is salespeople's.
  await ada.getByRole('combobox', { name: 'Add to a group' }).click();
  await page.getByRole('option', { name: 'SalesGroup' }).click();
  await expect(ada.getByRole('link', { name: 'SalesGroup' })).toBeVisible();

  // A key, whose secret is there once.
  await ada.getByRole('button', { name: 'Make a key' }).click();
  await expect(ada.getByText('is shown this once')).toBeVisible();
  await ada.getByRole('button', { name: 'I have kept it' }).click();
  await expect(ada.getByText('is shown this once')).toHaveCount(0);
  await ada.getByRole('button', { name: /^Deactivate AKIA/ }).click();
  await expect(ada.getByText('inactive')).toBeVisible();

  // A password that is made up opens the console.
  await ada.getByRole('button', { name: 'Set', exact: true }).click();
  await ada.getByRole('button', { name: 'Make up a password' }).click();
  const password = await ada.locator('dd code').innerText();
  const other = await browser.newContext({ baseURL: lake.url });
  expect((await other.request.post('/api/v1/session', { data: { name: 'ada', password } })).status()).toBe(201);

  // What is refused says so, and leads to the reason.
  const theirs = await other.newPage();
  await theirs.goto('/access');
  await expect(theirs.getByRole('alert').first()).toContainText('iam:ListUsers');
  const why = new URL((await theirs.getByRole('link', { name: 'Why?' }).first().getAttribute('href'))!, lake.url);
  expect(why.searchParams.get('action')).toBe('iam:ListUsers');
  await page.goto(why.pathname + why.search);
  await expect(page.getByRole('combobox', { name: 'Who' })).toHaveValue('ada');
  await expect(page.getByRole('region', { name: 'Answer' })).toContainText('Refused');
  await expect(page.locator('[data-decided]').first()).toContainText('Identity-based policies');

  // The session ends when an administrator ends it.
  await page.goto('/access?view=keys');
  await page.getByRole('button', { name: 'End the session of ada' }).click();
  await expect(page.getByRole('button', { name: 'End the session of ada' })).toHaveCount(0);
  expect((await other.request.get('/api/v1/session')).status()).toBe(401);
  await other.close();

  await page.goto('/access?view=users&name=ada');
  await page.getByRole('button', { name: 'Delete user' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('table').getByRole('link', { name: 'ada' })).toHaveCount(0);
});

test('a policy is written with its mistakes shown, changed, compared and taken back', async ({ admin: page }) => {
  await page.goto('/access?view=policies&name=new');
  const made = sheet(page, 'New policy');
  await made.getByLabel('Name').fill('only-this');
  await writePolicy(page, policy('s3:GetObject').replace('Allow', 'Alow'));
  await expect(made.getByRole('alert')).toContainText('must be "Allow" or "Deny"');
  await expect(page.locator('.cm-lintRange-error')).toHaveText('"Alow"');
  await expect(made.getByRole('button', { name: 'Create policy' })).toBeDisabled();
  await writePolicy(page, policy('s3:GetObject'));
  await made.getByRole('button', { name: 'Create policy' }).click();
  const own = sheet(page, 'Policy only-this');
  await own.getByRole('button', { name: 'Edit' }).click();
  await writePolicy(page, policy('s3:PutObject'));
  await own.getByRole('button', { name: 'Save as new version' }).click();
  await expect(own.getByText('v2, which counts')).toBeVisible();
  await own.getByRole('button', { name: 'Compare' }).click();
  const diff = own.getByRole('figure', { name: 'From v1 to v2' });
  await expect(diff.locator('[data-kind=gone]')).toContainText('s3:GetObject');
  await expect(diff.locator('[data-kind=new]')).toContainText('s3:PutObject');
  await own.getByRole('button', { name: 'Make v1 count' }).click();
  await expect(own.getByText('v1, which counts')).toBeVisible();

  // It is attached to a group, says so, and then decides.
  await page.goto('/access?view=groups&name=SalesGroup');
  await page.getByRole('combobox', { name: 'Attach a policy' }).click();
  await page.getByRole('combobox', { name: 'Attach a policy' }).fill('only-this');
  await page.getByRole('option', { name: 'only-this' }).click();
  await sheet(page, 'Group SalesGroup').getByRole('link', { name: 'only-this' }).click();
  await expect(own.getByRole('link', { name: 'SalesGroup' })).toBeVisible();
  await page.goto('/access?view=why&as=sales&action=s3:GetObject&resource=arn:aws:s3:::lethe-demo/x');
  await expect(page.getByRole('region', { name: 'Answer' })).toContainText('Allowed');
  await expect(page.locator('[data-decided] li')).toContainText('Only of only-this');
  await page.goto('/access?view=groups&name=SalesGroup');
  await page.getByRole('button', { name: 'Detach only-this' }).click();
  await expect(sheet(page, 'Group SalesGroup').getByRole('link', { name: 'only-this' })).toHaveCount(0);
});

test('a role says who may assume it', async ({ admin: page }) => {
  await page.goto('/access?view=roles&name=new');
  await sheet(page, 'New role').getByLabel('Name').fill('night');
  await page.getByRole('textbox', { name: 'Policy document' }).waitFor();
  await page.getByRole('button', { name: 'Create role' }).click();
  await expect(sheet(page, 'Role night').getByText('sessions of at most 1:00 h')).toBeVisible();
});

test('a rule shows some people some rows', async ({ admin: page }) => {
  await page.goto('/access?view=rules&name=new');
  const made = sheet(page, 'New rule');
  await made.getByLabel('Name').fill('south');
  await made.getByRole('combobox', { name: 'Table' }).click();
  await page.getByRole('option', { name: 'default.covid_death_cases' }).click();
  await made.getByRole('combobox', { name: 'Add somebody' }).fill('group/SalesGroup');
  await page.keyboard.press('Enter');
  await made.getByLabel('Filter of rows').fill('latt < 0');
  await made.getByRole('button', { name: 'Create rule' }).click();
  await expect(made.getByRole('alert')).toContainText('latt');
  await made.getByLabel('Filter of rows').fill('lat < 0');
  await made.getByRole('combobox', { name: 'Mask a column' }).click();
  await page.getByRole('option', { name: 'state' }).click();
  await made.getByRole('button', { name: 'Create rule' }).click();
  const own = sheet(page, 'Rule south');
  await expect(own.getByText('of the table default.covid_death_cases')).toBeVisible();
  expect(page.url()).toContain('name=default/covid_death_cases/south');
  await own.getByRole('button', { name: 'Delete rule' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('table')).toHaveCount(0);
});

test('the audit is filtered by its address, and its lines open', async ({ admin: page }) => {
  await page.request.get('/api/v1/users/nobody-of-this-name');
  await page.goto('/access?view=audit');
  await page.getByRole('textbox', { name: 'Action' }).fill('iam:GetUser');
  await expect(page).toHaveURL(/action=iam:GetUser|action=iam%3AGetUser/);
  const line = page.getByRole('link', { name: /iam:GetUser.*nobody-of-this-name/ }).first();
  await line.click();
  const open = page.getByRole('complementary', { name: /Line \d+ of the audit/ });
  await expect(open).toContainText('user/nobody-of-this-name');
  await page.reload();
  await open.getByRole('link', { name: 'See what would decide now' }).click();
  await expect(page.getByRole('region', { name: 'Answer' })).toContainText('Allowed');
  await page.goto('/access?view=audit');
  await expect(page.getByText(/The chain holds: [\d,]+ lines/)).toBeVisible();
});
