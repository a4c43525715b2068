// An import that is cut off at random moments, by a reload or by a renderer that crashes, always ends whole.
// `npm run test:long` does it 50 times.
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { expect, goTo, STORIES, storiesMissing, test } from './page';

const KILLS = process.env['PRONK_LONG'] ? 50 : 4;
const SEED = 20261121;
const TOKENIZER = STORIES.replace('stories260K-F16.gguf', 'tokenizer.model');

test.skip(storiesMissing !== '', storiesMissing);
test.setTimeout(60_000 + KILLS * 60_000);
test.use({ allowed: [/crash/i] });

const folder = mkdtempSync(join(tmpdir(), 'pronk-kill-'));
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A model large enough for several shards: 200 MB of f32, which no one trained. */
function makeModel(): string[] {
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: 512,
    intermediate_size: 1376,
    num_hidden_layers: 16,
    num_attention_heads: 8,
    vocab_size: 512,
    tie_word_embeddings: true,
  };
  const { hidden_size: D, intermediate_size: F, vocab_size: V } = config;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [V, D]]];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const name = (part: string) => `model.layers.${layer}.${part}.weight`;
    for (const part of ['q', 'k', 'v', 'o']) shapes.push([name(`self_attn.${part}_proj`), [D, D]]);
    shapes.push([name('mlp.gate_proj'), [F, D]], [name('mlp.up_proj'), [F, D]], [name('mlp.down_proj'), [D, F]]);
    shapes.push([name('input_layernorm'), [D]], [name('post_attention_layernorm'), [D]]);
  }
  shapes.push(['model.norm.weight', [D]]);
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of shapes) {
    const start = end;
    end += shape.reduce((product, size) => product * size, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const block = new Float32Array(1 << 20);
  let state = SEED;
  for (let i = 0; i < block.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    block[i] = state / 2 ** 32 / 16 - 1 / 32;
  }
  const path = join(folder, 'model.safetensors');
  const file = openSync(path, 'w');
  writeSync(file, size);
  writeSync(file, json);
  for (let at = 0; at < end; at += block.byteLength) {
    block[0] = at / end; // no two blocks alike
    writeSync(file, Buffer.from(block.buffer, 0, Math.min(block.byteLength, end - at)));
  }
  closeSync(file);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.model'), readFileSync(TOKENIZER));
  return ['config.json', 'model.safetensors', 'tokenizer.model'].map((name) => join(folder, name));
}

/** Checksums of the stored model's shards, if there is one besides the bundled one; and shards that belong to none. */
const stored = (page: Page) =>
  page.evaluate(async () => {
    const all = <T>(database: string, kind: string, keys: boolean) =>
      new Promise<T[]>((resolve, reject) => {
        const opening = indexedDB.open(database);
        opening.addEventListener('error', () => reject(new Error(`${database} does not open`)));
        opening.addEventListener('success', () => {
          const db = opening.result;
          if (!db.objectStoreNames.contains(kind)) {
            db.close();
            resolve([]);
            return;
          }
          const store = db.transaction(kind).objectStore(kind);
          const request = keys ? store.getAllKeys() : store.getAll();
          request.addEventListener('success', () => {
            db.close();
            resolve(request.result as T[]);
          });
        });
      });
    interface Model {
      bundled?: boolean;
      tensors: unknown;
      shards: { key: string; checksums: string[] }[];
      tokenizer: { key: string };
    }
    const models = await all<Model>('pronk-models', 'models', false);
    const named = models.flatMap(({ shards, tokenizer }) => [...shards, tokenizer].map(({ key }) => key));
    const keys = await all<string>('pronk-shards', 'shards', true);
    const mine = models.filter(({ bundled }) => !bundled);
    return {
      models: mine.map(({ shards, tensors }) => JSON.stringify([shards.map(({ checksums }) => checksums), tensors])),
      lost: keys.filter((key) => !named.includes(key)),
    };
  });

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
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(ready(page)).toHaveCount(0);
}

test(`${KILLS} kills, each at its own moment`, async ({ page }) => {
  page.setDefaultTimeout(60_000);
  const files = makeModel();
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
