// No serious finding of axe, in either theme, wide or narrow, in any of the places; and everything by keyboard.
import { AxeBuilder } from '@axe-core/playwright';
import { chat, expect, goTo, say, test } from './page';

const VIEWS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 375 },
] as const;

for (const { colorScheme, width } of VIEWS) {
  test(`axe finds nothing serious, ${colorScheme}, ${width} pixels wide`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 720 });
    await page.goto('/');
    await say(page, 'Hello');
    for (const place of ['Chat', 'Instruct', 'Models', 'Fine-tune'] as const) {
      await goTo(page, place);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(
        serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
        place,
      ).toEqual([]);
    }
  });
}

test('axe finds what is wrong', async ({ page }) => {
  await page.goto('/');
  await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<main><img src="data:,"><input></main>'));
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toContain('image-alt');
});

test('the places are reached by keyboard', async ({ page }) => {
  await page.goto('/');
  await expect(chat(page).message).toBeFocused();
  const models = page.getByRole('link', { name: 'Models', exact: true });
  for (let i = 0; i < 40; i++) {
    if (await models.evaluate((link) => link === document.activeElement)) break;
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Add files', { exact: true })).toBeAttached();
});
