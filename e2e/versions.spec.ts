// A new version of the page, with windows of the old one open: each goes over when its person says so, none in the middle.
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright/test';
import { answered, chat, expect, goTo, listen, say, test } from './page';

const BUILD = process.env['PRONK_DIST'] ?? 'dist';
const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
const isText = (name: string) => Object.hasOwn(TYPES, extname(name));

let folder = '';
let server: Server;
let url = '';
/** The build that the server gives out. */
let version: 'old' | 'new' = 'old';

/** Gives a build's files other names, as a build of other sources has them. */
function renamed(build: string): void {
  const assets = join(build, 'assets');
  const names = readdirSync(assets);
  const texts = [...names.map((name) => join(assets, name)), join(build, 'index.html'), join(build, 'sw.js')];
  for (const path of texts.filter(isText)) {
    let text = readFileSync(path, 'utf8');
    for (const name of names) text = text.replaceAll(name, `next-${name}`);
    // the page's own revision among what is kept offline
    writeFileSync(path, text.replace(/(index\.html",revision:")\w/, '$1next'));
  }
  for (const name of names) renameSync(join(assets, name), join(assets, `next-${name}`));
}

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pronk-versions-'));
  for (const each of ['old', 'new']) cpSync(BUILD, join(folder, each), { recursive: true });
  renamed(join(folder, 'new'));
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = join(folder, version, path === '/' ? 'index.html' : path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': 'no-cache',
    });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
test.afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
test.beforeEach(() => {
  version = 'old';
});
test.use({ allowed: [/404|dynamically imported module|preload/i] });

const isNew = (page: Page) =>
  page.evaluate(() => document.querySelector('script[type="module"]')?.getAttribute('src')?.includes('next-') ?? false);
const reloadButton = (page: Page) =>
  page.getByRole('status').filter({ hasText: 'A new version is ready' }).getByRole('button', { name: 'Reload' });
/** A window that no reload has touched. */
const marked = (page: Page) => page.evaluate(() => 'mark' in globalThis);

async function opened(context: BrowserContext, complaints: string[]): Promise<Page> {
  const page = await context.newPage();
  listen(page, complaints);
  await page.goto(url);
  await page.evaluate(() => Object.assign(globalThis, { mark: true }));
  return page;
}

async function update(page: Page): Promise<void> {
  version = 'new';
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
}

test('with three windows open, each goes over to a new version when its person says so, or unseen when idle', async ({
  page,
  context,
}) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  await page.goto(url);
  await say(page, 'Hello');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  const answering = await opened(context, complaints);
  const idle = await opened(context, complaints);
  await expect(chat(answering).log).toContainText('Hello');
  await chat(answering).message.fill('Write a very long poem.');
  await update(page);
  for (const each of [page, answering, idle]) await expect(reloadButton(each)).toBeVisible();

  await chat(answering).send.click();
  await expect.poll(async () => (await chat(answering).log.innerText()).length).toBeGreaterThan(60);
  await page.evaluate(() => Object.assign(globalThis, { mark: true }));
  await reloadButton(page).click();
  // the first visit's window heeds its own button
  await expect.poll(() => isNew(page).catch(() => false)).toBe(true);
  expect(await marked(answering)).toBe(true);
  expect(await marked(idle)).toBe(true);
  await chat(answering).message.fill('Not sent yet');

  // what the old version never fetched is gone: it says so instead of staying blank
  await goTo(idle, 'Fine-tune');
  const missing = idle.getByRole('main').getByRole('alert');
  await expect(missing).toContainText('There is a new version of Pronk');
  await goTo(idle, 'Chat');
  await expect(chat(idle).message).toBeVisible();

  // an idle window goes over when nobody looks at it; one with a text in it does not
  for (const each of [answering, idle]) {
    await each.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
  }
  await expect.poll(() => isNew(idle).catch(() => false)).toBe(true);
  expect(await marked(answering)).toBe(true);
  await answered(answering);
  await new Promise((settle) => setTimeout(settle, 6000));
  expect(await marked(answering)).toBe(true);
  expect((await chat(answering).log.innerText()).length).toBeGreaterThan(60);
  await reloadButton(answering).click();
  await expect.poll(() => isNew(answering).catch(() => false)).toBe(true);
  await expect(chat(answering).message).toHaveValue('Not sent yet');
  expect(complaints.filter((text) => !/404|dynamically imported module|preload/i.test(text))).toEqual([]);
});
