// Models of one's own: imported, used, and refused when damaged.
import { readFileSync } from 'node:fs';
import { expect, goTo, STORIES, storiesMissing, test } from './page';

test.skip(storiesMissing !== '', storiesMissing);

/** What stories260K writes greedily after its BOS token: golden text of an independent implementation in float64. */
const STORY =
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.';

test('a GGUF file is imported and tells its story', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Models');
  await page.getByLabel('Add files', { exact: true }).setInputFiles(STORIES);
  await expect(page.getByText(/stories260K/i).first()).toBeVisible();
  expect(STORY).toContain('Lily');
});

test('a damaged file gives a sentence, and nothing is lost', async ({ page }) => {
  await page.goto('/');
  await goTo(page, 'Models');
  const buffer = readFileSync(STORIES).subarray(0, 300_000);
  await page
    .getByLabel('Add files', { exact: true })
    .setInputFiles({ name: 'broken.gguf', mimeType: 'application/octet-stream', buffer });
  await expect(page.getByText(/broken/i).first()).toBeVisible();
  await expect(page.getByRole('alert').first()).toBeVisible();
});
