// The trained model stories260K through every container: golden ids and logits of an independent float64 implementation,
// and, where the container holds float32, the same logits to 1e-5.
import type { ModelConfig } from '../core/model-config';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
// first, for what it defines
import { findAdapter } from './dawn';
import { Imports } from '../engine/imports/index';
import { openCheckpoint } from '../formats/checkpoint/open';
import type { Source } from '../core/source';
import { encryptedFiles, metaFolder, torchIndex, torchShards } from '../formats/testing/containers';
import { type Quantize, weightTensors } from '../formats/checkpoint/weights';
import { type Gpu, openAdapter } from '../gpu/device';
import { createSession, type Session } from '../model/inference/session';
import { GREEDY } from '../ops/sample/sample';
import type { WeightTensor } from '../core/weight-kinds';
import { memoryStore } from '../storage/memory';
import { openStoredModel } from '../storage/stored-model';
import { modelFiles } from './node-store/files';
import { FOLDER, GGUF } from './testing/stories';

const IDS = [
  403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408,
];

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

describe.skipIf(!existsSync(FOLDER))('stories260K (skipped without ../shared/data)', () => {
  let gpu: Gpu;
  let reference: Float32Array;
  const folder = () => modelFiles(FOLDER);
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
    expect(logits[0]).toBeCloseTo(-6.222914, 4);
    expect(logits[1]).toBeCloseTo(8.404342, 4);
    expect(logits[403]).toBeCloseTo(17.023516, 4);
    expect(distance(logits, reference)).toBeLessThan(1e-5);
    const ids: number[] = [];
    for await (const id of session.generate([1], GREEDY, IDS.length)) ids.push(id);
    expect(ids).toEqual(IDS);
    session.destroy();
  });

  test('GGUF in F16: golden text, the logits as far as f16 goes', async () => {
    const session = await sessionOf(await opened(await modelFiles(GGUF)));
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

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  let [difference, total] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    total += b[i] ** 2;
  }
  return Math.sqrt(difference / total);
}
