import { expect, test } from './lake';

test('g and a letter go, ? explains, . turns light and dark', async ({ admin: page }) => {
  await page.goto('/buckets');
  await page.getByRole('heading', { name: 'Buckets' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/\/catalog/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('run the statement at the cursor');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('.');
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
});

test('letters that are written are not keys', async ({ admin: page }) => {
  await page.goto('/query');
  await page.locator('.cm-content').click();
  await page.keyboard.type('gb?.');
  await expect(page).toHaveURL(/\/query/);
  await expect(page.locator('.cm-content')).toHaveText('gb?.');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the palette finds a table and goes there', async ({ admin: page }) => {
  await page.goto('/query');
  await page.locator('.cm-content').waitFor();
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByPlaceholder('A page, table, bucket').fill('recovered');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Table covid_recovered_cases' })).toBeVisible();
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByPlaceholder('A page, table, bucket').fill('lethe-demo');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Bucket lethe-demo' })).toBeVisible();
});
