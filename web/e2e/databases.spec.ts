import AxeBuilder from '@axe-core/playwright';

import { expect, test } from './lake';

test('an instance is made, looked at, changed, saved, stopped and deleted', async ({ admin: page }) => {
  test.setTimeout(420_000); // with axe at each page, where a machine is loaded
  await page.goto('/databases');
  await page.getByRole('button', { name: 'New instance' }).click();
  const form = page.getByRole('complementary', { name: 'New instance' });
  await form.getByLabel('Name', { exact: true }).fill('newsblog');
  await expect(form.getByRole('combobox', { name: 'Engine' })).toHaveValue('PostgreSQL');
  await form.getByRole('combobox', { name: 'Class' }).click();
  await page.getByRole('option', { name: /^db\.t4g\.micro/ }).click();
  await form.getByLabel('User name').fill('blogger');
  await form.getByLabel('Password', { exact: true }).fill('bad/password');
  await form.getByRole('button', { name: 'Create instance' }).click();
  await expect(form.getByRole('alert')).toContainText('MasterUserPassword');
  await form.getByLabel('Password', { exact: true }).fill('a-good-password');
  await form.getByLabel('Database').fill('blog');
  await form.getByRole('button', { name: 'Create instance' }).click();

  // It is made while one looks.
  const head = page.getByRole('heading', { level: 1, name: 'newsblog' });
  await expect(head.getByText('Available')).toBeVisible({ timeout: 90_000 });
  await expect(page.getByText('Transactions a second')).toBeVisible();
  await expect(page.locator('polyline').first()).toBeAttached(); // after two measurements
  await page.getByRole('tab', { name: 'Connect' }).click();
  await expect(page.getByText(/^psql "host=.* user=blogger dbname=blog/)).toBeVisible();
  await page.getByRole('tab', { name: 'Logs' }).click();
  await page.getByRole('button', { name: /postgresql/ }).first().click();
  await expect(page.getByLabel(/^The end of/)).toContainText('ready to accept connections');

  // A change waits for the window, until one does not want to wait.
  await page.getByRole('button', { name: 'Modify' }).click();
  const modify = page.getByRole('dialog');
  await modify.getByRole('combobox', { name: 'Class' }).click();
  await page.getByRole('option', { name: /^db\.t4g\.small/ }).click();
  await modify.getByRole('button', { name: 'Modify' }).click();
  await expect(page.getByText('at the next window', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Apply now' }).click();
  await expect(page.getByText('at the next window', { exact: false })).toHaveCount(0);
  await expect(head.getByText('Available')).toBeVisible({ timeout: 90_000 });
  await page.getByRole('tab', { name: 'Events' }).click();
  await expect(page.getByText(/class/i).first()).toBeVisible();

  // A snapshot, of which another could be made.
  await page.getByRole('tab', { name: 'Snapshots' }).click();
  await page.getByRole('button', { name: 'Take snapshot' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('newsblog-1');
  await page.getByRole('dialog').getByRole('button', { name: 'Take snapshot' }).click();
  const row = page.getByRole('row', { name: /newsblog-1/ });
  await expect(row.getByText('Available')).toBeVisible({ timeout: 90_000 });
  await expect(head.getByText('Available')).toBeVisible({ timeout: 90_000 });

  const here = page.url();
  const own = new URL(here).pathname;
  for (const scheme of ['light', 'dark', 'phone'] as const) {
    await page.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
    await page.setViewportSize(scheme === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 800 });
    for (const at of ['/databases', '/databases?name=new', '/databases?view=snapshots', '/databases?view=classes', own, `${own}?view=events`]) {
      await page.goto(at);
      await page.locator('#page :is(h3, h2, table)').first().waitFor({ state: 'attached' });
      if (scheme === 'phone') {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(over, at).toBeLessThanOrEqual(0);
        continue;
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `${scheme} ${at}`).toEqual([]);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(here);

  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await expect(head.getByText('Stopped')).toBeVisible({ timeout: 90_000 });
  await page.getByRole('link', { name: 'All instances' }).click();
  await expect(page.getByRole('region', { name: 'Stopped' }).getByRole('link', { name: 'newsblog' })).toBeVisible();

  await page.getByRole('link', { name: 'newsblog' }).click();
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const remove = page.getByRole('dialog');
  await remove.getByLabel(/final snapshot/).uncheck();
  await expect(remove.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await remove.getByLabel(/Type newsblog/).fill('newsblog');
  await remove.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('sized by a class')).toBeVisible({ timeout: 90_000 });
});
