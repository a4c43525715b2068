// Adapters of bases whose modules have other names (OPT). Adapters of bases whose files hold q, k and v in one matrix, and gate
// and up in another (Phi-3): one A with the B's of all
// maps above one another. In memory each map has a pair of its own; those that were read together share the A.

import type { ModelConfig } from '../../core/model-config';
import type { LoraPair } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { packedFromGguf, packedName, partsOf } from '../checkpoint/packed';
import { toGgufName } from '../checkpoint/tensor-names';
import type { DirectoryEntry } from '../checkpoint/directory';
import { type Family, familyOf, packsMaps } from '../families/index';
import type { GgufTensor } from '../gguf/gguf';
import type { PeftConfig } from './config';
import { mismatch } from './failures';
import { type Floats, halfSplitB, halfSplitRows, moduleName } from './modules';

const TENSOR = /^(.*?)(model\.layers\.\d+\.\w+\.\w+)(\..+)$/;
const SIZES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * The tensors of packed modules as tensors of their maps; all others as they are.
 * @param file for messages
 * @throws PronkError `adapter-mismatch` for a packed module of another height than the base's
 */
export function unpackedEntries(
  entries: readonly DirectoryEntry[],
  config: ModelConfig,
  file: string,
): readonly DirectoryEntry[] {
  const { rename } = familyOf(config.architecture);
  if (rename) return entries.map((entry) => ({ ...entry, name: renamedModule(entry.name, rename) }));
  if (!packsMaps(config)) return entries;
  return entries.flatMap((entry) => {
    const [, before = '', module, rest = ''] = TENSOR.exec(entry.name) ?? [];
    const parts = module === undefined ? undefined : partsOf(module, config);
    if (!parts) return [entry];
    const named = parts.map((part) => ({ ...part, name: `${before}${part.name}${rest}` }));
    if (/^\.lora_(A\.|a$)/.test(rest)) return named.map(({ name }) => ({ ...entry, name }));
    const { shape, strides, start, dtype } = entry;
    const outputs = parts.reduce((sum, { rows }) => sum + rows, 0);
    const size = SIZES[dtype] ?? 4;
    // mlx-lm's matrices are the other way round
    const isTransposed = rest === '.lora_b';
    const found = shape[isTransposed ? 1 : 0];
    if (found !== outputs) {
      throw mismatch(file, `${entry.name} is for ${found} outputs, and the model has ${outputs} there`);
    }
    if (isTransposed) {
      return named.map(({ name, first, rows }) => ({
        ...entry,
        name,
        shape: [shape[0] ?? 0, rows],
        strides: [outputs, 1],
        start: start + first * size,
      }));
    }
    const stride = (strides?.[0] ?? shape[1] ?? 1) * size;
    return named.map(({ name, first, rows }) => ({
      ...entry,
      name,
      shape: [rows, ...shape.slice(1)],
      start: start + first * stride,
    }));
  });
}

/** A tensor's name with its module as LLaMA spells it. */
function renamedModule(name: string, rename: NonNullable<Family['rename']>): string {
  const [, before = '', own = name] = /^(base_model\.model\.)?(.+)$/.exec(name) ?? [];
  return `${before}${rename(own) ?? own}`;
}

/** GGUF tensors of packed modules as tensors of their maps; all others as they are. */
export function unpackedTensors(
  tensors: readonly GgufTensor[],
  config: ModelConfig,
  file: string,
): readonly GgufTensor[] {
  if (!packsMaps(config)) return tensors;
  return tensors.flatMap((tensor) => {
    const [, weight = '', half] = /^(.+)\.lora_(a|b)$/.exec(tensor.name) ?? [];
    const module = packedFromGguf(weight)?.replace(/\.weight$/, '');
    const parts = module === undefined ? undefined : partsOf(module, config);
    if (!parts) return [tensor];
    const named = parts.map((part) => ({ ...part, name: `${toGgufName(`${part.name}.weight`)}.lora_${half}` }));
    if (half === 'a') return named.map(({ name }) => ({ ...tensor, name }));
    const [rank = 0, outputs = 1] = tensor.shape;
    const wanted = parts.reduce((sum, { rows }) => sum + rows, 0);
    if (outputs !== wanted) {
      throw mismatch(file, `${tensor.name} has ${outputs} rows, and the model has ${wanted} there`);
    }
    const rowBytes = tensor.bytes / outputs;
    return named.map(({ name, first, rows }) => ({
      ...tensor,
      name,
      shape: [rank, rows],
      start: tensor.start + first * rowBytes,
      bytes: rows * rowBytes,
    }));
  });
}

/** A configuration asked by a map's module where it speaks of the packed one, or of one by the family's name. */
export function ofPacked(known: PeftConfig, config: ModelConfig): PeftConfig {
  const { ownName = packsMaps(config) ? packedName : undefined } = familyOf(config.architecture);
  if (!ownName) return known;
  return {
    ...known,
    rankOf: (module) => known.rankOf(ownName(module)),
    scaleOf: (module) => known.scaleOf(ownName(module)),
  };
}

/**
 * Pairs of maps that were packed with an A of their own each, without the rows of A that the others' are: those that B has
 * zeros for. What shares one A stays as it is.
 */
export function untangled(pairs: readonly LoraPair[], config: ModelConfig): LoraPair[] {
  if (!packsMaps(config)) return [...pairs];
  const used = new Map(pairs.map((pair) => [pair, usedColumns(pair)]));
  const isTangled = (pair: LoraPair) => {
    const count = used.get(pair)?.length ?? 0;
    return count > 0 && count < pair.rank;
  };
  return pairs.flatMap((pair) => {
    const { rank, inputs, a, b, map, magnitude, bias } = pair;
    const own = used.get(pair) ?? [];
    const beside = pairs.filter((other) => other !== pair && other.layer === pair.layer && isPackedWith(other, map));
    if (beside.length === 0 || own.length === rank) return [pair];
    // a B of zeros is a map without a pair only where the others have rows of their own
    if (own.length === 0) return beside.some(isTangled) && !magnitude && !bias ? [] : [pair];
    const rows = Float32Array.from(
      { length: own.length * inputs },
      (_, i) => a[own[Math.floor(i / inputs)] * inputs + (i % inputs)],
    );
    return [{ ...pair, rank: own.length, a: rows, b: b.filter((_, i) => own.includes(i % rank)) }];
  });
}

/** Columns of B that are not all zeros. */
function usedColumns({ rank, b }: LoraPair): number[] {
  const used = new Set<number>();
  for (let i = 0; i < b.length && used.size < rank; i++) if (b[i] !== 0) used.add(i % rank);
  return [...used].toSorted((left, right) => left - right);
}

function isPackedWith(pair: LoraPair, map: LoraPair['map']): boolean {
  const module = packedName(moduleName(pair));
  return module !== moduleName(pair) && module === packedName(moduleName({ ...pair, map }));
}

/** A pair as a file has it: of a module, with B's rows in the file's order. */
export type WrittenPair = Omit<LoraPair, 'map'> & { readonly module: string };

/**
 * Pairs as files of the base's family have them. What shares one A is written with it; else the A's of a packed module stand
 * above one another, and each B has columns for its own alone.
 * @param halfSplit whether q's and k's rows are to be in Hugging Face's order
 */
export function writtenPairs(pairs: readonly LoraPair[], config: ModelConfig, halfSplit = true): WrittenPair[] {
  const inFile = (pair: LoraPair) => (halfSplit ? halfSplitPair(pair, config) : pair);
  const { ownName } = familyOf(config.architecture);
  const modules = new Map<string, LoraPair[]>();
  for (const pair of pairs) {
    const own = moduleName(pair);
    const module = packsMaps(config) ? packedName(own) : own;
    modules.set(module, [...(modules.get(module) ?? []), pair]);
  }
  return Array.from(modules, ([module, of]) => {
    const parts = packsMaps(config) ? partsOf(module, config) : undefined;
    const [first] = of;
    if (!parts && first) return { ...inFile(first), module: ownName?.(module) ?? module };
    return stacked(module, of.map(inFile), parts ?? []);
  });
}

function halfSplitPair(pair: LoraPair, config: ModelConfig): LoraPair {
  const { magnitude, bias } = pair;
  return {
    ...pair,
    b: halfSplitB(pair, config),
    ...(magnitude && { magnitude: halfSplitRows(pair, magnitude, config) }),
    ...(bias && { bias: halfSplitRows(pair, bias, config) }),
  };
}

function stacked(
  module: string,
  pairs: readonly LoraPair[],
  parts: NonNullable<ReturnType<typeof partsOf>>,
): WrittenPair {
  const [{ layer, inputs, a: firstA, rank: firstRank }] = pairs as readonly [LoraPair];
  const isShared = pairs.every(({ a, rank }) => rank === firstRank && isSame(a, firstA));
  const rank = isShared ? firstRank : pairs.reduce((sum, pair) => sum + pair.rank, 0);
  const outputs = parts.reduce((sum, { rows }) => sum + rows, 0);
  const [a, b] = [new Float32Array(rank * inputs), new Float32Array(outputs * rank)];
  const bias = pairs.some((pair) => pair.bias) ? new Float32Array(outputs) : undefined;
  const magnitude = pairs.some((pair) => pair.magnitude) ? new Float32Array(outputs) : undefined;
  if (magnitude && !(pairs.length === parts.length && pairs.every((pair) => pair.magnitude))) {
    const message = `The adapter is DoRA on some of the maps that ${module} holds, and files can say that of all of them only.`;
    throw new PronkError('unsupported-format', message);
  }
  // one scale for all: what another one has more is in its B
  const scale = pairs.find((pair) => pair.scale !== 0)?.scale ?? 0;
  let top = 0;
  for (const pair of pairs) {
    const { first = 0 } = parts.find(({ map }) => map === pair.map) ?? {};
    const factor = scale === 0 ? 1 : pair.scale / scale;
    a.set(pair.a, top * inputs);
    for (let row = 0; row < pair.outputs; row++) {
      for (let r = 0; r < pair.rank; r++) b[(first + row) * rank + top + r] = factor * pair.b[row * pair.rank + r];
    }
    bias?.set(pair.bias?.map((each) => factor * each) ?? [], first);
    magnitude?.set(pair.magnitude ?? [], first);
    if (!isShared) top += pair.rank;
  }
  return { module, layer, rank, inputs, outputs, scale, a, b, ...(bias && { bias }), ...(magnitude && { magnitude }) };
}

function isSame(left: Floats, right: Floats): boolean {
  return left === right || (left.length === right.length && left.every((value, i) => value === right[i]));
}
