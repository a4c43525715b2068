// Serves dist/, or the build in PRONK_DIST, while the specs run, on a free port, in Playwright's own process: it cannot outlive it.
import { preview } from 'vite';

export default async function serve() {
  const server = await preview({
    build: { outDir: process.env.PRONK_DIST ?? 'dist' },
    preview: { host: '127.0.0.1', port: 41730 },
    logLevel: 'error',
  });
  process.env.PRONK_E2E_URL = server.resolvedUrls.local[0];
  return () => server.close();
}
