// Mixes of adapters against PEFT's add_weighted_adapter (tools/golden/mix.py), and against the mix that they stand for.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Adapter, LoraPair } from '../../../core/adapter';
import type { ModelConfig } from '../../../core/model-config';
import { random, relative } from '../../../ops/testing/numbers';
import { TINY } from '../../../model/testing/random-model';
import { addPairs } from '../merge';
import { factorsOf } from './low-rank';
import { mixed, type MixMethod, type MixOptions, type MixPart } from './index';

type Map = 'v_proj' | 'down_proj';
interface Golden {
  readonly strengths: readonly number[];
  readonly adapters: readonly Record<Map, { readonly a: number[]; readonly b: number[]; readonly scale: number }>[];
  readonly mixes: Readonly<
    Record<string, Record<Map, { readonly a?: number[]; readonly b?: number[]; readonly product?: number[] }>>
  >;
}
const golden = JSON.parse(String(readFileSync(new URL('../golden/mix.json', import.meta.url)))) as Golden;
const MODEL: ModelConfig = {
  ...TINY,
  hiddenSize: 12,
  intermediateSize: 20,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 6,
};
const MAPS = ['v_proj', 'down_proj'] as const;
const SIZES = { v_proj: [12, 6], down_proj: [20, 12] } as const;
const INFO = {
  r: 3,
  lora_alpha: 6,
  lora_dropout: 0,
  target_modules: MAPS,
  use_rslora: false,
  base_model_name_or_path: '',
};

const parts: MixPart[] = golden.adapters.map((own, i) => ({
  strength: golden.strengths[i],
  adapter: {
    name: `adapter ${i}`,
    config: INFO,
    pairs: MAPS.map((map): LoraPair => {
      const [inputs, outputs] = SIZES[map];
      const { a, b, scale } = own[map];
      return { layer: 0, map, rank: 3, inputs, outputs, scale, a: Float32Array.from(a), b: Float32Array.from(b) };
    }),
  },
}));

/** What the golden script drops in place of what is random. */
const rule = () => (matrix: number, element: number) => (7 * element + 3 * matrix) % 5 < 3;

const mix = (options: MixOptions, of = parts) => mixed('mix', of, MODEL, options, rule);

function product({ a, b, rank, inputs, outputs, scale }: LoraPair): Float64Array {
  const out = new Float64Array(outputs * inputs);
  for (let row = 0; row < outputs; row++) {
    for (let r = 0; r < rank; r++) {
      for (let k = 0; k < inputs; k++) out[row * inputs + k] += scale * b[row * rank + r] * a[r * inputs + k];
    }
  }
  return out;
}

const CASES: readonly [title: string, options: MixOptions][] = [
  ['cat', { method: 'cat' }],
  ['linear', { method: 'linear' }],
  ['svd', { method: 'svd', rank: 2 }],
  ['ties', { method: 'ties', density: 0.4 }],
  ['ties frequency', { method: 'ties', density: 0.7, majoritySign: 'frequency' }],
  ['magnitude_prune', { method: 'magnitude_prune', density: 0.3 }],
  ['dare_linear', { method: 'dare_linear', density: 0.6 }],
  ['dare_ties', { method: 'dare_ties', density: 0.6 }],
];

/** How far a mix is from PEFT's of that title. */
function off(title: string, options: MixOptions, of = parts): number {
  const { pairs } = mix(options, of).adapter;
  expect(pairs.map(({ map, scale }) => [map, scale])).toEqual(MAPS.map((map) => [map, 1]));
  return Math.max(
    ...pairs.map((pair) => {
      const wanted = golden.mixes[title][pair.map as Map];
      if (wanted.product) return relative(product(pair), wanted.product);
      return Math.max(relative(pair.a, wanted.a ?? []), relative(pair.b, wanted.b ?? []));
    }),
  );
}

test.each(CASES)('%s is PEFT’s', (title, options) => {
  expect(off(title, options)).toBeLessThan(1e-6);
});

test('what PEFT does otherwise shows', () => {
  // without the election of a sign, with another density, by another vote, without the signs of strengths
  expect(off('ties', { method: 'magnitude_prune', density: 0.4 })).toBeGreaterThan(1e-2);
  expect(off('ties', { method: 'ties', density: 0.6 })).toBeGreaterThan(1e-2);
  expect(off('ties frequency', { method: 'ties', density: 0.7, majoritySign: 'total' })).toBeGreaterThan(1e-2);
  expect(off('dare_linear', { method: 'linear' })).toBeGreaterThan(1e-2);
  const positive = parts.map((part) => ({ ...part, strength: Math.abs(part.strength) }));
  for (const [title, options] of CASES) expect(off(title, options, positive), title).toBeGreaterThan(1e-2);
});

/** The weights that a part of the mix adds to zeros. */
const live = (map: LoraPair['map'], of: readonly MixPart[]) => {
  const own = of.flatMap(({ adapter, strength }) =>
    adapter.pairs.filter((pair) => pair.map === map).map((pair) => ({ pair, strength })),
  );
  const values = new Float32Array(own[0].pair.inputs * own[0].pair.outputs);
  addPairs(values, 0, own);
  return values;
};

test('cat is the mix itself, of ranks that differ and of maps that one adapter lacks', () => {
  const [first, second] = parts;
  const less: MixPart = { ...second, adapter: { ...second.adapter, pairs: [halved(second.adapter.pairs[1])] } };
  const { adapter } = mix({ method: 'cat' }, [first, less]);
  expect(adapter.pairs.map(({ rank }) => rank)).toEqual([3, 4]);
  for (const pair of adapter.pairs) expect(relative(product(pair), live(pair.map, [first, less]))).toBeLessThan(1e-6);
  expect(adapter.config).toMatchObject({ r: 3, lora_alpha: 3, rank_pattern: { 'model.layers.0.mlp.down_proj': 4 } });
  expect(() => mix({ method: 'linear' }, [first, less])).toThrow(/ranks 3 and 1 in .*down_proj.*cat or svd/);
});

/** A pair of rank 1: what its first column and row say. */
function halved({ a, b, inputs, rank, ...pair }: LoraPair): LoraPair {
  const column = Float32Array.from({ length: pair.outputs }, (_, row) => b[row * rank]);
  return { ...pair, inputs, rank: 1, a: a.slice(0, inputs), b: column };
}

test('svd says how far it is from the mix, and is the mix where the rank is enough', () => {
  const { adapter, error } = mix({ method: 'svd', rank: 2 });
  const distance = adapter.pairs.map((pair) => {
    const all = live(pair.map, parts);
    const squares = (values: ArrayLike<number>) => Array.from(values).reduce((sum, each) => sum + each * each, 0);
    return [squares(product(pair).map((value, i) => value - all[i])), squares(all)] as const;
  });
  distance.forEach(([lost, all], i) => expect(error?.maps[i].error).toBeCloseTo(Math.sqrt(lost / all), 6));
  const total = (side: 0 | 1) => distance.reduce((sum, each) => sum + each[side], 0);
  expect(error?.overall).toBeCloseTo(Math.sqrt(total(0) / total(1)), 6);
  expect(error?.overall).toBeGreaterThan(0.05);
  const enough = mix({ method: 'svd', rank: 9 });
  expect(enough.error?.overall).toBeLessThan(1e-7);
  for (const pair of enough.adapter.pairs) expect(relative(product(pair), live(pair.map, parts))).toBeLessThan(1e-6);
});

test('DARE of a seed is the same again, and of another one is another', () => {
  const at = (seed: number) =>
    mixed('m', parts, MODEL, { method: 'dare_linear', density: 0.5, seed }).adapter.pairs[0].a;
  expect(at(1)).toEqual(at(1));
  expect(at(1)).not.toEqual(at(2));
  // about as many as the density says stay
  const kept = mixed('m', parts.slice(0, 1), MODEL, { method: 'dare_linear', density: 0.5 }).adapter.pairs;
  const values = kept.flatMap(({ a, b }) => [...a, ...b]);
  const share = values.filter((value) => value !== 0).length / values.length;
  expect(share).toBeGreaterThan(0.35);
  expect(share).toBeLessThan(0.65);
});

test('singular values of products that have fewer than their matrices are wide', () => {
  const [M, J, K] = [3, 5, 9];
  const [b, a] = [random(M * J, 1), random(J * K, 2)];
  const { values, left, right } = factorsOf(b, a, J);
  const whole = (with_: ArrayLike<number>, wide: ArrayLike<number>, by: ArrayLike<number>) =>
    Float64Array.from({ length: M * K }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < J; j++) sum += with_[Math.floor(i / K) * J + j] * by[j] * wide[j * K + (i % K)];
      return sum;
    });
  expect(relative(whole(left, right, values), whole(b, a, Array<number>(J).fill(1)))).toBeLessThan(1e-12);
  expect([...values.subarray(M)].every((value) => value < 1e-12)).toBe(true);
  expect([...values]).toEqual([...values].toSorted((x, y) => y - x));
});

test('what a mix cannot hold is refused', () => {
  const dora = (adapter: Adapter): Adapter => ({
    ...adapter,
    pairs: adapter.pairs.map((pair) => ({ ...pair, magnitude: new Float32Array(pair.outputs) })),
  });
  const options = { method: 'cat' as MixMethod };
  expect(() => mix(options, [{ ...parts[0], adapter: dora(parts[0].adapter) }, parts[1]])).toThrow(/DoRA/);
  expect(() =>
    mix(
      options,
      parts.map((part) => ({ ...part, strength: 0 })),
    ),
  ).toThrow(/other than 0/);
  expect(() => mix({ method: 'svd', rank: 0 })).toThrow(/rank/);
  expect(() => mix({ method: 'ties', density: 0 })).toThrow(/density/);
});
