import { defineConfig } from '@playwright/test';

// The pages against the real server: every worker starts `lethe demo` on ports
// of its own. bin/lethe must be built with the console in it (make build).
export default defineConfig({
  testDir: 'e2e',
  fullyParallel: false,
  workers: 1,
  timeout: 180_000, // a machine may be loaded; nothing here waits this long otherwise
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env.CI,
  retries: process.env.CI ? 1 : 0, // as .ci/again does for Go: what then passes is listed as flaky
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // A browser in a container, which speaks to loopback and nothing else.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
