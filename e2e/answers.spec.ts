// What can be done about an answer: gone on with, written over, and how full the context is.
import { answered, chat, expect, say, test } from './page';

test('an answer at its limit goes on as one without a limit', async ({ page }) => {
  await page.goto('/');
  const { log } = chat(page);
  const answer = log.locator('.markdown').last();
  await page.getByRole('button', { name: 'Balanced' }).click();
  await page.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await say(page, 'Write a poem about the sea');
  const whole = await answer.innerText();
  await page.getByLabel('Max tokens, as a number').fill('12');
  await page.getByLabel('Max tokens, as a number').press('Enter');
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await expect(page.getByText('The answer reached its limit of tokens.')).toBeVisible();
  const part = await answer.innerText();
  expect(whole.startsWith(part)).toBe(true);
  expect(part.length).toBeLessThan(whole.length);
  // the page may be closed meanwhile
  await page.reload();
  await page.getByLabel('Max tokens, as a number').fill('500');
  await page.getByLabel('Max tokens, as a number').press('Enter');
  await expect(page.getByLabel('Max tokens, as a number')).toHaveValue('500');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await answered(page);
  // neither a limit nor an error, nor a button, beneath it
  await expect(page.locator('.conversation-note')).toHaveText('', { timeout: 5000 });
  expect(await answer.innerText()).toBe(whole);
});

test('an answer is written over, beside what it was, and gone on with', async ({ page }) => {
  await page.goto('/');
  const { log } = chat(page);
  await say(page, 'Name an animal.');
  await page.getByRole('button', { name: 'Edit the answer' }).click();
  const editor = log.getByRole('textbox', { name: 'Answer in other words' });
  await editor.fill('The sea is wide,');
  await editor.press('Control+Enter');
  await expect(log.getByText('The sea is wide,')).toBeVisible();
  await expect(page.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
  await expect(chat(page).message).toBeFocused({ timeout: 5000 });
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await answered(page);
  expect((await log.locator('.markdown').innerText()).startsWith('The sea is wide,')).toBe(true);
});
