import { type APIRequestContext, expect, type Page } from '@playwright/test';

// The figures of visuals, and those of SQL to hold them against.

export interface Answered {
  columns: { name: string; type: string; values: (string | number | null)[] }[];
  rows: number;
}

interface Asked {
  visual: { kind: string; wells?: Record<string, unknown[]> };
  filters?: { from?: string; to?: string; values?: string[] }[];
}

/** Waits for the answer to the question of a visual that fits. */
export async function answerOf(page: Page, fits: (visual: Asked['visual'], filters: NonNullable<Asked['filters']>) => boolean): Promise<Answered> {
  const r = await page.waitForResponse((r) => {
    if (!r.url().endsWith('/drawings') || r.status() !== 200) return false;
    const { visual, filters } = r.request().postDataJSON() as Asked;
    return fits(visual, filters ?? []);
  });
  return (await r.json()) as Answered;
}

/** What a statement answers, by the API. */
export async function sql(request: APIRequestContext, statement: string): Promise<(string | null)[][]> {
  const started = await request.post('/api/v1/queries', { data: { statement } });
  expect(started.status(), await started.text()).toBeLessThan(300);
  const { id } = (await started.json()) as { id: string };
  await expect(async () => {
    const e = (await (await request.get(`/api/v1/queries/${id}?wait_ms=400`)).json()) as { state: string; reason?: string };
    expect(e.state, e.reason).toBe('SUCCEEDED');
  }).toPass({ timeout: 30_000 });
  return ((await (await request.get(`/api/v1/queries/${id}/results?row=0&limit=1000`)).json()) as { rows: (string | null)[][] }).rows;
}

export const column = (a: Answered, name: string) => a.columns.find((c) => c.name === name)!.values;

/** Whether two figures are one but for how floats are added. */
export const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
