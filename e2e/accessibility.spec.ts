// No serious finding of axe, in either theme, wide or narrow, in any of the places; and everything by keyboard.
import { findings } from './axe';
import { chat, expect, goTo, say, test } from './page';
import { CANARY, done, fineTune, prepare, QUICK, reached, withRows } from './train';

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
      expect(await findings(page), place).toEqual([]);
    }
  });
}

test('axe finds nothing serious in any step of training, and nothing is wider than the screen', async ({ page }) => {
  const look = async (width: number, colorScheme: 'light' | 'dark') => {
    const when = `${await fineTune(page).state.innerText()}, ${colorScheme}, ${width} pixels wide`;
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide, when).toBe(0);
    expect(await findings(page, '.training'), when).toEqual([]);
  };
  await prepare(page, { ...QUICK, max_steps: 4, val_set_size: 1, eval_steps: 1 }, [CANARY.instruction]);
  await withRows(page, [CANARY, CANARY, { instruction: 'Hello', input: '', output: '' }]);
  for (const fold of await page.locator('.training summary').all()) await fold.click();
  await expect(page.getByRole('region', { name: 'What it takes' })).toContainText('Memory');
  const { start, pause, resume } = fineTune(page);
  await start.click();
  await reached(page, 1);
  await pause.click();
  await expect(resume).toBeVisible();
  await look(1280, 'dark');
  await look(390, 'light');
  await resume.click();
  await done(page);
  await expect(page.getByRole('region', { name: 'Samples' })).toContainText(CANARY.instruction);
  // what there is to do with the adapter
  await page.getByText('As a whole model, merged with its base').click();
  for (const width of [390, 1280]) for (const colorScheme of ['light', 'dark'] as const) await look(width, colorScheme);
});

test('axe finds what is wrong, also within one place', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Fine-tune');
  const place = page.locator('.training');
  await place.evaluate((element) => element.insertAdjacentHTML('beforeend', '<img src="data:,"><input>'));
  for (const within of ['html', '.training']) {
    expect((await findings(page, within)).map((found) => found.split(':')[0])).toEqual(['image-alt', 'label']);
  }
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
