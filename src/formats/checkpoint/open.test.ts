import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dequantizeRows, repackRows } from '../../quant/repack';
import type { Checkpoint } from '../../core/checkpoint';
import { openCheckpoint, openTokenizer } from './open';
import { type Source, bytesSource } from '../../core/source';
import { TALES } from '../../testing/fixtures';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors';
import { keepRounds } from './weights';

function sources(...names: string[]): Source[] {
  return names.map((name) => bytesSource(readFileSync(`${TALES}/${name}`), `tales/${name}`));
}

async function values(checkpoint: Checkpoint, name: string): Promise<Float32Array> {
  const tensor = checkpoint.tensors.get(name)!;
  const bytes = await tensor.readRows(0, tensor.rows);
  return dequantizeRows(repackRows(tensor.type, bytes, tensor.rows, tensor.columns));
}

describe('the model tales', () => {
  test('the folder and the GGUF hold the same model, q and k in the same order', async () => {
    const hf = await openCheckpoint(sources(...readdirSync(TALES).filter((name) => !name.endsWith('.gguf'))));
    const gguf = await openCheckpoint(sources('tales-f16.gguf'));
    expect(hf.name).toBe('tales');
    expect({ ...hf.config, rmsNormEps: 0 }).toEqual({ ...gguf.config, rmsNormEps: 0 });
    expect(hf.config.numKeyValueHeads).toBe(4);
    expect([...hf.tensors.keys()]).toEqual([...gguf.tensors.keys()]);
    for (const name of hf.tensors.keys()) {
      const [a, b] = await Promise.all([values(hf, name), values(gguf, name)]);
      expect(a.length).toBe(b.length);
      const far = a.findIndex((each, i) => !(Math.abs(each - b[i]) <= Math.abs(each) * 2 ** -11 + 2 ** -25));
      expect(far, name).toBe(-1);
    }
    expect(hf.tokenizer).toMatchObject({ bosId: 1, eosIds: [2], addBos: true });
    expect(gguf.tokenizer).toMatchObject({ bosId: 1, eosIds: [2], addBos: true });
  });

  test('tensors in float64 are read, rounded to f32', async () => {
    const [weights, ...beside] = sources('model.safetensors', 'config.json', 'tokenizer.model');
    const { tensors } = await readSafetensors(weights);
    // a hair above what f32 holds, which rounding takes off again
    const wide = await Promise.all(
      Array.from(tensors.values(), async ({ name, shape, start, bytes }) => {
        const narrow = new Float32Array((await weights.read(start, start + bytes)).buffer);
        const values = Float64Array.from(narrow, (value) => value * (1 + 2 ** -40));
        return { name, shape, dtype: 'F64', bytes: new Uint8Array(values.buffer) };
      }),
    );
    const file = new Uint8Array(await new Blob(writeSafetensors(wide)).arrayBuffer());
    const [plain, read] = await Promise.all([
      openCheckpoint([weights, ...beside]),
      openCheckpoint([bytesSource(file, 'tales/model.safetensors'), ...beside]),
    ]);
    for (const name of plain.tensors.keys()) expect(await values(read, name), name).toEqual(await values(plain, name));
    expect(keepRounds(read.tensors.values())).toBe('F64 rounded to F32');
    expect(keepRounds(plain.tensors.values())).toBeUndefined();
  });

  test('the tokenizer alone', async () => {
    expect((await openTokenizer(sources('tokenizer.model'))).bosId).toBe(1);
    expect((await openTokenizer(sources('tales-f16.gguf'))).definition.kind).toBe('gguf');
  });

  test('a GGUF beside a checkpoint does not take its tokenizer’s place', async () => {
    const all = sources(...readdirSync(TALES));
    expect((await openCheckpoint(all)).tokenizer.definition.kind).toBe('sentencepiece');
    expect(await openTokenizer(all)).toEqual((await openCheckpoint(all)).tokenizer);
  });
});
