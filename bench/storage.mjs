// Importing and loading in Chromium, against their stages alone in the same run.
// Usage: node bench/storage.mjs [runs]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as browserType } from 'playwright';
import { createServer } from 'vite';
import { chromium } from '../tools/browsers.mjs';

const TOKENIZER = '../shared/data/stories260K/tokenizer.model';
const runs = Number(process.argv[2] ?? 1);
const server = await createServer({ server: { host: '127.0.0.1', port: 41735 }, logLevel: 'error' });
await server.listen();
// a profile on disk: what is incognito lies in memory
const profile = mkdtempSync(join(tmpdir(), 'pronk-bench-'));
const browser = await browserType.launchPersistentContext(profile, {
  executablePath: chromium(),
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
  await page.goto(new URL('bench/storage.html', server.resolvedUrls.local[0]).href);
  await page.waitForFunction(() => 'run' in globalThis, undefined, { timeout: 60_000 });
  const tokenizer = [...readFileSync(TOKENIZER)];
  for (let i = 0; i < runs; i++) {
    console.log(JSON.stringify(await page.evaluate((bytes) => globalThis.run(bytes), tokenizer)));
  }
} finally {
  await browser.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true });
}
