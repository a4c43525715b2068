// The trained model tales through every container: transformers' text and float64 logits, and, where the container holds
// float32, the same logits to 1e-5. Then the smaller model with its chat template, and an adapter that PEFT trained.
import type { ModelConfig } from '../core/model-config';
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
// first, for what it defines
import { findAdapter } from './dawn';
import { createEngine } from '../engine/index';
import { storeModel } from '../engine/testing/stored';
import { exportGguf } from '../engine/export/gguf';
import { huggingFaceFiles } from '../engine/export/hf';
import { Imports } from '../engine/imports/index';
import { openCheckpoint } from '../formats/checkpoint/open';
import { type Source } from '../core/source';
import { encryptedFiles, metaFolder, torchIndex, torchShards } from '../formats/testing/containers';
import { type Quantize, weightTensors } from '../formats/checkpoint/weights';
import { type Gpu, openAdapter } from '../gpu/device';
import { createSession, type Session } from '../model/inference/session';
import { GREEDY } from '../ops/sample/sampling';
import type { WeightTensor } from '../core/weight-kinds';
import { readAdapter } from '../formats/adapters/index';
import { memoryStore } from '../storage/memory';
import { openStoredModel } from '../storage/stored-model';
import { modelFiles } from './node-store/files';
import { chatGolden, loraGolden, TALES, TALES_CHAT, TALES_GGUF, TALES_LORA, talesGolden } from '../testing/fixtures';
import { sourcesOf } from '../formats/testing/pieces';

const golden = talesGolden();
/** After BOS; the logits that are known come after the last of them. */
const IDS = golden.ids.slice(0, 22);

interface Opened {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
}

async function opened(files: readonly Source[], quantize: Quantize = 'keep'): Promise<Opened> {
  const checkpoint = await openCheckpoint(files);
  return { config: checkpoint.config, tensors: weightTensors(checkpoint, quantize) };
}

/** Through the importer and its store. */
async function imported(files: readonly Source[]): Promise<Opened> {
  const store = memoryStore();
  const imports = new Imports({ store });
  await imports.plan('a', { kind: 'files', files: files.map((source) => ({ source, path: source.name })) });
  await imports.start('a', { quantize: 'keep' }, undefined, { batchBytes: 30_000, shardBytes: 200_000, smallBytes: 0 });
  return openStoredModel(store, 'a');
}

describe('the model tales', () => {
  let gpu: Gpu;
  let reference: Float32Array;
  const folder = () => modelFiles(TALES);
  const plain = async () => (await folder()).filter(({ name }) => !/\.(gguf|md)$/.test(name));
  const tokenizer = async () => (await folder()).filter(({ name }) => basename(name) === 'tokenizer.model');
  const checkpoint = async () => openCheckpoint(await plain());

  const CONTAINERS: Readonly<Record<string, () => Promise<Opened>>> = {
    safetensors: async () => opened(await plain()),
    'PyTorch shards': async () => {
      const { files, map } = await torchShards(await checkpoint(), true);
      const beside = (await plain()).filter(({ name }) => !name.endsWith('.safetensors'));
      return opened([...files, torchIndex(map), ...beside]);
    },
    'Meta, one part': async () => opened([...(await metaFolder(await checkpoint(), 1)), ...(await tokenizer())]),
    'Meta, two parts': async () => opened([...(await metaFolder(await checkpoint(), 2)), ...(await tokenizer())]),
    imported: async () => imported(await plain()),
    encrypted: async () => imported(await encryptedFiles(await plain())),
  };

  async function sessionOf({ config, tensors }: Opened): Promise<Session> {
    return createSession(gpu, config, tensors, { precision: 'exact', context: 64 });
  }

  beforeAll(async () => {
    gpu = await openAdapter(await findAdapter());
    const session = await sessionOf(await CONTAINERS['safetensors']());
    reference = await session.logits([1, ...IDS]);
    session.destroy();
  });

  test.each(Object.keys(CONTAINERS))('%s: golden text, and the same logits', async (container) => {
    const session = await sessionOf(await CONTAINERS[container]());
    const logits = await session.logits([1, ...IDS]);
    expect(distance(lastRow(logits), golden.logits)).toBeLessThan(1e-5);
    expect(distance(logits, reference)).toBeLessThan(1e-5);
    const ids: number[] = [];
    for await (const id of session.generate([1], GREEDY, IDS.length)) ids.push(id);
    expect(ids).toEqual(IDS);
    session.destroy();
  });

  test('GGUF in F16: golden text, the logits as far as f16 goes', async () => {
    const session = await sessionOf(await opened(await modelFiles(TALES_GGUF)));
    const logits = await session.logits([1, ...IDS]);
    expect(distance(logits, reference)).toBeLessThan(1e-3);
    // the control: rounding to f16 is seen
    expect(distance(logits, reference)).toBeGreaterThan(1e-5);
    const ids: number[] = [];
    for await (const id of session.generate([1], GREEDY, IDS.length)) ids.push(id);
    expect(ids).toEqual(IDS);
    session.destroy();
  });

  test('q and k in the wrong order give other logits: the check can fail', async () => {
    const { config, tensors } = await CONTAINERS['safetensors']();
    const swapped = tensors.map((tensor) => {
      if (!/layers\.0\.self_attn\.q_proj/.test(tensor.name)) return tensor;
      const other = tensors.find(({ name }) => name === tensor.name.replace('layers.0', 'layers.1'))!;
      return { ...other, name: tensor.name };
    });
    const session = await sessionOf({ config, tensors: swapped });
    expect(distance(await session.logits([1, ...IDS]), reference)).toBeGreaterThan(1e-3);
    session.destroy();
  });
});

describe('the smaller model tales-chat', () => {
  const golden = chatGolden();

  test('its logits from bfloat16 and a tied head', async () => {
    const gpu = await openAdapter(await findAdapter());
    const { config, tensors } = await opened(await modelFiles(TALES_CHAT));
    const session = await createSession(gpu, config, tensors, { precision: 'exact', context: 64 });
    expect(distance(lastRow(await session.logits([...golden.promptIds])), golden.logits)).toBeLessThan(1e-5);
    session.destroy();
  });

  /** tales-chat as Phi has its files: q, k and v in one matrix, gate and up in another. */
  const asPhi = async (container: 'safetensors' | 'gguf') => {
    const { config, tokenizer, ...checkpoint } = await openCheckpoint(await modelFiles(TALES_CHAT));
    const phi = { ...config, architecture: 'phi3' } as const;
    const tensors = weightTensors({ config, tokenizer, ...checkpoint }, 'f32');
    const files =
      container === 'gguf'
        ? [{ name: 'tales.gguf', pieces: () => exportGguf(phi, tokenizer, tensors, { name: 'tales' }) }]
        : huggingFaceFiles(phi, tokenizer, tensors, 'f32');
    return sourcesOf(files);
  };
  const FORMS = {
    'as it is': () => modelFiles(TALES_CHAT),
    'as a Phi-3 folder': () => asPhi('safetensors'),
    'as a Phi-3 GGUF file': () => asPhi('gguf'),
  };

  test.each(Object.entries(FORMS))(
    '%s a question is answered as by transformers, and comes to its end',
    async (_, files) => {
      const engine = createEngine({ store: memoryStore(), gpu: async () => openAdapter(await findAdapter()) });
      const model = await storeModel(engine, await files());
      const messages = [{ role: 'user', content: golden.asked }] as const;
      const { choices, usage } = await engine.chat.completions.create({
        model,
        messages,
        temperature: 0,
        max_tokens: 400,
      });
      expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: golden.text } });
      expect(usage.prompt_tokens).toBe(golden.promptIds.length);
      await engine.close();
    },
  );
});

test('with the adapter that PEFT trained: its text and its logits', async () => {
  const golden = loraGolden();
  const gpu = await openAdapter(await findAdapter());
  const { config, tensors } = await opened((await modelFiles(TALES)).filter(({ name }) => !name.endsWith('.gguf')));
  const { pairs } = await readAdapter(await modelFiles(TALES_LORA), config);
  const session = await createSession(gpu, config, tensors, { precision: 'exact', context: 256 });
  await session.setAdapters([{ key: 'tales-lora', pairs, strength: 1 }]);
  const ids = [1, ...golden.ids.slice(0, 22)];
  expect(distance(lastRow(await session.logits(ids)), golden.logits)).toBeLessThan(1e-5);
  const told: number[] = [];
  for await (const id of session.generate([1], GREEDY, golden.ids.length)) told.push(id);
  expect(told).toEqual(golden.ids);
  // the control: without it the model tells its own story
  await session.setAdapters([]);
  expect(distance(lastRow(await session.logits(ids)), golden.logits)).toBeGreaterThan(1e-2);
  session.destroy();
});

/** The logits after the last token. */
const lastRow = (logits: Float32Array) => logits.subarray(-512);

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: ArrayLike<number>): number {
  let [difference, total] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    total += b[i] ** 2;
  }
  return Math.sqrt(difference / total);
}
