// Browsers that cannot: they are told which can, and what they have is kept.
import { chat, expect, test } from './page';

test.use({
  allowed: [/./],
  // without the switches that give the other specs their software adapter
  launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, args: ['--disable-gpu'] }),
});

test('without WebGPU, a sentence says which browsers have it', async ({ page }) => {
  await page.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    const hidden = "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { get: () => undefined });";
    await route.fulfill({ response, body: `${hidden}\n${await response.text()}` });
  });
  await page.goto('/');
  const words = page.getByRole('alert');
  await expect(words).toContainText('WebGPU');
  await expect(words).toContainText('Safari');
  await chat(page).message.fill('Hello');
  await expect(chat(page).send).toBeDisabled();
});

test('without a graphics adapter, a sentence says what to turn on', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('hardware acceleration');
});

test('without JavaScript, a sentence says so', async ({ page }) => {
  const response = await page.goto('/');
  expect(await response!.text()).toMatch(/<noscript>[^<]*JavaScript/);
});
