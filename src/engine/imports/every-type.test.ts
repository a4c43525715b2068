// A GGUF file with a matrix in every block type, quantized by llama.cpp, imported as it is and converted: the logits are
// those that llama.cpp computes in F32 from what its own functions make of the blocks (tools/golden/llama_quants.py).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { type Quantize, valuesOf } from '../../formats/checkpoint/weights';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { llamaReference } from '../../model/reference/llama';
import { GGML_ELEMENTS } from '../../quant/elements';
import { dequantizeRows } from '../../quant/repack';
import { memoryStore } from '../../storage/memory';
import { openStoredModel } from '../../storage/stored-model';
import { Imports } from './index';

const GOLDEN = 'src/formats/golden/every-type';
const golden = JSON.parse(readFileSync(`${GOLDEN}.json`, 'utf8')) as {
  ids: number[];
  types: Record<string, string>;
  logits: number[][];
};
const bytes = new Uint8Array(readFileSync(`${GOLDEN}.gguf`));
const source = () => bytesSource(bytes, 'every-type.gguf');

/** The stored model's logits, and what its manifest says of its distance from the file. */
async function imported(quantize: Quantize, file = source()) {
  const store = memoryStore();
  const imports = new Imports({ store });
  await imports.plan('a', { kind: 'files', files: [{ source: file, path: file.name }] });
  await imports.start('a', { quantize }, undefined, { batchBytes: 9000, shardBytes: 50_000, smallBytes: 0 });
  const { config, tensors, manifest } = await openStoredModel(store, 'a');
  const weights = new Map<string, Float32Array>();
  for (const { name, rows, columns, groups } of tensors) {
    const values = new Float32Array(rows * columns);
    for await (const group of groups()) values.set(dequantizeRows(group), group.rowStart * columns);
    weights.set(name, values);
  }
  return {
    logits: llamaReference(config, weights, golden.ids),
    kinds: new Set(tensors.map(({ kind }) => kind)),
    manifest,
  };
}

function off(logits: ArrayLike<number>): number {
  const expected = golden.logits.flat();
  return Math.hypot(...expected.map((value, i) => logits[i] - value)) / Math.hypot(...expected);
}

test('every block type is there', () => {
  const types = new Set(Object.values(golden.types));
  // Q2_0 is younger than gguf-py
  const unread = GGML_ELEMENTS.filter((type) => !types.has(type) && !/^(F16|BF16|F64|Q2_0)$/.test(type));
  expect(unread).toEqual([]);
});

test('as it is: the codes in 4 or 8 bits, the logits as far as scales of 16 bits go', async () => {
  const { logits, kinds } = await imported('keep');
  expect(off(logits)).toBeLessThan(1e-3);
  expect(off(logits)).toBeGreaterThan(1e-6);
  expect([...kinds].filter((kind) => /^q4(nl|fp|fpx16|i2|i2x16|i3|i3s)$/.test(kind))).toHaveLength(7);
});

test('converted to f32: the same logits', async () => {
  const { logits } = await imported('f32');
  expect(off(logits)).toBeLessThan(2e-6);
});

test('converted to 8 bits: how far it is from the file is measured by its own values', async () => {
  const { logits, manifest } = await imported('q8');
  expect(off(logits)).toBeLessThan(3e-2);
  const errors = Object.values(manifest.quality?.relativeError ?? {});
  expect(errors.length).toBeGreaterThan(5);
  expect(Math.max(...errors)).toBeLessThan(0.012);
});

test('a bit of a block that is another would be seen', async () => {
  const checkpoint = await openCheckpoint([source()]);
  const { place } = checkpoint.tensors.get('model.layers.0.mlp.up_proj.weight')!;
  const damaged = bytes.slice();
  damaged[place.start + 40] ^= 0x40;
  expect(off((await imported('f32', bytesSource(damaged, 'every-type.gguf'))).logits)).toBeGreaterThan(1e-5);
});

test('a number beside a matrix multiplies it: NVFP4 has one for each', async () => {
  const { tensors } = await openCheckpoint([source()]);
  const scaled = [...tensors.values()].filter(({ scale }) => scale !== undefined);
  expect(scaled.map(({ type, scale }) => `${type} ${scale}`)).toEqual(['NVFP4 0.75', 'NVFP4 0.75']);
  const rows = await scaled[0].readRows(0, 2);
  const plain = valuesOf({ type: 'NVFP4' }, rows);
  expect(valuesOf(scaled[0], rows)).toEqual(plain.map((value) => value * 0.75));
});
