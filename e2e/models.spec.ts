// Models of one's own: imported, used, computed as chosen, and refused when damaged.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright/test';
import { TALES_GGUF, talesGolden } from '../src/testing/fixtures';
import { expect, goTo, say, test } from './page';

/** The model's greedy continuation of PROMPT, by transformers in float64. */
const PROMPT = 'Once upon a time';
const STORY = talesGolden().text.slice(PROMPT.length, talesGolden().text.indexOf('\n'));

/** Takes the imported model into use, once it is there. */
async function useTales(page: Page): Promise<void> {
  await page.getByRole('combobox', { name: 'Model in use' }).selectOption({ label: 'tales' });
}

async function addFiles(page: Page, files: Parameters<ReturnType<Page['locator']>['setInputFiles']>[0]) {
  await page.goto('/');
  await goTo(page, 'Models');
  await page.getByLabel('Add files', { exact: true }).setInputFiles(files);
}

const start = (page: Page) => page.getByRole('button', { name: 'Start', exact: true }).click();

/** A template that adds nothing to the instruction. */
async function bareTemplate(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Edit template' }).click();
  const template = page.getByRole('dialog', { name: 'Template' });
  await template.getByLabel('Name', { exact: true }).fill('bare');
  await template.getByLabel('Prompt with input').fill('{instruction}{input}');
  await template.getByLabel('Prompt without input').fill('{instruction}');
  await template.getByRole('button', { name: 'Save' }).click();
  await expect(template).toBeHidden();
}

test('a GGUF file is imported and tells its story, to the letter', async ({ page }) => {
  await addFiles(page, TALES_GGUF);
  await page.getByRole('radio', { name: 'As it is' }).check();
  await start(page);
  await useTales(page);
  await goTo(page, 'Instruct');
  const preset = page.getByLabel('Preset', { exact: true });
  if (!(await preset.isVisible())) await page.getByRole('button', { name: 'Balanced' }).click();
  await preset.selectOption('Precise');
  await bareTemplate(page);
  await page.getByRole('textbox', { name: 'Instruction', exact: true }).fill(PROMPT);
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Response', exact: true })).toContainText(STORY);
});

test('a file dropped anywhere is imported', async ({ page }) => {
  await page.goto('/');
  const base64 = readFileSync(TALES_GGUF).toString('base64');
  const files = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], 'tales-f16.gguf'));
    return transfer;
  }, base64);
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.locator('body').dispatchEvent(type, { dataTransfer: files });
  }
  // the drop opened Models, with the plan
  await start(page);
  await expect(page.getByRole('cell', { name: /^tales llama/ })).toBeVisible();
  await useTales(page);
});

test('a damaged file gives a sentence, and nothing is lost', async ({ page }) => {
  const buffer = readFileSync(TALES_GGUF).subarray(0, 300_000);
  await addFiles(page, { name: 'broken.gguf', mimeType: 'application/octet-stream', buffer });
  await expect(page.getByRole('alert').filter({ hasText: 'broken.gguf is damaged or incomplete' })).toBeVisible();
  const card = page.getByRole('region', { name: /^Import of broken/ });
  await card.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByText('broken')).toHaveCount(0);
  // what was there works on
  await goTo(page, 'Chat');
  await say(page, 'Hello');
});

test('a precision that was chosen is kept, has a smaller cache, and answers', async ({ page }) => {
  const precision = page.getByRole('combobox', { name: /^Precision of Pronk/ });
  /** The device panel's entry for the KV cache, shown once a model is loaded. */
  const cache = page.locator('#device-card dt', { hasText: /^cache$/ }).locator('+ dd');
  await page.goto('/');
  await goTo(page, 'Models');
  await page.getByRole('button', { name: /^Details of Pronk/ }).click();
  await expect(precision).toHaveValue('automatic');
  await expect(cache).toHaveText(/MB/);
  const usual = await cache.innerText();
  await expect(precision).toHaveAccessibleDescription(new RegExp(`cache of this context takes ${usual}\\.`));
  await precision.selectOption('8 bits');
  await expect(cache).not.toHaveText(usual);
  const rounded = await cache.innerText();
  const kilobytes = (words: string) => Number.parseFloat(words) * (words.endsWith('MB') ? 1000 : 1);
  expect(kilobytes(rounded)).toBeLessThan(kilobytes(usual) / 3);
  await expect(precision).toHaveAccessibleDescription(new RegExp(`98\\.7 to 100.* takes ${rounded}\\.`));

  await page.reload();
  await expect(cache).toHaveText(rounded);
  await page.getByRole('button', { name: /^Details of Pronk/ }).click();
  await expect(precision).toHaveValue('int8');
  await goTo(page, 'Chat');
  expect(await say(page, 'Hello')).toMatch(/Hello[\s\S]+\w/);
  // asking a question does not change the precision of the load
  await expect(cache).toHaveText(rounded);
});
