// Several adapters with strengths as one adapter, by the methods of PEFT's add_weighted_adapter that work on pairs.

import type { Adapter, LoraPair } from '../../../core/adapter';
import { PronkError } from '../../../core/errors';
import type { ModelConfig } from '../../../core/model-config';
import { configOf, placed } from '../config';
import { hashed } from '../../../core/hashed';
import { inOrder, moduleName, ordinal } from '../modules';
import { combined, type Combination, type Keeps, type MajoritySign } from './combine';
import { factorsOf } from './low-rank';

/** `cat` is the mix itself; `svd` the best of a rank; the others work on A and B by themselves, and are rough. */
export const MIX_METHODS = ['cat', 'svd', 'linear', 'ties', 'dare_linear', 'dare_ties', 'magnitude_prune'] as const;
export type MixMethod = (typeof MIX_METHODS)[number];

export interface MixOptions {
  readonly method: MixMethod;
  /** Rank of the result, with `svd`; the largest of the adapters' where it is left out. */
  readonly rank?: number;
  /** Share of the elements that stay, for methods that prune; 0.5 where it is left out. */
  readonly density?: number;
  /** `total` where it is left out. */
  readonly majoritySign?: MajoritySign;
  /** Decides what DARE drops; 42 where it is left out. */
  readonly seed?: number;
}

/** An adapter, and how much of it. */
export interface MixPart {
  readonly adapter: Adapter;
  readonly strength: number;
}

/** How far a mix of a lower rank is from the mix itself: norms of the difference over norms of the mix. */
export interface MixError {
  readonly overall: number;
  readonly maps: readonly { readonly module: string; readonly error: number }[];
}

export interface Mix {
  readonly adapter: Adapter;
  /** With `svd`. */
  readonly error?: MixError;
}

/**
 * Several adapters of one model as one.
 * @param keeps instead of the seed: which elements of a module's A's and B's DARE keeps
 * @throws PronkError `unsupported-adapter` for adapters that are more than pairs, `adapter-mismatch` for ranks that
 *   differ where A and B are added by themselves, `bad-mix`
 */
export function mixed(
  name: string,
  parts: readonly MixPart[],
  config: ModelConfig,
  options: MixOptions,
  keeps?: (module: string, side: 'a' | 'b') => Keeps,
): Mix {
  check(parts, options);
  const used = parts.filter(({ strength }) => strength !== 0);
  const modules = new Map<string, Weighted[]>();
  for (const { adapter, strength } of used) {
    for (const pair of adapter.pairs) {
      const module = moduleName(pair);
      modules.set(module, [...(modules.get(module) ?? []), { pair, weight: strength * pair.scale }]);
    }
  }
  if (modules.size === 0) throw badMix('The mix is nothing: choose adapters with a strength other than 0.');
  const { seed = 42, density = 0.5 } = options;
  const random = (pair: LoraPair, side: 'a' | 'b'): Keeps => {
    if (keeps) return keeps(moduleName(pair), side);
    const place = (2 * ordinal(pair) + Number(side === 'b')) * MOST_PARTS;
    return (matrix, element) => hashed(seed, place + matrix, element) < density;
  };
  const sums = { error: 0, all: 0 };
  const maps: MixError['maps'][number][] = [];
  const pairs = Array.from(modules, ([module, own]) => {
    if (options.method === 'cat') return concatenated(own);
    if (options.method !== 'svd') {
      return added(module, own, combinationOf(options), (side) => random(own[0].pair, side));
    }
    const { pair, error, total } = truncated(concatenated(own), options.rank ?? mostRank(parts));
    maps.push({ module, error: total > 0 ? Math.sqrt(error / total) : 0 });
    sums.error += error;
    sums.all += total;
    return pair;
  });
  const whole = used.flatMap(({ adapter }) => adapter.whole ?? []);
  const twice = whole.find((tensor, i) => whole.findIndex((each) => each.name === tensor.name) < i);
  if (twice)
    throw unfit(`Two of the adapters hold ${twice.name} whole, and the mix could hold one. Leave one of them out.`);
  const saved = [...new Set(used.flatMap(({ adapter }) => adapter.config.modules_to_save ?? []))];
  const tokenizer = used.find(({ adapter }) => adapter.tokenizer)?.adapter.tokenizer;
  const base = used[0].adapter.config.base_model_name_or_path;
  const told = { base_model_name_or_path: base, ...(saved.length && { modules_to_save: saved }) };
  const ordered = inOrder(pairs);
  const adapter: Adapter = {
    name,
    config: configOf(placed(ordered), told, config.numLayers),
    pairs: ordered,
    ...(whole.length && { whole }),
    ...(tokenizer && { tokenizer }),
  };
  if (options.method !== 'svd') return { adapter };
  return { adapter, error: { overall: sums.all > 0 ? Math.sqrt(sums.error / sums.all) : 0, maps } };
}

/** Adapters of a mix whose random numbers differ. */
const MOST_PARTS = 1024;

/** A pair, and strength · scale. */
interface Weighted {
  readonly pair: LoraPair;
  readonly weight: number;
}

function badMix(message: string): PronkError {
  return new PronkError('bad-mix', message);
}

function unfit(message: string): PronkError {
  return new PronkError('adapter-mismatch', message);
}

function check(parts: readonly MixPart[], { rank, density = 0.5 }: MixOptions): void {
  for (const { adapter } of parts) {
    const more = adapter.pairs.find(({ magnitude, bias }) => magnitude ?? bias);
    if (!more) continue;
    const what = more.magnitude
      ? 'is a DoRA adapter, whose rows have lengths of their own'
      : 'has biases beside its pairs';
    const message = `${adapter.name} ${what}: it is no sum of pairs, so a mix cannot hold it. Use it as it is, or merge it into its model.`;
    throw new PronkError('unsupported-adapter', message);
  }
  if (rank !== undefined && !(Number.isInteger(rank) && rank >= 1)) throw badMix('The rank is a whole number above 0.');
  if (!(density > 0 && density <= 1)) throw badMix('The density is a share above 0 and up to 1.');
}

function mostRank(parts: readonly MixPart[]): number {
  return Math.max(1, ...parts.flatMap(({ adapter }) => adapter.pairs.map(({ rank }) => rank)));
}

const PRUNES = {
  linear: undefined,
  ties: 'magnitude',
  dare_linear: 'random',
  dare_ties: 'random',
  magnitude_prune: 'magnitude',
} as const;

function combinationOf({ method, density = 0.5, majoritySign = 'total' }: MixOptions): Combination {
  const by = method === 'cat' || method === 'svd' ? undefined : PRUNES[method];
  return { ...(by && { prune: { by, density } }), ...(method.endsWith('ties') && { elect: majoritySign }) };
}

/** The pairs side by side: their sum to the last bit but one. Strengths and scales are in A. */
function concatenated(own: readonly Weighted[]): LoraPair {
  const [{ pair: first }] = own;
  const { inputs, outputs } = first;
  const rank = own.reduce((sum, { pair }) => sum + pair.rank, 0);
  const [a, b] = [new Float32Array(rank * inputs), new Float32Array(outputs * rank)];
  let at = 0;
  for (const { pair, weight } of own) {
    a.set(
      pair.a.map((value) => weight * value),
      at * inputs,
    );
    for (let row = 0; row < outputs; row++) {
      b.set(pair.b.subarray(row * pair.rank, (row + 1) * pair.rank), row * rank + at);
    }
    at += pair.rank;
  }
  return { layer: first.layer, map: first.map, rank, inputs, outputs, scale: 1, a, b };
}

/** A and B each by themselves, with the root of what each pair weighs; A has its sign. */
function added(
  module: string,
  own: readonly Weighted[],
  combination: Combination,
  keeps: (side: 'a' | 'b') => Keeps,
): LoraPair {
  const [{ pair: first }] = own;
  const other = own.find(({ pair }) => pair.rank !== first.rank);
  if (other) {
    const message = `The adapters have ranks ${first.rank} and ${other.pair.rank} in ${module}, and this method adds their matrices: it needs one rank. Choose cat or svd.`;
    throw unfit(message);
  }
  const roots = own.map(({ weight }) => Math.sqrt(Math.abs(weight)));
  const signed = roots.map((root, i) => (own[i].weight < 0 ? -root : root));
  const side = (which: 'a' | 'b', weights: readonly number[]) =>
    Float32Array.from(
      combined(
        own.map(({ pair }) => pair[which]),
        weights,
        combination,
        keeps(which),
      ),
    );
  const { layer, map, rank, inputs, outputs } = first;
  return { layer, map, rank, inputs, outputs, scale: 1, a: side('a', signed), b: side('b', roots) };
}

/** The nearest pair of a lower rank, and the squares of what is lost and of all; B has the singular values. */
function truncated(pair: LoraPair, most: number): { pair: LoraPair; error: number; total: number } {
  const { rank: J, inputs, outputs } = pair;
  const { values, left, right } = factorsOf(pair.b, pair.a, J);
  const rank = Math.min(most, J);
  const b = new Float32Array(outputs * rank);
  for (let row = 0; row < outputs; row++) {
    for (let s = 0; s < rank; s++) b[row * rank + s] = left[row * J + s] * values[s];
  }
  const squares = values.map((value) => value * value);
  const sum = (some: Float64Array) => some.reduce((total, each) => total + each, 0);
  const a = Float32Array.from(right.subarray(0, rank * inputs));
  return { pair: { ...pair, rank, a, b }, error: sum(squares.subarray(rank)), total: sum(squares) };
}
