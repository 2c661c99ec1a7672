import type { Page } from '@playwright/test';
import { join, resolve } from 'node:path';

/** Where the guide's pictures are. */
const guide = resolve(import.meta.dirname, '../../docs/guide');

/** Takes pictures for the guide, numbered in their order, if LETHE_PICTURES asks for them: the ones that are there stay else. */
export function pictures(page: Page, story: string) {
  let n = 0;
  return async (name: string) => {
    n++;
    await picture(page, `${story}-${n}-${name}.png`);
  };
}

/** Takes one picture for the guide. */
export async function picture(page: Page, file: string) {
  if (!process.env.LETHE_PICTURES) return;
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(400); // what moves has come to rest
  await page.screenshot({ path: join(guide, file) });
}
