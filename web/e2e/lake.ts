import { test as base, expect, type Page } from '@playwright/test';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running `lethe demo`. */
export interface Lake {
  url: string;
  user: string;
  password: string;
  /** URI of its metastore port. */
  metastore: string;
  /** Id of its process. */
  pid: number;
}

const binary = resolve(import.meta.dirname, process.env.LETHE_BIN ?? '../../bin/lethe');

async function start(dir: string): Promise<{ lake: Lake; child: ChildProcess }> {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build, or name another with LETHE_BIN`);
  const child = spawn(binary, ['demo', '--data', dir, '--aws-addr', '127.0.0.1:0', '--console-addr', '127.0.0.1:0', '--hms-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout!.on('data', (d) => (said += d));
  child.stderr!.on('data', (d) => (said += d));
  const ready = join(dir, 'lethe.json');
  for (const end = Date.now() + 120_000; !existsSync(ready); ) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`lethe demo did not start:\n${said}`);
    await sleep(50);
  }
  const { console_url: url, hms_uri: metastore } = JSON.parse(readFileSync(ready, 'utf8')) as { console_url: string; hms_uri: string };
  return { child, lake: { url, metastore, pid: child.pid!, user: 'admin', password: readFileSync(join(dir, 'console-password'), 'utf8').trim() } };
}

export const test = base.extend<{ problems: string[]; admin: Page }, { lake: Lake }>({
  lake: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads which fixtures are needed from the pattern
    async ({}, use) => {
      const dir = mkdtempSync(join(tmpdir(), 'lethe-e2e-'));
      chmodSync(dir, 0o755); // databases run as a user of their own
      const { lake, child } = await start(dir);
      await use(lake);
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 150_000 },
  ],
  baseURL: async ({ lake }, use) => use(lake.url),
  /** What the pages complained about; must be empty at a test's end. */
  problems: [
    async ({ page }, use) => {
      const problems: string[] = [];
      page.on('pageerror', (e) => problems.push(e.message));
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (e) => {
          // Chromium's own editing keeps the look of text that is typed over, and is refused it.
          if (e.target instanceof Element && e.target.closest('.cm-content')) return;
          setTimeout(() => {
            throw new Error(`the page's policy refused ${e.effectiveDirective} of ${e.sourceFile}:${e.lineNumber}`);
          });
        });
      });
      await use(problems);
      expect(problems).toEqual([]);
    },
    { auto: true },
  ],
  /** A page whose person is logged in. */
  admin: async ({ page, lake }, use) => {
    const r = await page.request.post('/api/v1/session', { data: { name: lake.user, password: lake.password } });
    expect(r.status()).toBe(201);
    await use(page);
  },
});

export { expect };

/** Writes a statement into the editor in place of what is there. */
export async function write(page: Page, sql: string) {
  await page.locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Escape');
}

/** Writes a statement and runs it. */
export async function run(page: Page, sql: string) {
  await write(page, sql);
  await page.keyboard.press('ControlOrMeta+Enter');
}

export const state = (page: Page) => page.locator('[role=status]').filter({ hasText: /Succeeded|Failed|Cancelled|Running|Queued|Not started/ });
