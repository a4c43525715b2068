// A conversation: streaming, stopping, answering again, changing the question, copying.
import { answered, chat, expect, say, test } from './page';

test('text streams in, and Stop keeps what came', async ({ page }) => {
  await page.goto('/');
  const { message, send, stop, log } = chat(page);
  await message.fill('Write a poem about the sea');
  await send.click();
  await expect(stop).toBeVisible();
  const length = async () => (await log.innerText()).length;
  // looks often: the whole poem takes two seconds
  const soon = { intervals: [20] };
  await expect.poll(length, soon).toBeGreaterThan(40);
  const early = await length();
  await expect.poll(length, soon).toBeGreaterThan(early);
  await stop.click();
  await answered(page);
  const stopped = await log.innerText();
  expect(stopped.length).toBeGreaterThan(early);
  await page.waitForTimeout(500);
  expect(await log.innerText()).toBe(stopped);
  await expect(page.getByText('Stopped.')).toBeVisible();
});

test('a second question follows the first', async ({ page }) => {
  await page.goto('/');
  await say(page, 'Hello');
  const both = await say(page, 'What is two plus two?');
  expect(both.indexOf('Hello')).toBeLessThan(both.indexOf('two plus two'));
  await expect(chat(page).message).toHaveValue('');
});

test('Enter sends, and Shift with Enter breaks the line', async ({ page }) => {
  await page.goto('/');
  const { message, log } = chat(page);
  await message.pressSequentially('One');
  await message.press('Shift+Enter');
  await message.pressSequentially('Two');
  await expect(message).toHaveValue('One\nTwo');
  await message.press('Enter');
  await expect(log).toContainText('One');
  await answered(page);
});

test('answers again, and with another question', async ({ page }) => {
  await page.goto('/');
  const { log } = chat(page);
  await say(page, 'Name an animal.');
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await answered(page);
  await page.getByRole('button', { name: 'Edit the question' }).click();
  const editor = log.getByRole('textbox', { name: 'Question in other words' });
  await editor.fill('Name a colour.');
  await editor.press('Enter');
  await answered(page);
  await expect(log).toContainText('Name a colour.');
  await expect(log).not.toContainText('Name an animal.');
});

test('an answer is copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/');
  const text = await say(page, 'Say something.');
  await page.getByRole('button', { name: 'Copy the answer' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.length).toBeGreaterThan(0);
  expect(text.replaceAll(/\s+/g, '')).toContain(copied.replaceAll(/[\s*#`]+/g, '').slice(0, 20));
});

test('what looks like markup or a special token stays text', async ({ page }) => {
  await page.goto('/');
  const odd = '<b>bold</b> <script>alert(1)</script> </s> <|im_end|>';
  await say(page, odd);
  await expect(chat(page).log).toContainText(odd);
});
