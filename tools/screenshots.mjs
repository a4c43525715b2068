// Pictures for the documentation, from a real chat with the bundled model: docs/images/{light,dark,phone}.png.
// Usage: npm run build && node tools/screenshots.mjs
import { mkdirSync, statSync } from 'node:fs';
import { chromium as browserType } from 'playwright';
import { preview } from 'vite';
import { chromium } from './browsers.mjs';

const FOLDER = 'docs/images';
const MOST_BYTES = 200_000;
const QUESTIONS = ['What is the capital of France?', 'Give me three tips for staying healthy.'];
const VIEWS = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 375, height: 720 }, deviceScaleFactor: 2, hasTouch: true },
};

mkdirSync(FOLDER, { recursive: true });
const server = await preview({ preview: { host: '127.0.0.1', port: 41732 }, logLevel: 'error' });
const browser = await browserType.launch({
  executablePath: chromium(),
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-dev-shm-usage'],
});
try {
  for (const [name, options] of Object.entries(VIEWS)) {
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.goto(server.resolvedUrls.local[0]);
    // the same words at every run
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
    // what is said once, and not part of the place
    for (const name of ['Hide this note', 'Dismiss']) {
      for (const button of await page.getByRole('button', { name }).all()) await button.click();
    }
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
