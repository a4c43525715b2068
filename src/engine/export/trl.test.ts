// The folder for TRL: what Pronk would read in which order, with which settings. (That TRL trains it to the same losses is
// shown by tools/golden/trl.py, which needs Python.)
import type { Architecture } from '../../core/model-config';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tokenizeDataset } from '../../data/tokenize-dataset';
import type { Example } from '../../data/types';
import { readAdapter } from '../../formats/adapters/index';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { modelFiles } from '../../headless/node-store/files';
import { createTokenizer } from '../../tokenizer/index';
import { readConfig } from '../../training/read-config';
import { prepareData } from '../../training/prepare';
import type { FileContent } from './file';
import { trlFiles } from './trl';
import { TALES } from '../../testing/fixtures';

const examples: readonly Example[] = Array.from({ length: 11 }, (_, i) => {
  const ids = [1, ...Array.from({ length: 6 + (i % 4) }, (__, t) => 3 + ((i * 31 + t * t * 7) % 500))];
  return { kind: 'tokens', ids, labels: i % 2 === 0 ? ids : ids.map((id, t) => (t < 3 ? -100 : id)) };
});
const settings = {
  max_steps: 8,
  batch_size: 6,
  micro_batch_size: 2,
  learning_rate: 5e-3,
  warmup_ratio: 0.25,
  lr_scheduler_type: 'cosine',
  weight_decay: 0.01,
  lora_r: 4,
  lora_dropout: 0,
  lora_target_modules: ['q_proj', 'k_proj', 'down_proj'],
  val_set_size: 2,
  eval_steps: 4,
};

async function folder(change: object = {}, architecture: Architecture = 'llama') {
  const { config } = readConfig({ ...settings, ...change });
  const checkpoint = await openCheckpoint(await modelFiles(TALES));
  const tokenizer = createTokenizer(checkpoint.tokenizer);
  const data = prepareData(await tokenizeDataset(examples, tokenizer, config), tokenizer, config);
  return {
    data,
    model: checkpoint.config,
    files: trlFiles({ config, data, model: { ...checkpoint.config, architecture }, base: 'a base' }),
  };
}

async function blobOf({ pieces }: FileContent): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces()) parts.push(piece);
  return new Blob(parts);
}

const textOf = async (files: readonly FileContent[], name: string) =>
  blobOf(files.find((file) => file.name === name)!).then((blob) => blob.text());
const linesOf = async (files: readonly FileContent[], name: string) =>
  (await textOf(files, name))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

test('rows, order, settings and start', async () => {
  const { data, model, files } = await folder();
  const rows = (await linesOf(files, 'train.jsonl')) as { input_ids: number[]; labels: number[] }[];
  expect(rows).toHaveLength(9);
  expect(rows.map(({ input_ids }) => input_ids)).toEqual(data.train.map(({ ids }) => ids));
  expect(rows.every(({ labels }) => labels[0] === -100)).toBe(true);
  expect(await linesOf(files, 'validation.jsonl')).toHaveLength(2);
  const batches = (await linesOf(files, 'batches.jsonl')) as number[][][];
  expect(batches).toHaveLength(8);
  for (const [step, microBatches] of batches.entries()) {
    const read = data.step(step).map(({ ids }) => [...ids]);
    expect(microBatches.map((indices) => indices.flatMap((i) => rows[i].input_ids))).toEqual(read);
  }
  const { arguments: given } = JSON.parse(await textOf(files, 'training.json')) as { arguments: object };
  expect(given).toMatchObject({
    max_steps: 8,
    warmup_steps: 2,
    lr_scheduler_type: 'cosine',
    load_best_model_at_end: true,
    // named and valued as in the config
    per_device_train_batch_size: 2,
    learning_rate: 5e-3,
    weight_decay: 0.01,
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    max_grad_norm: 1,
    seed: 42,
  });
  const start = files.filter(({ name }) => name.startsWith('adapter_'));
  const sources = start.map(async (file) => {
    return bytesSource(new Uint8Array(await (await blobOf(file)).arrayBuffer()), file.name);
  });
  const { pairs } = await readAdapter(await Promise.all(sources), model);
  expect(pairs.every(({ b }) => b.every((value) => value === 0))).toBe(true);
  expect(new Set(pairs.map(({ a }) => a[0])).size).toBe(pairs.length);
  expect(await textOf(files, 'README.md')).toContain("--model 'a base'");
});

const OUT = process.env['PRONK_TRL_OUT'];

test.skipIf(OUT === undefined)('written out, for tools/golden/trl.py (skipped without PRONK_TRL_OUT)', async () => {
  for (const [name, change] of Object.entries({
    plain: {},
    plus: { loraplus_lr_ratio: 4, packing: true, cutoff_len: 20 },
  })) {
    const { files } = await folder(change);
    mkdirSync(join(OUT!, name), { recursive: true });
    for (const file of files) {
      writeFileSync(join(OUT!, name, file.name), new Uint8Array(await (await blobOf(file)).arrayBuffer()));
    }
    writeFileSync(join(OUT!, `${name}.json`), JSON.stringify({ ...settings, ...change }));
  }
  const rows = examples.map((row) => row.kind === 'tokens' && { input_ids: row.ids, labels: row.labels });
  writeFileSync(join(OUT!, 'data.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

test('maps that PEFT trains together are refused, others are not', async () => {
  await expect(folder({}, 'phi3')).rejects.toMatchObject({
    code: 'unsupported-format',
    message: expect.stringContaining('q_proj') as string,
  });
  expect((await folder({ lora_target_modules: ['o_proj', 'down_proj'] }, 'phi3')).files.length).toBeGreaterThan(5);
});
