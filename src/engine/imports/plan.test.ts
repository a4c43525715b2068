import { expect, test } from 'vitest';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { roomOf } from '../../storage/quota';
import type { ElementType } from '../../core/weight-kinds';
import { planModel } from './plan';

const config = {
  architecture: 'llama',
  numLayers: 32,
  numKeyValueHeads: 32,
  headDim: 128,
  contextLength: 4096,
  vocabSize: 32_000,
};

/** LLaMA 7B, by its shapes alone. */
function sevenBillion(type: ElementType = 'F16', container: Checkpoint['container'] = 'safetensors'): Checkpoint {
  const shapes: [string, number, number][] = [
    ['embed_tokens', 32_000, 4096],
    ['lm_head', 32_000, 4096],
  ];
  for (let layer = 0; layer < 32; layer++) {
    for (const name of ['q', 'k', 'v', 'o']) shapes.push([`${layer}.${name}_proj`, 4096, 4096]);
    for (const name of ['gate', 'up']) shapes.push([`${layer}.${name}_proj`, 11_008, 4096]);
    shapes.push([`${layer}.down_proj`, 4096, 11_008]);
  }
  const tensors = new Map(
    shapes.map(([name, rows, columns], start) => [
      name,
      { name, rows, columns, type, place: { file: 'model.safetensors', start } } as unknown as Tensor,
    ]),
  );
  const tokenizer = { definition: { kind: 'sentencepiece', model: new Uint8Array(500_000) } };
  return { container, name: '7B', config, tensors, tokenizer } as unknown as Checkpoint;
}

const GiB = 2 ** 30;
const planned = (estimate: { used: number; quota: number }, gpuBytes?: number) => {
  const room = roomOf(estimate);
  return planModel(sevenBillion(), { ...(room && { room }), ...(gpuBytes !== undefined && { gpuBytes }) });
};

test('7B in f16 is not refused for what Chromium says of every disk, and what cannot be known is said', () => {
  const { choices, recommended } = planned({ used: 6_650_000, quota: 6_650_000 + 10 * GiB });
  expect(choices.map(({ quantize, fits }) => [quantize, fits])).toEqual([
    ['q4', true],
    ['q8', true],
    ['keep', true],
  ]);
  const warned = choices.filter(({ warning }) => warning !== undefined);
  expect(warned.map(({ quantize }) => quantize)).toEqual(['keep']);
  expect(warned[0]?.warning).toMatch(/needs 14 GB of disk.*does not tell.*private window/);
  expect(recommended).toBe('q4');
});

test('on a disk that is told to be large nothing is said; a small grant is named, and may be a private window’s', () => {
  expect(planned({ used: 1, quota: 162e9 }).choices.every(({ warning }) => warning === undefined)).toBe(true);
  const small = planned({ used: 7e6, quota: 1.5e9 });
  expect(small.choices.every(({ fits, warning }) => fits && /A private window/.test(warning ?? ''))).toBe(true);
  expect(small.recommended).toBe('q4');
});

test('a GGUF file says the type of its weights, and is kept where they have few bits already', () => {
  const of = (type: ElementType) => {
    const { what, recommended } = planModel(sevenBillion(type, 'gguf'), {});
    return `${what.slice(0, what.indexOf(':'))}, ${recommended}`;
  };
  expect(of('F16')).toBe('A GGUF model, q4');
  expect(of('Q8_0')).toBe('A GGUF model in Q8_0, q4');
  for (const type of ['Q4_K', 'Q4_0', 'IQ4_XS', 'IQ3_XXS', 'IQ2_XS', 'Q3_K', 'TQ1_0'] as const) {
    expect(of(type)).toBe(`A GGUF model in ${type}, keep`);
  }
});

test('negative control: what the GPU does not hold is refused', () => {
  const { choices } = planned({ used: 1, quota: 162e9 }, 8e9);
  expect(choices.map(({ fits }) => fits)).toEqual([true, false, false]);
});

test('the cache of a position in each precision; a head that is no multiple of 32 has a scale for the rest', () => {
  expect(planModel(sevenBillion(), {}).model.cacheBytes).toEqual({ exact: 1_048_576, fast: 524_288, int8: 278_528 });
  const checkpoint = sevenBillion();
  const rows = (headDim: number) =>
    planModel({ ...checkpoint, config: { ...checkpoint.config, headDim } }, {}).model.cacheBytes.int8 / (2 * 32 * 32);
  // bytes of the codes, and of scales of two bytes rounded up to whole words
  expect([64, 80, 100, 20].map(rows)).toEqual([64 + 4, 80 + 8, 100 + 8, 20 + 4]);
});
