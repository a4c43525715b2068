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
  await style.selectOption('Own prompt');
  await say(page, 'Hello again');
});
