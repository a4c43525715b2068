// An instruction through a template.
import { expect, goTo, test } from './page';

test('an instruction with an input gets a response', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Instruct');
  await page.getByRole('textbox', { name: 'Instruction', exact: true }).fill('Answer the question.');
  await page.getByRole('textbox', { name: 'Input', exact: true }).fill('What colour is the sky?');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  const response = page.getByRole('region', { name: 'Response', exact: true });
  await expect.poll(async () => (await response.innerText()).length, { timeout: 90_000 }).toBeGreaterThan(5);
});
