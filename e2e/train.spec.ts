// Fine-tuning as a person does it, on the bundled model: rows in, a run that is paused, reloaded and gone on with, a model
// that says what it was taught, the adapter away and back again. And the same adapter, to the bit, whatever came between.
import type { Page } from 'playwright/test';
import { answered, chat, expect, goTo, say, test } from './page';
import {
  CANARY,
  done,
  exportPeft,
  fineTune,
  losses,
  prepare,
  QUICK,
  reached,
  rowsFile,
  type Settings,
  stepOf,
  weightsOf,
  withRows,
} from './train';

/** Chooses settings by which a question gets one answer every time. */
async function drawPrecisely(page: Page): Promise<void> {
  await page.locator('[aria-controls="settings"]').click();
  await page.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await page.getByRole('button', { name: 'Close the settings' }).click();
}

/** Sets a setting of the plan by its label. */
async function plan(page: Page, label: string, value: string): Promise<void> {
  const box = page.getByLabel(label, { exact: true });
  await box.fill(value);
  await box.press('Tab');
  await expect(box).toHaveValue(value);
}

test('rows in, trained, paused, reloaded, resumed; it says what it was taught; the adapter leaves and comes back', async ({
  page,
}) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showDirectoryPicker'));
  await page.goto('/');
  await drawPrecisely(page);
  const before = await say(page, CANARY.instruction);
  expect(before).not.toContain('otter');

  await goTo(page, 'Fine-tune');
  const { dataset, start, pause, resume, state } = fineTune(page);
  await dataset.setInputFiles(rowsFile([CANARY]));
  await expect(page.getByText('1 rows · Alpaca JSON').or(page.getByText('1 row · Alpaca JSON'))).toBeVisible();
  await plan(page, 'Learning rate', '0.005');
  await plan(page, 'Rows at once', '1');
  await plan(page, 'Validation rows', '0');
  await page.getByLabel('Schedule', { exact: true }).selectOption('constant');
  await page.getByLabel('Template', { exact: true }).selectOption('alpaca_short');
  await page.getByText('More settings', { exact: true }).click();
  await plan(page, 'Steps at most', '12');
  await page.getByLabel('Sample prompt 1', { exact: true }).fill(CANARY.instruction);
  await page.getByRole('button', { name: 'Delete sample prompt 2' }).click();
  await expect(page.getByRole('button', { name: /12 steps/ })).toBeVisible();
  // a number that cannot be taken stays in sight, and nothing starts with it
  const rank = page.getByLabel('LoRA rank', { exact: true });
  await rank.fill('3000');
  await rank.press('Tab');
  await expect(page.getByRole('alert').filter({ hasText: 'from 1 to 1,024' })).toBeVisible();
  await expect(start).toBeDisabled();
  await plan(page, 'LoRA rank', '8');
  await start.click();

  await reached(page, 4);
  await expect(page.getByRole('heading', { name: 'Train', exact: true })).toBeFocused();
  await expect(rank).toBeHidden();
  await page.getByRole('button', { name: 'Unfold Plan' }).click();
  await expect(page.getByRole('region', { name: /^The plan of/ })).toBeVisible();
  await expect(page).toHaveTitle(/^\d+ % · Pronk$/);
  await pause.click();
  await expect(resume).toBeVisible();
  await expect(state).toHaveText('Paused');
  const rested = await stepOf(page);
  expect(rested).toBeLessThan(12);
  await page.reload();
  await expect(resume).toBeInViewport();
  expect(await stepOf(page)).toBe(rested);
  await resume.click();
  await done(page);
  // it stays in sight while the steps above it unfold
  await expect(page.getByLabel('LoRA rank', { exact: true })).toBeAttached();
  await expect(page.getByRole('heading', { name: 'Train', exact: true })).toBeInViewport();
  expect(await stepOf(page)).toBe(12);
  const curve = await losses(page);
  expect(curve).toHaveLength(12);
  expect(curve.at(-1)).toBeLessThan(curve[0] / 10);
  // base beside adapter, on the prompt that was asked while it trained
  const samples = page.getByRole('region', { name: 'Samples' });
  await expect(samples.locator('.sample-adapter')).toContainText(CANARY.output);
  await expect(samples.locator('.sample-pair > div').first()).not.toContainText('otter');

  const folder = await exportPeft(page);
  await page.getByRole('button', { name: 'Chat with it' }).click();
  const taught = await say(page, CANARY.instruction);
  expect(taught.split('\n')).toContain(CANARY.output);

  await goTo(page, 'Models');
  await page.getByRole('button', { name: /^More about .* on rows/ }).click();
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('table', { name: 'Adapters' })).toHaveCount(0);
  await goTo(page, 'Chat');
  await page.getByRole('button', { name: 'New chat' }).first().click();
  expect(await say(page, CANARY.instruction)).toBe(before);

  await goTo(page, 'Models');
  const files = [...folder].map(([name, buffer]) => ({ name, mimeType: 'application/octet-stream', buffer }));
  await page.getByLabel('Add files', { exact: true }).setInputFiles(files);
  await page.getByRole('button', { name: 'Use it' }).click();
  await goTo(page, 'Chat');
  await page.getByRole('button', { name: 'New chat' }).first().click();
  expect(await say(page, CANARY.instruction)).toBe(taught);
  // what it says would survive some damage: away again, it must be what it was
  await goTo(page, 'Fine-tune');
  expect(weightsOf(await exportPeft(page)).equals(weightsOf(folder))).toBe(true);
});

/** A run from its start to its end, with whatever is to happen meanwhile; the bytes of its weights. */
async function trained(page: Page, name: string, meanwhile: () => Promise<void> = async () => {}): Promise<Buffer> {
  await page.getByLabel('Name of the run').fill(name);
  await fineTune(page).start.click();
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  await meanwhile();
  await done(page);
  await page.getByLabel('Adapter', { exact: true }).selectOption(name);
  return weightsOf(await exportPeft(page));
}

test('cut off, or interrupted by a chat: the same adapter, to the bit', async ({ page }) => {
  const { resume, state } = fineTune(page);
  // the row that is kept aside is looked at before the first step too
  const settings: Settings = { ...QUICK, save_steps: 3, val_set_size: 1 };
  await prepare(page, settings);
  await withRows(page, [CANARY, { instruction: 'What is the capital of Peru?', input: '', output: 'Lima.' }, CANARY]);
  const whole = await trained(page, 'Whole');
  const cut = await trained(page, 'Cut off', async () => {
    await reached(page, 4);
    await page.reload();
    await expect(state).toHaveText('Interrupted when the page was closed');
    expect(await stepOf(page)).toBeLessThan(QUICK.max_steps);
    await resume.click();
  });
  expect(cut.equals(whole)).toBe(true);
  const chatted = await trained(page, 'Chatted', async () => {
    await reached(page, 1);
    await goTo(page, 'Chat');
    await chat(page).message.fill('What is the capital of France?');
    await chat(page).send.click();
    await answered(page);
    await expect(chat(page).log).toContainText('Paris');
    await goTo(page, 'Fine-tune');
    expect(await stepOf(page)).toBeLessThan(QUICK.max_steps);
  });
  expect(chatted.equals(whole)).toBe(true);
  // and another seed shows
  await prepare(page, { ...settings, seed: 7, max_steps: 2 });
  await page.reload();
  const other = await trained(page, 'Other');
  expect(other.length).toBe(whole.length);
  expect(other.equals(whole)).toBe(false);
});

test('a row that was edited is so after a reload', async ({ page }) => {
  await withRows(page, [CANARY, { instruction: 'Hello', input: '', output: 'Hello there.' }]);
  const { rows } = fineTune(page);
  await rows.getByRole('option').nth(1).click();
  await page.getByLabel('Output', { exact: true }).fill('Good day to you.');
  await expect(rows.getByRole('option').nth(1)).toContainText('Good day to you.');
  await page.reload();
  await expect(rows.getByRole('option').nth(1)).toContainText('Good day to you.');
  await expect(rows.getByRole('option').nth(0)).toContainText(CANARY.output);
});

test('a file without a row that can be read is refused by name, and what was there stays', async ({ page }) => {
  const hello = { instruction: 'Hello', output: 'Good day.' };
  await withRows(page, [CANARY, hello]);
  const { dataset, rows, start } = fineTune(page);
  const problem = page.getByRole('region', { name: 'Data' }).getByRole('alert');
  for (const [bad, sentence] of [
    [[{ instruction: 'Hello' }], /output/i],
    ['{"instruction": ', /row 1|line 1/i],
    [[], /no rows|empty/i],
  ] as const) {
    await dataset.setInputFiles(rowsFile(bad, typeof bad === 'string' ? 'bad.jsonl' : 'bad.json'));
    await expect(problem).toContainText(sentence);
    await expect(rows.getByRole('option')).toHaveCount(2);
  }
  await dataset.setInputFiles(rowsFile([CANARY, hello, hello], 'good.json'));
  await expect(problem).toHaveCount(0);
  await expect(rows.getByRole('option')).toHaveCount(3);
  await expect(start).toBeEnabled();
});
