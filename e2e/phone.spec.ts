// The page on a screen 375 pixels wide.
import { chat, expect, goTo, say, test } from './page';

test.use({ viewport: { width: 375, height: 667 }, hasTouch: true });

test('nothing is wider than the screen, and chat works', async ({ page }) => {
  await page.goto('/');
  await say(page, 'Hello');
  for (const place of ['Instruct', 'Models', 'Fine-tune', 'Chat'] as const) {
    await goTo(page, place);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide, place).toBe(0);
  }
  const { message, send } = chat(page);
  await message.fill('Once more');
  for (const part of [message, send]) {
    const box = (await part.boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(667);
    expect(box.x + box.width).toBeLessThanOrEqual(375);
  }
});

test('a slow device is told by a chip of the top bar, which takes nothing from the place', async ({ page }) => {
  await page.goto('/');
  const chip = page.getByRole('button', { name: /^Slow/ });
  await expect(chip).toBeVisible();
  const [bar, main] = await Promise.all([page.getByRole('banner').boundingBox(), page.getByRole('main').boundingBox()]);
  expect(main?.y).toBe((bar?.y ?? 0) + (bar?.height ?? 0));
  expect(bar?.height).toBeLessThanOrEqual(56);
  // what a place tells before anything else stands in a banner of its own
  await expect(page.locator('.main > .banner')).toHaveCount(0);
  await chip.tap();
  await expect(page.getByText('so models run on the CPU')).toBeVisible();
  // once seen, a word is enough on any screen
  await page.reload();
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.getByRole('button', { name: /^Slow Google/ })).toBeVisible();
});
