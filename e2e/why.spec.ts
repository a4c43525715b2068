// Probabilities of an answer's tokens, another word in a token's place, and answers that are held to a form.
import type { Page } from 'playwright/test';
import { findings } from './axe';
import { answered, chat, expect, say, test } from './page';

async function openSettings(page: Page, maxTokens: string) {
  await page.goto('/');
  await page.locator('[aria-controls="settings"]').click();
  const settings = page.getByRole('complementary', { name: 'Settings' });
  await settings.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await settings.getByLabel('Max tokens, as a number').fill(maxTokens);
  return settings;
}

const article = (page: Page) => page.getByRole('article', { name: /^Pronk/ }).last();

test('an answer in its tokens: the same text, tinted, with runners-up that it can be gone on with', async ({
  page,
}) => {
  await openSettings(page, '16');
  await say(page, 'What is the capital of Peru?');
  const plain = await article(page).locator('.markdown').innerText();
  const toggle = page.getByRole('button', { name: 'Why this word?' });
  await toggle.click();
  await expect(page.getByText('Answers that were written without this')).toBeVisible();
  await page.getByRole('button', { name: 'Regenerate' }).last().click();
  await answered(page);
  const tokens = article(page).getByRole('group', { name: 'The answer in tokens' });
  await expect(tokens).toHaveText(plain);
  const buttons = tokens.getByRole('button');
  expect(await buttons.count()).toBeGreaterThan(4);
  await expect(buttons.first()).toHaveAccessibleName(/^“.+”, .+ %$/);

  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await findings(page, '.log'), colorScheme).toEqual([]);
  }

  // by mouse, and by keys: one Tab stop, arrows within
  const card = page.getByRole('group', { name: 'What could have stood there' });
  await buttons.nth(3).hover();
  await expect(card.getByRole('button').first()).toBeVisible();
  await page.mouse.move(5, 5);
  await expect(card).toBeHidden();
  await buttons.first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(buttons.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  const other = card.getByRole('button').first();
  await expect(other).toBeFocused();
  const word = /“(.+)”/.exec((await other.getAttribute('aria-label')) ?? '')?.[1] ?? '';
  const first = await buttons.first().innerText();
  await page.keyboard.press('Escape');
  await expect(buttons.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await answered(page);
  // a branch of its own, which begins alike and then has the other word
  await expect(article(page)).toContainText(`${first}${word.replace('␣', ' ')}`);
  await expect(page.getByRole('group', { name: 'Version 3 of 3' })).toBeVisible();

  // after a reload it is there, and without the toggle it is Markdown as before
  await page.reload();
  await expect(article(page).getByRole('group', { name: 'The answer in tokens' })).toBeVisible();
  await toggle.click();
  await expect(article(page).locator('.markdown')).toContainText(word.replace('␣', '').trim());
});

test('answers are held to a form, and what is no form is said while it is written', async ({ page }) => {
  const settings = await openSettings(page, '24');
  const form = settings.getByRole('region', { name: 'Form of the answer' });
  await form.getByLabel('Form', { exact: true }).selectOption('One of several answers');
  await form.getByLabel('Answers, one a line').fill('Lima\nQuito');
  await expect(form.getByRole('status')).toHaveText('This can be held to.');
  await say(page, 'What is the capital of Peru?');
  await expect(article(page).locator('.markdown')).toHaveText(/^(Lima|Quito)$/);

  await form.getByLabel('Form', { exact: true }).selectOption('JSON by a schema');
  const schema = form.getByLabel('JSON Schema', { exact: true });
  await schema.fill('{"type": "object", ');
  await expect(form.getByRole('status')).toContainText('The schema is not JSON');
  const { message, send } = chat(page);
  await message.fill('Who are you?');
  await send.click();
  await expect(page.getByRole('alert').last()).toContainText('The schema is not JSON');
  await schema.fill('{"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "maxItems": 2}');
  await expect(form.getByRole('status')).toHaveText('This can be held to.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await answered(page);
  const said = await article(page).locator('.markdown').innerText();
  expect(JSON.parse(said)).toEqual([expect.stringMatching(/^[ab]$/), expect.stringMatching(/^[ab]$/)]);

  // an answer that was begun is not continued while the form is invalid, and stays
  await page.getByRole('button', { name: 'Edit the answer' }).last().click();
  const editor = page.getByRole('textbox', { name: 'Answer in other words' });
  await editor.fill('["a"');
  await editor.press('Control+Enter');
  await schema.fill('{"type": "array", ');
  await expect(form.getByRole('status')).toContainText('The schema is not JSON');
  const goOn = page.getByRole('button', { name: 'Continue', exact: true });
  await goOn.click();
  await expect(page.getByRole('alert').last()).toContainText('The schema is not JSON');
  await expect(article(page).locator('.markdown')).toHaveText('["a"');
});
