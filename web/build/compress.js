// Lays a .br and a .gz beside every built file that gets smaller by it, at the
// strongest setting: once here instead of on every answer.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist', import.meta.url).pathname;
const compressible = new Set(['.js', '.css', '.svg', '.json', '.txt']);

for (const file of readdirSync(dist, { recursive: true })) {
  if (!compressible.has(extname(file))) continue;
  const path = join(dist, file);
  const raw = readFileSync(path);
  const br = brotliCompressSync(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
    },
  });
  const gz = gzipSync(raw, { level: 9 });
  if (br.length < raw.length) writeFileSync(path + '.br', br);
  if (gz.length < raw.length) writeFileSync(path + '.gz', gz);
}
