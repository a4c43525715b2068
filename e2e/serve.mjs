// Serves dist/, or the build in PRONK_DIST, while the specs run, on a free port, in Playwright's own process: it cannot outlive it.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { preview } from 'vite';

const SOURCES = ['src', 'shaders', 'public', 'index.html'];

export default async function serve() {
  const { PRONK_DIST } = process.env;
  if (!PRONK_DIST) checkAge('dist');
  const server = await preview({
    build: { outDir: PRONK_DIST ?? 'dist' },
    preview: { host: '127.0.0.1', port: 41730 },
    logLevel: 'error',
  });
  process.env.PRONK_E2E_URL = server.resolvedUrls.local[0];
  return () => server.close();
}

/** Specs that run against an old build say nothing about the sources. */
function checkAge(folder) {
  const built = statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = SOURCES.flatMap((path) =>
    statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).map((name) => join(path, name)) : [path],
  ).find((path) => !/\.test\.tsx?$/.test(path) && statSync(path).isFile() && statSync(path).mtimeMs > built);
  if (changed) throw new Error(`${changed} is newer than ${folder}/: run npm run build first.`);
}
