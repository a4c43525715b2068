// The built page in Chromium on its software adapter: how long a person waits, and how fast answers come.
// Usage: npm run build && node bench/page.mjs [visits]
import { gzipSync } from 'node:zlib';
import { chromium as browserType } from 'playwright';
import { preview } from 'vite';
import { chromium } from '../tools/browsers.mjs';
import { browserArguments } from './browser-arguments.mjs';

const PORT = 41733;
const visits = Number(process.argv[2] ?? 3);
const server = await preview({ preview: { host: '127.0.0.1', port: PORT, strictPort: true }, logLevel: 'error' });
const browser = await browserType.launch({
  executablePath: chromium(),
  args: browserArguments(),
});
const context = await browser.newContext();

/** Asks at once, as soon as there is something to type into. */
async function visit() {
  const page = await context.newPage();
  const scripts = {};
  page.on('response', async (response) => {
    if (response.request().resourceType() !== 'script') return;
    const name = new URL(response.url()).pathname.replace(/^.*\//, '').replace(/-.*/, '');
    scripts[name] = gzipSync(await response.body().catch(() => Buffer.alloc(0))).length;
  });
  const opened = performance.now();
  await page.goto(`http://127.0.0.1:${PORT}/`, { waitUntil: 'commit' });
  await page.getByRole('button', { name: 'New chat' }).first().click();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Give me three tips for staying healthy.');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  const answer = page.getByRole('log', { name: 'Conversation', exact: true }).locator('article.assistant');
  await page.waitForFunction(
    () => (document.querySelector('[role=log] article.assistant')?.textContent ?? '').trim() !== '',
    undefined,
    { polling: 10, timeout: 120_000 },
  );
  const firstTokenMs = performance.now() - opened;
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  const figures = answer.last().locator('[data-text]');
  await figures.waitFor({ timeout: 120_000 });
  const drawn = await figures.getAttribute('data-text');
  await page.close();
  return {
    firstTokenMs: Math.round(firstTokenMs),
    firstPaintMs: Math.round(paint ?? 0),
    tokensPerSecond: Number(/([\d.]+) tokens\/s/.exec(drawn ?? '')?.[1] ?? 0),
    scriptsGzipped: scripts,
  };
}

try {
  for (let i = 0; i < visits; i++) console.log(JSON.stringify({ visit: i + 1, ...(await visit()) }));
} finally {
  await browser.close();
  await server.close();
}
