import { expect, type Page } from '@playwright/test';

// Extracts of many rows, for what is measured in a browser.

/** Rows by 200 places over 250 days, in blocks: 50,000 a block. */
const statement = (blocks: number) => `
  SELECT 'place ' || CAST(p AS varchar) AS place, 'country ' || CAST(p % 40 AS varchar) AS country,
         date_add('day', d, DATE '2024-01-01') AS day, (p * 7919 + d * 104729 + b * 31) % 100000 AS cases,
         CAST((p * 31 + d * 17 + b) % 1000 AS double) / 10 AS share
  FROM UNNEST(sequence(1, 200)) AS x(p)
  CROSS JOIN UNNEST(sequence(0, 249)) AS y(d)
  CROSS JOIN UNNEST(sequence(1, ${blocks})) AS z(b)`;

const field = (name: string, role: string) => ({ name, column: name, role });

export async function made<T>(page: Page, path: string, body: unknown): Promise<T> {
  const r = await page.request.post('/api/v1/' + path, { data: body });
  expect(r.ok(), `${path}: ${await r.text()}`).toBe(true);
  return (await r.json()) as T;
}

/** Makes a data set and its extract, and returns its id and how long the extract took. */
export async function extracted(page: Page, name: string, blocks: number) {
  const set = await made<{ id: string }>(page, 'data-sets', {
    name,
    source: { sql: statement(blocks) },
    fields: [field('place', 'dimension'), field('country', 'dimension'), field('day', 'dimension'), field('cases', 'measure'), field('share', 'measure')],
    mode: 'extract',
    read_as: 'viewer',
  });
  const began = Date.now();
  const info = async () => (await (await page.request.get(`/api/v1/data-sets/${set.id}/extract`)).json()) as { id?: string; rows: number; bytes: number; running?: unknown };
  if (!(await info()).running && !(await info()).id) await made(page, `data-sets/${set.id}/refreshes`, {});
  await expect.poll(async () => (await info()).id ?? '', { timeout: 600_000, intervals: [200] }).not.toBe('');
  const { rows, bytes } = await info();
  expect(rows).toBe(blocks * 50_000);
  console.log(`${name}: ${rows} rows extracted in ${((Date.now() - began) / 1000).toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`);
  return set.id;
}
