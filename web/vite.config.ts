import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
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
  },
  server: {
    // `npm run dev` in front of a lake that runs already.
    proxy: { '/api': process.env.LETHE_CONSOLE ?? 'http://127.0.0.1:8080' },
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
