// Models that another program quantized go through an import: codes stay codes, and each file is read once and vouched for.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Tensor } from '../../core/checkpoint';
import { createHasher } from '../../core/hash';
import { bytesSource } from '../../core/source';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { convertRows } from '../../formats/checkpoint/weights';
import { tokenizer } from '../../formats/testing/family-models';
import { readSafetensors } from '../../formats/safetensors/safetensors';
import { storedKind } from '../../quant/elements';
import { dequantizeRows } from '../../quant/repack';
import { memoryStore } from '../../storage/memory';
import { openStoredModel } from '../../storage/stored-model';
import type { Digests } from './sequential';
import { runImport, beginJournal } from './run';
import type { OpenedOrigin } from './origin';

/** Small enough that a matrix makes several batches, and a file many windows. */
const SIZES = { batchBytes: 2048, shardBytes: 20_000, smallBytes: 0 };

function filesOf(name: string) {
  const folder = `src/formats/golden/quantized/${name}`;
  /** How often each byte of the weights was read. */
  const times = new Uint8Array(readFileSync(`${folder}/model.safetensors`).length);
  const sources = ['config.json', 'model.safetensors'].map((file) => {
    const source = bytesSource(new Uint8Array(readFileSync(`${folder}/${file}`)), `${name}/${file}`);
    const counted = async (start: number, end: number) => {
      if (file === 'model.safetensors') for (let at = start; at < end; at++) times[at]++;
      return source.read(start, end);
    };
    return { ...source, read: counted };
  });
  return { sources: [...sources, tokenizer], times };
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

test.each([
  ['nf4-nested', 'q4nf'],
  ['fp4', 'bf16'],
  ['int8', 'q8'],
  ['gptq', 'q4'],
  ['gptq-asymmetric', 'q4o'],
  ['awq', 'q4o'],
  ['mlx-4', 'q4o'],
  ['fp8-blocks', 'bf16'],
  ['compressed-4', 'q4'],
])('%s is stored as %s, as it is read whole', async (name, kind) => {
  const { sources, times } = filesOf(name);
  const expected: Digests = { sha256: sha256(`src/formats/golden/quantized/${name}/model.safetensors`) };
  const opened: OpenedOrigin = {
    files: sources.map((source) => ({ source, ...(source.name.endsWith('safetensors') && { expected }) })),
    source: name,
    download: true,
    identity: async () => name,
    open: openCheckpoint,
    remember: async () => ({ origin: { kind: 'files' }, files: [] }),
  };
  const store = memoryStore();
  const journal = await beginJournal(store, 'a', opened, { name, quantize: 'keep' });
  const { signal } = new AbortController();
  const manifest = await runImport(store, journal, opened, { hashers: createHasher, signal, ...SIZES });
  // what lies beside codes is read apart, and the codes are read in the order of the file alone
  const lying = [...(await readSafetensors(filesOf(name).sources[1])).tensors.values()];
  const codes = lying.filter((each) => /mlp\.\w+\.(weight|qweight|weight_packed)$/.test(each.name));
  expect(codes).toHaveLength(3);
  for (const { start, bytes } of codes) expect(new Set(times.subarray(start, start + bytes))).toEqual(new Set([1]));
  const { tensors } = await openCheckpoint(filesOf(name).sources);
  const stored = await openStoredModel(store, 'a');
  const gate = 'model.layers.0.mlp.gate_proj.weight';
  for (const { name: each, groups } of stored.tensors) {
    const tensor = tensors.get(each) as Tensor;
    const values: number[] = [];
    for await (const group of groups()) values.push(...dequantizeRows(group));
    if (tensor.rows === 1) continue;
    const whole = convertRows(tensor, storedKind(tensor.type), await tensor.readRows(0, tensor.rows), tensor.rows);
    expect(values, each).toEqual(Array.from(dequantizeRows(whole)));
  }
  expect(stored.tensors.find((each) => each.name === gate)?.kind).toBe(kind);
  // scales of f32 are rounded, which is said
  const worst = Math.max(0, ...Object.values(manifest.quality?.relativeError ?? {}));
  expect(worst).toBeLessThan(5e-4);
  expect(worst > 0).toBe(['nf4-nested', 'int8', 'gptq-asymmetric', 'awq'].includes(name));
});
