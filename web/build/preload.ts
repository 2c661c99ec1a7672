// Has the browser load beside the entry what a dashboard's page will ask for, instead of
// finding it piece by piece: a script in index.html names the parts to whoever opens one.
import type { Plugin, Rolldown } from 'vite';

/** The parts of a dashboard, by their modules. */
const wanted = /\/src\/(dashboards\/(ahead|DashboardPage)|charts\/Chart)\.tsx?$/;
/** The page's type in the letters that most names have. */
const type = /inter-latin-wght-normal.*\.woff2$/;

export function preload(): Plugin {
  return {
    name: 'preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((f) => f.type === 'chunk');
        const parts = (from: Rolldown.OutputChunk, all = new Set<string>()): Set<string> => {
          if (all.has(from.fileName)) return all;
          all.add(from.fileName);
          for (const name of from.imports) {
            const next = bundle[name];
            if (next?.type === 'chunk') parts(next, all);
          }
          return all;
        };
        const entry = new Set(chunks.filter((c) => c.isEntry).flatMap((c) => [...parts(c)]));
        const names = new Set(chunks.filter((c) => wanted.test(c.facadeModuleId ?? '')).flatMap((c) => [...parts(c)]).filter((f) => !entry.has(f)));
        if (names.size === 0) throw new Error('no part of a dashboard is a chunk of its own any more: see build/preload.ts');
        const font = Object.keys(bundle).find((f) => type.test(f));
        return {
          html,
          tags: [
            ...(font ? [{ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `/${font}` }, injectTo: 'head' as const }] : []),
            {
              tag: 'script',
              attrs: { nonce: 'LETHE_CSP_NONCE' },
              children: `if (/^\\/dashboards\\/./.test(location.pathname)) for (const part of ${JSON.stringify([...names])}) { const l = document.createElement('link'); l.rel = 'modulepreload'; l.crossOrigin = ''; l.href = '/' + part; document.head.append(l); }`,
              injectTo: 'head',
            },
          ],
        };
      },
    },
  };
}
