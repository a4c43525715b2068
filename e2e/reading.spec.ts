// How what was said is drawn: lines, tables, directions, and where the next word comes.
import { chat, expect, say, test } from './page';
import { storeIn, talk } from './stored';

test('a poem keeps its lines, and the caret stands behind its last word', async ({ page }) => {
  await page.goto('/');
  const { message, send, log } = chat(page);
  await message.fill('Write a poem about the sea');
  await send.click();
  // looked at in one go while it grows: a busy machine may be late for the next look
  const seen = await page.waitForFunction(() => {
    const element = document.querySelector('.growing:has(br)');
    const last = element?.lastElementChild;
    if (!element || !last) return null;
    const { content, display } = getComputedStyle(last, '::after');
    return { content, display, own: getComputedStyle(element, '::after').content };
  });
  expect(await seen.jsonValue()).toEqual({ content: '""', display: 'inline-block', own: 'none' });
  await expect(log.locator('.growing')).toHaveCount(0, { timeout: 90_000 });
  expect(await log.locator('.markdown').innerText()).toMatch(/,\n.+\./);
});

const TABLE = `| Name | Explanation |
|---|---|
| repetitionPenalty | internationalization ${'of everything '.repeat(12)} |
| minP | short |`;

test('words of a table stay whole, numbers alone stay text, and each text runs its own way', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  await expect(chat(page).message).toBeVisible();
  const arabic = 'السلام عليكم';
  await storeIn(page, 'chats', [
    talk('odd', ['اكتب لي', `${arabic}\n\n1. ${arabic}`, 'How many?', '2.', 'A table', TABLE]),
  ]);
  // before the page reads it: a page that closes may still write its own
  await page.addInitScript(() => localStorage.setItem('pronk.chat', '"odd"'));
  await page.reload();
  const { log } = chat(page);
  await expect(log.getByRole('table')).toBeVisible();
  await expect(log.getByText('2.', { exact: true })).toBeVisible();

  const cells = log.getByRole('cell');
  expect(await cells.evaluateAll((all) => all.map((cell) => cell.getAttribute('class')))).toEqual([
    null,
    null,
    null,
    null,
  ]);
  // a word takes one line, whatever else the columns have to hold
  const lines = (cell: Element) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects().length;
  };
  expect(await cells.nth(0).evaluate(lines)).toBe(1);
  expect(await cells.nth(2).evaluate(lines)).toBe(1);

  const direction = (element: Element) => getComputedStyle(element).direction;
  expect(await log.getByText('اكتب لي').evaluate(direction)).toBe('rtl');
  expect(await log.locator('.markdown').first().locator('p').evaluate(direction)).toBe('rtl');
  expect(await log.getByRole('list').first().evaluate(direction)).toBe('rtl');
  expect(await log.getByRole('table').evaluate(direction)).toBe('ltr');
  expect(await page.getByRole('heading', { name: 'اكتب لي' }).evaluate(direction)).toBe('rtl');
  await chat(page).message.fill(arabic);
  expect(await chat(page).message.evaluate(direction)).toBe('rtl');
  await say(page, 'Hello');
});
