import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { preload } from './build/preload.ts';

export default defineConfig({
  plugins: [react(), preload()],
  // The marker that the server replaces with each answer's nonce; embed.go names it too.
  html: { cspNonce: 'LETHE_CSP_NONCE' },
  build: {
    target: 'es2022',
    // Everything is a file of its own: the page's policy allows no data: URLs for scripts or fonts.
    assetsInlineLimit: 0,
    // The build empties dist of what is not committed itself; .gitkeep stays.
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // A page that is opened by its address asks for a dozen files, not for sixty of a
          // kilobyte: what every page needs is one, and the parts that pages share are another.
          groups: [
            { name: 'shell', test: /\/src\/main\.tsx$/, priority: 2 },
            { name: 'parts', test: /\/node_modules\/@(mantine\/core|tabler\/icons-react|floating-ui|tanstack)\/|\/src\/(ui|api)\//, minShareCount: 3, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    // `npm run dev` in front of a lake that runs already.
    proxy: { '/api': process.env.LETHE_CONSOLE ?? 'http://127.0.0.1:8080' },
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
