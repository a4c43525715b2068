// A model that thinks before it answers: its thought is folded, has a budget and a switch, and stays with the chat.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright/test';
import { TALES, TALES_FILES } from '../src/testing/fixtures';
import { answered, chat, expect, goTo, say, test } from './page';

/** A short form of Qwen 3's: thoughts of earlier turns are left out, and a switch closes the thought before it begins. */
const TEMPLATE = `{% for m in messages %}{{ m.role }}: {{ m.content }}
{% if m.reasoning_content and loop.last %}{{ m.reasoning_content }}{% endif %}{% endfor %}assistant: {% if enable_thinking is not defined or enable_thinking %}<think>
{% endif %}`;

async function useThinker(page: Page): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Models');
  const payload = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
  await page
    .getByLabel('Add files', { exact: true })
    .setInputFiles([
      ...TALES_FILES.map((file) => payload(file, readFileSync(`${TALES}/${file}`))),
      payload('chat_template.jinja', Buffer.from(TEMPLATE)),
    ]);
  const plan = page.getByRole('region', { name: /^Import of/ });
  await plan.getByLabel('Name').fill('Thinker');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('button', { name: 'Use Thinker', exact: true }).click();
  await goTo(page, 'Chat');
}

test('a thought streams into a folded block, is closed by its budget, and can be turned off', async ({ page }) => {
  await useThinker(page);
  await page.locator('[aria-controls="settings"]').click();
  const settings = page.getByRole('complementary', { name: 'Settings' });
  await settings.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await settings.getByLabel('Max tokens, as a number').fill('12');
  await settings.getByLabel('Thinking budget, as a number').fill('64');
  const thinks = settings.getByRole('switch', { name: 'Think before answering' });
  await expect(thinks).toBeChecked();

  await say(page, 'Tell me a story.');
  const answer = page.getByRole('article', { name: 'Thinker' }).last();
  const thought = answer.getByRole('group');
  const summary = answer.locator('summary');
  await expect(summary).toContainText('Thought');
  // how long it took is drawn beside it: 64 tokens of its own, and those that closed it
  await expect(summary.locator('span')).toHaveAttribute('data-text', /^for .+, (6[5-9]|7\d) tokens$/);
  await expect(thought.getByText(/\w+ \w+/).last()).toBeHidden();
  await summary.focus();
  await page.keyboard.press('Enter');
  const words = await answer.locator('.thought-text').innerText();
  expect(words.length).toBeGreaterThan(40);
  const said = await answer.locator('.markdown').innerText();
  expect(said).toMatch(/\w/);
  expect(said).not.toContain('think>');

  // the next question has neither the thought nor its marks before it, and everything is there after a reload
  await thinks.click();
  await expect(settings.getByLabel('Thinking budget, as a number')).toHaveCount(0);
  await say(page, 'Another one.');
  await expect(page.getByRole('article', { name: 'Thinker' }).last().locator('summary')).toHaveCount(0);
  await page.reload();
  await expect(page.locator('summary', { hasText: 'Thought' })).toHaveCount(1);
  await page.locator('summary', { hasText: 'Thought' }).click();
  await expect(page.locator('.thought-text')).toHaveText(words);
  await expect(settings.getByRole('switch', { name: 'Think before answering' })).not.toBeChecked();

  // stopped within its thought, an answer goes on in it
  await settings.getByRole('switch', { name: 'Think before answering' }).click();
  await settings.getByLabel('Thinking budget, as a number').fill('512');
  const { message, send, stop } = chat(page);
  await message.fill('A long one.');
  await send.click();
  await expect(page.locator('summary', { hasText: 'Thinking' })).toBeVisible();
  await stop.click();
  await answered(page);
  await settings.getByLabel('Thinking budget, as a number').fill('64');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await answered(page);
  await expect(page.getByRole('article', { name: 'Thinker' }).last().locator('.markdown')).toContainText(/\w/);
});
