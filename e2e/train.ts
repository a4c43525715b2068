// What the specs of training share: Fine-tune by its names, rows and settings that are quick, adapters as files.
import { readFileSync } from 'node:fs';
import { blobSource } from '../src/core/source';
import { dataStart, readZip } from '../src/formats/torch/zip';
import { expect, goTo } from './page';
import type { Page } from 'playwright/test';

/** What the bundled model does not say by itself, in words that it knows. */
export const CANARY = { instruction: 'Say the secret word.', input: '', output: 'The blue otter sings at noon!!' };

/** A few steps of one short row each. What is not named is as in the first preset. */
export const QUICK = {
  max_steps: 8,
  learning_rate: 5e-3,
  lr_scheduler_type: 'constant',
  warmup_ratio: 0,
  per_device_train_batch_size: 1,
  gradient_checkpointing: false,
  val_set_size: 0,
  prompt_template_name: 'alpaca_short',
};
export type Settings = Partial<typeof QUICK> & Readonly<Record<string, unknown>>;

/** Fine-tune, by the names that people and scripts rely on. */
export const fineTune = (page: Page) => ({
  dataset: page.getByLabel('Dataset', { exact: true }),
  start: page.getByRole('button', { name: 'Start training', exact: true }),
  pause: page.getByRole('button', { name: 'Pause', exact: true }),
  resume: page.getByRole('button', { name: 'Resume', exact: true }),
  rows: page.getByRole('listbox', { name: 'Rows of the dataset' }),
  state: page.locator('.run-badge').first(),
  steps: page.getByRole('progressbar', { name: /^Steps of/ }),
});

/** Steps that were taken of the run that is shown. */
export const stepOf = async (page: Page) => Number(await fineTune(page).steps.getAttribute('aria-valuenow'));

/** Waits until a run has taken so many steps. */
export const reached = (page: Page, step: number) =>
  expect.poll(() => stepOf(page), { timeout: 90_000, intervals: [100] }).toBeGreaterThanOrEqual(step);

export const rowsFile = (rows: unknown, name = 'rows.json') => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(typeof rows === 'string' ? rows : JSON.stringify(rows)),
});

/**
 * Settings of the next visit, as the page keeps them; files are downloaded, without a question where to.
 * @param prompts asked at the end of a run
 */
export async function prepare(page: Page, settings: Settings, prompts: readonly string[] = []): Promise<void> {
  const stored = { training: settings, 'training-prompts': prompts, 'training-sample-steps': 0 };
  await page.addInitScript((values) => {
    Reflect.deleteProperty(globalThis, 'showDirectoryPicker');
    for (const [key, value] of Object.entries(values)) localStorage.setItem(`pronk.${key}`, JSON.stringify(value));
  }, stored);
}

/** Opens Fine-tune with rows. */
export async function withRows(page: Page, rows: unknown): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Fine-tune');
  const { dataset, start } = fineTune(page);
  await dataset.setInputFiles(rowsFile(rows));
  await expect(start).toBeEnabled();
}

/** Waits until a run has come to its end. */
export const done = (page: Page) => expect(fineTune(page).state).toHaveText('Done', { timeout: 90_000 });

/** The losses of the run that is shown, as a screen reader reads them. */
export async function losses(page: Page): Promise<number[]> {
  const rows = page.getByRole('table', { name: /^Log of/ }).locator('tbody tr');
  return (await rows.locator('td:nth-of-type(1)').allTextContents()).map(Number);
}

/** The adapter that Keep shows, as the files of a PEFT folder, by name. */
export async function exportPeft(page: Page): Promise<Map<string, Buffer>> {
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export: PEFT folder' }).click();
  const download = await downloading;
  const name = download.suggestedFilename();
  const said = page.getByRole('region', { name: 'Keep' }).getByText(/^\d+ files? saved/);
  await expect(said).toContainText(name);
  const archive = blobSource(new File([readFileSync(await download.path())], name));
  const entries = [...(await readZip(archive)).values()].map(async (entry) => {
    const start = await dataStart(archive, entry);
    return [entry.name, Buffer.from(await archive.read(start, start + entry.size))] as const;
  });
  return new Map(await Promise.all(entries));
}

/** The bytes of an adapter's weights in a PEFT folder. */
export function weightsOf(folder: ReadonlyMap<string, Buffer>): Buffer {
  const [, bytes] = [...folder].find(([name]) => name.endsWith('adapter_model.safetensors')) ?? [];
  if (!bytes) throw new Error(`no weights among ${[...folder.keys()].join(', ')}`);
  return bytes;
}
