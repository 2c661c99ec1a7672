// Prints what the browser loads, compressed, and fails when the shell — what is
// needed before any page is shown — has outgrown its budget.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const budget = 140_000;
const assets = new URL('../dist/assets', import.meta.url).pathname;
const gz = (f) => statSync(existsSync(join(assets, f + '.gz')) ? join(assets, f + '.gz') : join(assets, f)).size;
const total = (files) => [...files].reduce((n, f) => n + gz(f), 0);
const kB = (n) => (n / 1000).toFixed(1).padStart(7) + ' kB';

/** The chunks that a chunk cannot run without. */
function closure(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(assets, file), 'utf8');
  for (const [, , name] of text.matchAll(/(\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g)) closure(name, seen);
  return seen;
}

const html = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8');
const shell = new Set();
for (const [, src] of html.matchAll(/<script[^>]+src="([^"]+)"/g)) closure(basename(src), shell);
const styles = [...html.matchAll(/<link[^>]+href="([^"]+\.css)"/g)].map((m) => basename(m[1]));

console.log(`shell   ${kB(total(shell))} script, ${kB(total(styles)).trim()} style (gzip; budget ${budget / 1000} kB of script)`);
for (const file of readdirSync(assets).filter((f) => /^(\w+Page|Editor|Palette|KeysHelp)-.*\.js$/.test(f))) {
  const more = [...closure(file)].filter((f) => !shell.has(f));
  console.log(`  + ${file.replace(/-[^-]+$/, '').padEnd(12)} ${kB(total(more))}`);
}
if (total(shell) > budget) {
  console.error(`the shell is over its budget of ${budget / 1000} kB: load lazily what no page needs at once`);
  process.exit(1);
}
