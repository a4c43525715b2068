// An import that is cut off at random moments, by a reload or by a renderer that crashes, always ends whole.
// `npm run test:long` does it 50 times.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { makeModel } from '../tools/made-model.mjs';
import { TALES } from '../src/testing/fixtures';
import { expect, goTo, test } from './page';
import { storedIn } from './stored';

const KILLS = process.env['PRONK_LONG'] ? 50 : 4;
const SEED = 20261121;
const TOKENIZER = `${TALES}/tokenizer.model`;

test.setTimeout(60_000 + KILLS * 60_000);
test.use({ allowed: [/crash/i] });

const folder = mkdtempSync(join(tmpdir(), 'pronk-kill-'));
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Large enough for several shards: 204 MB of f32. */
const CONFIG = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_size: 512,
  intermediate_size: 1376,
  num_hidden_layers: 16,
  num_attention_heads: 8,
  vocab_size: 512,
  tie_word_embeddings: true,
};

interface Model {
  bundled?: boolean;
  tensors: unknown;
  shards: { key: string; checksums: string[] }[];
  tokenizer: { key: string };
}

/** Checksums of the stored model's shards, if there is one besides the bundled one; and shards that belong to none. */
async function stored(page: Page) {
  const models = await storedIn<Model>(page, 'pronk-models', 'models');
  const named = models.flatMap(({ shards, tokenizer }) => [...shards, tokenizer].map(({ key }) => key));
  const keys = await storedIn<string>(page, 'pronk-shards', 'shards', true);
  const mine = models.filter(({ bundled }) => !bundled);
  return {
    models: mine.map(({ shards, tensors }) => JSON.stringify([shards.map(({ checksums }) => checksums), tensors])),
    lost: keys.filter((key) => !named.includes(key)),
  };
}

async function toModels(page: Page): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Models');
}

/** Plans the import and starts it. */
async function start(page: Page, files: string[]): Promise<void> {
  await page.getByLabel('Add files', { exact: true }).setInputFiles(files);
  await page.getByRole('radio', { name: 'As it is' }).check();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
}

const ready = (page: Page) => page.getByRole('button', { name: /^Use model/ });

async function removeModel(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^More about model/ }).click();
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(ready(page)).toHaveCount(0);
}

test(`${KILLS} kills, each at its own moment`, async ({ page }) => {
  page.setDefaultTimeout(60_000);
  const files = makeModel(folder, CONFIG, TOKENIZER, SEED);
  await toModels(page);
  await start(page, files);
  const began = Date.now();
  await expect(ready(page)).toBeVisible();
  const whole = Date.now() - began;
  const { models: reference } = await stored(page);
  expect(reference).toHaveLength(1);
  await removeModel(page);

  let resumed = 0;
  let state = SEED;
  for (let n = 0; n < KILLS; n++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const moment = (state / 2 ** 32) * whole;
    await toModels(page);
    await start(page, files);
    await page.waitForTimeout(moment);
    await page.reload();
    await goTo(page, 'Models');
    const again = page.getByLabel(/^The files of .* again$/);
    // finished just in time, or nothing was kept, or it goes on
    await expect(again.or(ready(page)).first())
      .toBeVisible({ timeout: 8000 })
      .catch(() => {});
    if ((await again.count()) > 0) {
      resumed++;
      await again.setInputFiles(files);
    } else if ((await ready(page).count()) === 0) {
      await start(page, files);
    }
    await expect(ready(page)).toBeVisible();
    const after = await stored(page);
    expect(after.models, `killed after ${Math.round(moment)} ms`).toEqual(reference);
    expect(after.lost, `killed after ${Math.round(moment)} ms`).toEqual([]);
    await removeModel(page);
  }
  console.log(`${KILLS} kills within ${whole} ms, ${resumed} of them gone on with`);
  expect(resumed).toBeGreaterThan(0);
});
