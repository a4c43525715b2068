// Browsers that cannot: they are told which can, and what they have is kept.
import { expect, test } from './page';

test.use({ allowed: [/./] });

test('without WebGPU, a sentence says which browsers have it', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
  await page.goto('/');
  const words = page.getByText(/WebGPU/).first();
  await expect(words).toBeVisible();
  await expect(page.locator('body')).toContainText(/Chrome|Firefox|Safari/);
});

test('without JavaScript, a sentence says so', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(baseURL!);
  await expect(page.locator('body')).toContainText(/JavaScript/);
  await context.close();
});
