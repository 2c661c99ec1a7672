import { expect, test } from './lake';

test('a secret is made, read, changed, rotated, deleted and restored', async ({ admin: page }) => {
  await page.goto('/access?view=secrets');
  await expect(page.getByRole('link', { name: 'DataEngineerUserCreds' })).toBeVisible();

  await page.getByRole('button', { name: 'New secret' }).click();
  const form = page.getByRole('complementary', { name: 'New secret' });
  await form.getByLabel('Name').fill('team/warehouse');
  await form.getByLabel('Description').fill('of the warehouse');
  await form.getByLabel('Value', { exact: true }).fill('first value');
  await form.getByRole('button', { name: 'Create secret' }).click();

  const sheet = page.getByRole('complementary', { name: 'Secret team/warehouse' });
  await expect(sheet.getByText('of the warehouse')).toBeVisible();
  await expect(sheet.getByText('first value')).toHaveCount(0);
  await sheet.getByRole('button', { name: 'Reveal' }).click();
  await expect(sheet.getByLabel('Value', { exact: true })).toHaveText('first value');
  await sheet.getByRole('button', { name: 'Hide' }).click();
  await expect(sheet.getByText('first value')).toHaveCount(0);

  await sheet.getByRole('button', { name: 'Change' }).click();
  await sheet.getByLabel('New value').fill('second value');
  await sheet.getByRole('button', { name: 'Put value' }).click();
  await expect(sheet.getByText('AWSPREVIOUS')).toBeVisible();
  await sheet.getByRole('button', { name: 'Reveal' }).click();
  await expect(sheet.getByLabel('Value', { exact: true })).toHaveText('second value');

  // Its value is none that can be rotated so, and the refusal says why.
  await sheet.getByRole('combobox', { name: 'Rotate every 30 days, and now' }).click();
  await page.getByRole('option', { name: 'Console password' }).click();
  await sheet.getByRole('button', { name: 'Rotate', exact: true }).click();
  await expect(sheet.getByRole('alert')).toBeVisible();

  await sheet.getByRole('button', { name: 'Delete the secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(sheet.getByText('gone for good on')).toBeVisible();
  await expect(sheet.getByRole('button', { name: 'Reveal' })).toHaveCount(0);
  await sheet.getByRole('button', { name: 'Restore' }).click();
  await expect(sheet.getByRole('button', { name: 'Reveal' })).toBeVisible();

  // Readings are in the audit, and values are not.
  const audit = await page.request.get('/api/v1/audit?action=secretsmanager:GetSecretValue&limit=10');
  const text = await audit.text();
  expect(text).toContain('secret:team/warehouse-');
  expect(text).not.toContain('second value');

  // One that rotates is given another value, and the sheet has it.
  await page.goto('/access?view=secrets&name=SalesUserCreds');
  const sales = page.getByRole('complementary', { name: 'Secret SalesUserCreds' });
  await sales.getByRole('button', { name: 'Reveal' }).click();
  const before = await sales.getByLabel('Value', { exact: true }).innerText();
  await sales.getByRole('button', { name: 'Rotate now' }).click();
  await expect(sales.getByText('AWSPREVIOUS')).toBeVisible();
  await page.reload();
  await sales.getByRole('button', { name: 'Reveal' }).click();
  await expect(sales.getByLabel('Value', { exact: true })).toContainText('"username"');
  expect(await sales.getByLabel('Value', { exact: true }).innerText()).not.toBe(before);
});
