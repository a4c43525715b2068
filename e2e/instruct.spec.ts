// An instruction through a template.
import { expect, goTo, say, test } from './page';

test('an instruction with an input gets a response', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Instruct');
  await page.getByRole('textbox', { name: 'Instruction', exact: true }).fill('Answer the question.');
  await page.getByRole('textbox', { name: 'Input', exact: true }).fill('What colour is the sky?');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  const response = page.getByRole('region', { name: 'Response', exact: true });
  await expect.poll(async () => (await response.innerText()).length, { timeout: 90_000 }).toBeGreaterThan(5);
});

test('a publisher’s prompt and sampling are one click away, here and in Chat', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Instruct');
  const chips = page.getByRole('group', { name: 'Prompt and sampling as in' });
  await chips.getByRole('button', { name: 'Point-Alpaca' }).click();
  await expect(chips.getByRole('button', { name: 'Point-Alpaca' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('combobox', { name: 'Template' })).toHaveValue('alpaca_legacy');
  await page.getByRole('textbox', { name: 'Instruction', exact: true }).fill('Name a fruit. </s>');
  await expect(page.getByText(/Name a fruit. <\/s>\s+### Response:$/)).toBeVisible();

  await goTo(page, 'Chat');
  const style = page.getByRole('combobox', { name: 'Prompt style' });
  await style.selectOption('OpenAlpaca');
  await expect(page.getByRole('button', { name: 'OpenAlpaca' })).toBeVisible();
  await say(page, 'Hello');
  await page.reload();
  await expect(style).toHaveValue('openalpaca');
  await style.selectOption('Own template');
  await say(page, 'Hello again');
});

test('a response at its limit goes on as one without a limit', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Instruct');
  await page.locator('.settings-toggle').click();
  await page.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await page.getByRole('textbox', { name: 'Instruction', exact: true }).fill('Write a poem about the sea');
  const response = page.getByRole('region', { name: 'Response', exact: true });
  const generate = page.getByRole('button', { name: 'Generate', exact: true });
  const limit = page.getByLabel('Max tokens, as a number');
  await generate.click();
  await expect(page.getByText(/first token after/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue', exact: true })).toHaveCount(0);
  const whole = await response.innerText();
  await limit.fill('14');
  await limit.press('Enter');
  await generate.click();
  await expect(page.getByText(/reached its limit of tokens/)).toBeVisible();
  expect((await response.innerText()).length).toBeLessThan(whole.length);
  await limit.fill('300');
  await limit.press('Enter');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  // it takes Generate's place, and the focus
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toBeFocused({ timeout: 5000 });
  await expect(generate).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue', exact: true })).toHaveCount(0);
  expect(await response.innerText()).toBe(whole);
});
