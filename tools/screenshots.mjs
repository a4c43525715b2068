// Pictures for the documentation, of the bundled model: docs/images/{light,dark,phone}.png are a real chat, models.png
// is the plan of the GGUF file that it is exported as, train.png a run on the rows that the page offers.
// Usage: npm run build && node tools/screenshots.mjs [NAME…]
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { chromium as browserType } from 'playwright';
import { preview } from 'vite';
import { chromium } from './browsers.mjs';

const FOLDER = 'docs/images';
const MOST_BYTES = 200_000;
const QUESTIONS = ['What is the capital of France?', 'Give me three tips for staying healthy.'];
const VIEWS = {
  light: { draw: chat, colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { draw: chat, colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: {
    draw: chat,
    colorScheme: 'light',
    viewport: { width: 375, height: 720 },
    deviceScaleFactor: 2,
    hasTouch: true,
  },
  models: { draw: models, colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  train: { draw: train, colorScheme: 'light', viewport: { width: 1280, height: 900 } },
};

/** Sets the chat so that it says the same words at every run. */
async function chat(page) {
  await page.locator('[aria-controls="settings"]').click();
  await page.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await page.getByRole('button', { name: 'Close the settings' }).click();
  for (const question of QUESTIONS) {
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill(question);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    const stop = page.getByRole('button', { name: 'Stop', exact: true });
    await stop.waitFor({ timeout: 60_000 });
    await stop.waitFor({ state: 'hidden', timeout: 120_000 });
  }
}

async function models(page) {
  await page.getByRole('link', { name: 'Models', exact: true }).click();
  await page.getByRole('button', { name: /^More about Pronk/ }).click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Export as GGUF' }).click(),
  ]);
  const gguf = { name: file.suggestedFilename(), mimeType: 'application/octet-stream' };
  const buffer = readFileSync(await file.path());
  await page.reload();
  await page.getByLabel('Add files', { exact: true }).setInputFiles({ ...gguf, buffer });
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Models', exact: true }).scrollIntoViewIfNeeded();
  // the model is in use again
  await page.getByRole('progressbar').waitFor({ state: 'hidden', timeout: 60_000 });
}

/** Until the charts have something to show. */
async function train(page) {
  await page.getByRole('link', { name: 'Fine-tune', exact: true }).click();
  await page.getByRole('group', { name: 'Rows to try' }).getByRole('button').first().click();
  await page.getByRole('button', { name: 'Start training', exact: true }).click();
  await page.getByText(/^([4-9]\d) of \d+$/).waitFor({ timeout: 600_000 });
  await page
    .getByRole('heading', { name: /Train/ })
    .first()
    .evaluate((heading) => heading.scrollIntoView());
  await page.mouse.move(640, 600);
  await page.mouse.wheel(0, -130); // from under the steps that stay in sight
  await page.waitForTimeout(500);
}

/** What is said once, and not part of the place. */
async function dismissNotes(page) {
  for (const button of await page.getByRole('button', { name: 'Dismiss' }).all()) await button.click();
}

mkdirSync(FOLDER, { recursive: true });
const server = await preview({ preview: { host: '127.0.0.1', port: 41732 }, logLevel: 'error' });
const browser = await browserType.launch({
  executablePath: chromium(),
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-dev-shm-usage'],
});
try {
  const wanted = process.argv.slice(2);
  for (const [name, { draw, ...options }] of Object.entries(VIEWS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
    const page = await context.newPage();
    // files are downloaded, without a question where to
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showDirectoryPicker'));
    await page.goto(server.resolvedUrls.local[0]);
    await draw(page);
    await dismissNotes(page);
    await page.mouse.move(0, 0);
    const path = `${FOLDER}/${name}.png`;
    await page.screenshot({ path });
    const { size } = statSync(path);
    console.log(`${path} ${Math.round(size / 1000)} kB`);
    if (size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES / 1000} kB`);
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
