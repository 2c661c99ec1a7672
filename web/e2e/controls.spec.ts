import { expect, test } from './lake';

// What a dashboard's viewer is offered by the control of a filter.

test('a control offers the values of its field, and finds them by what is typed', async ({ admin: page }) => {
  const { dashboards } = (await (await page.request.get('/api/v1/dashboards')).json()) as { dashboards: { id: string; name: string }[] };
  const sample = dashboards.find((d) => d.name.startsWith('COVID-19'))!;
  await page.goto(`/dashboards/${sample.id}`);
  await page.getByRole('button', { name: /^Countries of the line/ }).click();
  const values = page.getByRole('group', { name: 'country', exact: true });
  await expect(values.getByRole('checkbox', { name: 'Italy', exact: true })).toBeChecked();
  const found = page.waitForResponse((r) => r.url().endsWith('/controls/six/values') && r.request().postDataJSON().search === 'zealand');
  await values.getByLabel('Find values of country').fill('zealand');
  expect(await (await found).json()).toMatchObject({ values: [{ value: 'New Zealand' }] });
  const answered = page.waitForResponse((r) => r.url().endsWith('/answer') && (r.request().postData() ?? '').includes('New Zealand') && r.ok());
  await values.getByRole('checkbox', { name: 'New Zealand', exact: true }).click();
  await answered;
  await expect(values.getByText('7 chosen')).toBeVisible();
});
