import { expect, test } from './lake';

// Another metastore, which here is the lake's own port, and a node that is not there.
const dead = 'thrift://127.0.0.1:1';

test('a metastore is connected, and its nodes are seen and changed', async ({ admin: page, lake }) => {
  await page.goto('/catalog');
  await page.getByRole('link', { name: 'Connect data source' }).click();
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByText('It must begin with thrift://')).toBeVisible();
  await page.getByRole('textbox', { name: 'Node 1' }).fill(dead);
  await page.getByRole('button', { name: 'Another node' }).click();
  await page.getByRole('textbox', { name: 'Node 2' }).fill(lake.metastore);
  await page.getByRole('button', { name: 'Test connection' }).click();
  const answers = page.getByRole('status', { name: 'Answers of the nodes' });
  await expect(answers.getByRole('listitem').nth(0)).toContainText('refused');
  await expect(answers.getByRole('listitem').nth(1)).toContainText(/answers, with \d+ database/);

  await page.getByLabel('Data catalog').fill('demo_hive_metastore');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('There is a data catalog of this name.')).toBeVisible();
  await page.getByLabel('Data catalog').fill('elsewhere');
  await page.getByLabel('Role').fill('no-such-role');
  await expect(page.getByLabel('Connector')).toHaveValue('elsewhere-metastore');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('role/no-such-role cannot be passed')).toBeVisible();
  await page.getByLabel('Role').fill('');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('function:elsewhere-metastore')).toBeVisible();
  await expect(page.getByRole('link', { name: 'default', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Open elsewhere' }).click();

  const nodes = page.getByRole('region', { name: 'Metastore nodes' });
  await expect(nodes.getByRole('row', { name: dead })).toContainText('failing');
  await expect(nodes.getByRole('row', { name: lake.metastore })).toContainText('in use');

  // Without a restart, the node that is not there is taken out.
  await nodes.getByRole('button', { name: 'Edit nodes' }).click();
  await nodes.getByRole('button', { name: 'Remove node 1' }).click();
  await nodes.getByRole('button', { name: 'Save nodes' }).click();
  await expect(nodes.getByRole('row', { name: dead })).toHaveCount(0);
  await page.getByRole('link', { name: 'default', exact: true }).click();
  await expect(page.getByRole('link', { name: 'covid_confirmed_cases' })).toBeVisible();

  await page.goto('/catalog/elsewhere');
  await page.getByRole('button', { name: 'Remove data catalog' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('heading', { name: 'Database default' })).toBeVisible();
});
