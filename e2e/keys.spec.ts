// What the keyboard and the eye hold on to: focus, menus, dialogs, notices, and a layout that stays where it is.
import { answered, chat, expect, goTo, say, test } from './page';
import { storeIn, talk } from './stored';

test('the focus stays in reach after Stop, Escape and Regenerate', async ({ page }) => {
  await page.goto('/');
  const { message, send, stop, log } = chat(page);
  const ask = async () => {
    await message.fill('Write a poem about the sea');
    await send.click();
    await expect(log.locator('.growing')).toHaveText(/\w/);
  };
  await ask();
  await stop.click();
  await answered(page);
  await expect(message).toBeFocused();
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await expect(stop).toBeVisible();
  await expect(message).toBeFocused();
  await page.keyboard.press('Escape');
  await answered(page);
  await expect(message).toBeFocused();
});

test('an error and its way out are in sight beneath a long message', async ({ page }) => {
  await page.goto('/');
  await expect(chat(page).message).toBeVisible();
  const error = { code: 'device-lost', message: 'The device was lost.' };
  await storeIn(page, 'chats', [talk('long', ['word '.repeat(900), ''], { state: 'failed', error })]);
  // before the page reads it: a page that closes may still write its own
  await page.addInitScript(() => localStorage.setItem('pronk.chat', '"long"'));
  await page.reload();
  await expect(page.getByText('The device was lost.')).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeInViewport();
  const [below, above] = await Promise.all([
    page.locator('.composer').boundingBox(),
    page.getByRole('button', { name: 'Try again' }).boundingBox(),
  ]);
  expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
});

test('a menu is one, a new name is written over, and a chat stays where it was', async ({ page }) => {
  await page.goto('/');
  await expect(chat(page).message).toBeVisible();
  const old = { ...talk('old', ['First question', 'One']), createdAt: 1 };
  const recent = talk('recent', ['Second question', 'Two']);
  recent.turns = recent.turns.map((turn) => ({ ...turn, createdAt: turn.createdAt + 1000 }));
  await storeIn(page, 'chats', [old, recent]);
  await page.reload();
  const titles = page.getByRole('region', { name: 'All chats' }).getByRole('listitem');
  await expect(titles).toHaveText([/^Second question/, /^First question/]);
  const more = titles.nth(1).getByRole('button', { name: /^More about/ });
  await more.focus();
  await page.keyboard.press('ArrowDown');
  const menu = page.getByRole('menu');
  await expect(menu.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await expect(more).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('End');
  await expect(menu.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(menu.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('e');
  await expect(menu.getByRole('menuitem', { name: 'Export as Markdown' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(menu.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('Enter');
  const name = page.getByRole('textbox', { name: 'Name', exact: true });
  await expect(name).toBeFocused();
  await expect.poll(() => page.evaluate(() => String(getSelection()))).toBe('First question');
  await page.keyboard.type('Peru');
  // a slip of the hand beside the dialog loses nothing
  await page.mouse.click(5, 5);
  await expect(name).toHaveValue('Peru');
  await name.press('Enter');
  await expect(titles).toHaveText([/^Second question/, /^Peru/]);
});

test('Settings close by Escape, say what became of a number, and are each place’s own', async ({ page }) => {
  await page.goto('/');
  const toggle = page.locator('.settings-toggle');
  await toggle.click();
  const panel = page.getByRole('complementary', { name: 'Settings' });
  const topP = panel.getByLabel('Top-p, as a number');
  await topP.fill('5');
  await topP.press('Enter');
  await expect(panel.getByText('Top-p can be from 0.05 to 1; it is now 1.')).toBeVisible();
  await topP.press('Escape');
  await expect(panel).toHaveCount(0);
  await expect(toggle).toBeFocused();
  await goTo(page, 'Instruct');
  await page.getByRole('button', { name: 'Point-Alpaca' }).click();
  await expect(toggle).toHaveText('Point-Alpaca');
  await goTo(page, 'Chat');
  await expect(toggle).toHaveText('Balanced');
});

test('the first Tab skips to the content', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Models');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await skip.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await expect(page).toHaveURL(/#\/models$/);
  // it is the first thing on the page
  expect(await page.evaluate(() => document.querySelector('a, button, input, select, textarea')?.textContent)).toBe(
    'Skip to the content',
  );
});

test('nothing jumps as the device and a notice appear, and the notice covers nothing', async ({ page }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number }[]) shifts.push(entry.value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/');
  await expect(page.getByRole('button', { name: /^Slow: no GPU, models run on the CPU/ })).toBeVisible();
  const notice = page.getByText('Works offline now.');
  await expect(notice).toBeVisible();
  const [box, composer] = await Promise.all([
    page.locator('.toast').boundingBox(),
    page.locator('.composer').boundingBox(),
  ]);
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(composer?.y ?? 0);
  await expect(notice).toHaveCount(0, { timeout: 15_000 });
  const total = await page.evaluate(() =>
    (globalThis as unknown as { shifts: number[] }).shifts.reduce((a, b) => a + b, 0),
  );
  // it was 0.10
  expect(total).toBeLessThan(0.05);
  // once seen, a word is enough
  await page.reload();
  await expect(page.getByRole('button', { name: /^Slow Google/ })).toBeVisible();
});

test('the context meter counts what would be sent', async ({ page }) => {
  await page.goto('/');
  const { message } = chat(page);
  await message.fill('Hello');
  const meter = page.getByRole('meter', { name: 'Context in use' });
  await expect(meter).toHaveText(/^\d+ of 512 tokens$/);
  const short = Number(await meter.getAttribute('aria-valuenow'));
  await message.fill(`Hello${' and again'.repeat(10)}`);
  await expect.poll(async () => Number(await meter.getAttribute('aria-valuenow'))).toBeGreaterThan(short + 10);
  await message.fill('Hello');
  await expect.poll(async () => Number(await meter.getAttribute('aria-valuenow'))).toBe(short);
  await say(page, 'Hello');
  // the model was given as many as were counted
  const figures = chat(page).log.locator('.drawn-text[title]');
  expect(await figures.getAttribute('title')).toContain(`${short} prompt tokens, `);
});
