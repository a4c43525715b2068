// The same page 375 pixels wide.
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
