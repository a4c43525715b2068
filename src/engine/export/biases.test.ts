// Biases that an adapter brought into a model (`lora_bias`): written where the files' readers read them, refused elsewhere.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../core/checkpoint';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { optionalBiases } from '../../formats/config/llama-config';
import { folderOf, ggufOf, off, opened } from './testing/golden-folders';

function bias(name: string, columns: number): Tensor {
  const values = Float32Array.from({ length: columns }, (_, i) => 1 + i / columns);
  const readRows = () => Promise.resolve(new Uint8Array(values.buffer));
  return { name, type: 'F32', rows: 1, columns, place: { file: 'x', start: 0 }, readRows };
}

/** A golden model with biases of some maps in every layer. */
async function biased(model: string, maps: readonly string[]) {
  const checkpoint = await opened(model);
  const tensors = new Map(checkpoint.tensors);
  for (const [name, [, columns]] of optionalBiases(checkpoint.config)) {
    if (maps.some((map) => name.endsWith(`.${map}.bias`))) tensors.set(name, bias(name, columns));
  }
  return { ...checkpoint, tensors };
}

const QKV = ['q_proj', 'k_proj', 'v_proj'];
type Row = readonly [model: string, maps: readonly string[], refused: string | undefined];
const FOLDERS: readonly Row[] = [
  ['tiny-smollm3', ['gate_proj', 'up_proj', 'down_proj'], undefined],
  ['tiny-qwen3', [...QKV, 'o_proj'], undefined],
  ['tiny-qwen3', ['down_proj'], 'mlp.down_proj'],
  ['tiny-qwen2', ['o_proj'], 'self_attn.o_proj'],
  ['tiny-gemma3', ['gate_proj'], 'mlp.gate_proj'],
  ['tiny-mistral', ['q_proj'], 'self_attn.q_proj'],
  ['tiny-phi3', ['q_proj'], 'self_attn.q_proj'],
];
// as llama.cpp opens them
const GGUFS: readonly Row[] = [
  ['tiny-llama', [...QKV, 'o_proj', 'down_proj'], undefined],
  ['tiny-mistral', [...QKV, 'o_proj', 'up_proj'], undefined],
  ['tiny-qwen3', QKV, undefined],
  ['tiny-qwen3', ['o_proj'], 'self_attn.o_proj'],
  ['tiny-qwen2', ['down_proj'], 'mlp.down_proj'],
  ['tiny-smollm3', ['gate_proj'], 'mlp.gate_proj'],
  ['tiny-phi3', ['v_proj'], 'self_attn.v_proj'],
];

describe.each([
  ['a folder', FOLDERS, folderOf],
  ['a GGUF file', GGUFS, async (...of: Parameters<typeof ggufOf>) => [await ggufOf(...of)]],
] as const)('%s', (_, rows, written) => {
  test.each(rows)('of %s with biases of %j', async (model, maps, refused) => {
    const checkpoint = await biased(model, maps);
    if (refused !== undefined) {
      await expect(written(checkpoint, checkpoint.config)).rejects.toMatchObject({
        code: 'unsupported-format',
        message: expect.stringContaining(`no biases of ${refused},`) as string,
      });
      return;
    }
    const back = await openCheckpoint(await written(checkpoint, checkpoint.config));
    const names = [...back.tensors.keys()].join(' ');
    for (const map of maps) expect(names).toContain(`.${map}.bias`);
    // they are part of what it computes
    expect(await off(model, back)).toBeGreaterThan(1e-2);
  });
});
