// Nothing is lost by closing the tab.
import { chat, expect, say, test } from './page';

test('a reload reopens the conversation that was open', async ({ page }) => {
  await page.goto('/');
  const { log } = chat(page);
  await say(page, 'Remember the number 417.');
  const before = await log.innerText();
  await page.reload();
  await expect(log).toContainText('Remember the number 417.');
  await expect.poll(() => log.innerText()).toBe(before);
  await say(page, 'And now 418.');
  await expect(log).toContainText('417');
});

test('a question that was being answered is still there', async ({ page }) => {
  await page.goto('/');
  const { message, send, stop, log } = chat(page);
  await message.fill('Write a very long poem.');
  await send.click();
  await expect(stop).toBeVisible();
  await expect.poll(async () => (await log.innerText()).length, { timeout: 60_000 }).toBeGreaterThan(40);
  await page.reload();
  await expect(log).toContainText('Write a very long poem.');
  await say(page, 'Go on.');
});

test('the second visit fetches no model', async ({ page }) => {
  await page.goto('/');
  await say(page, 'Hello');
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.reload();
  await say(page, 'Hello again');
  expect(fetched.filter((url) => url.endsWith('.gguf'))).toEqual([]);
});
