// Empties dist before a build, and leaves .gitkeep, so that the folder that
// embed.go names exists in every checkout.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const dist = new URL('../dist', import.meta.url).pathname;
for (const name of existsSync(dist) ? readdirSync(dist) : []) {
  if (name !== '.gitkeep') rmSync(join(dist, name), { recursive: true });
}
