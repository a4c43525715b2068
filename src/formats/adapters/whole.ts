// Whole tensors that lie beside an adapter's pairs, and take the base's place: what `modules_to_save` names, trained biases,
// and the embedding and the head, which PEFT saves along with an adapter of the head, too. The base's own change nothing.

import { configWith, type LoraConfig } from '../../core/adapter';
import type { ModelConfig } from '../../core/model-config';
import { dequantizeElements } from '../../quant/elements';
import { type WeightKind, type WeightTensor, isBlockKind, type ElementType } from '../../core/weight-kinds';
import { dequantizeRows, packRows } from '../../quant/repack';
import { groupsOf } from '../../quant/slice';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';
import { interleaved } from '../checkpoint/permute';
import { weightTensor } from '../checkpoint/weights';
import { expectedTensors, optionalBiases } from '../config/llama-config';
import { mismatch, unsupportedAdapter } from './failures';
import type { Named } from './modules';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** The gains of a model's RMSNorms, but for those of q and k. */
const NORM = /(^model\.norm|\.(input|(pre|post)_(attention|feedforward))_layernorm)\.weight$/;

/** Rows of a base that are compared at once, in bytes of f32. */
const BATCH_BYTES = 8 << 20;

/** The base's name of a tensor that stands in its place; undefined for what is none. @param name without PEFT's prefix */
export function wholeName(name: string): string | undefined {
  const own = name.replace(/\.(base_layer|modules_to_save(\.\w+)?)(?=\.\w+$)/, '');
  return own === EMBEDDING || own === HEAD || NORM.test(own) || own.endsWith('_proj.bias') ? own : undefined;
}

/**
 * A tensor in the base's place, in the order of rows that a checkpoint's have.
 * @param name of the base's
 * @throws PronkError `adapter-mismatch`
 */
export function wholeTensor(entry: DirectoryEntry, name: string, config: ModelConfig, file: string): WeightTensor {
  const tensor = { ...fromDirectory(entry), name };
  checkWholeShape(name, tensor.rows, tensor.columns, config, { file, tensor: entry.name });
  const rotated = /\.self_attn\.[qk]_proj\./.test(name);
  return weightTensor(rotated ? interleaved(tensor, config) : tensor, 'keep');
}

function checkWholeShape(
  name: string,
  rows: number,
  columns: number,
  config: ModelConfig,
  { file, tensor }: Named,
): void {
  const shapes = [...expectedTensors(config), ...optionalBiases(config), [HEAD, [0, config.hiddenSize]] as const];
  const [baseRows, baseColumns] = new Map(shapes).get(name) ?? [0, 0];
  const free = name === EMBEDDING || name === HEAD;
  if (columns === baseColumns && (free || rows === baseRows)) return;
  const there = free ? `rows of ${baseColumns}` : `${baseRows} × ${baseColumns}`;
  throw mismatch(file, `${tensor} is ${rows} × ${columns}, and the model has ${there} there`);
}

/**
 * The whole tensors as a model takes them. A head that PEFT saved only because it is the embedding is left out.
 * @throws PronkError `adapter-mismatch`, `unsupported-adapter`
 */
export function settledWhole(
  whole: readonly WeightTensor[],
  { modules_to_save: saved = [], ensure_weight_tying: tying = false }: LoraConfig,
  config: ModelConfig,
  file: string,
): readonly WeightTensor[] {
  const named = (module: string) => saved.some((each) => each === module || each.endsWith(`.${module}`));
  const has = (name: string) => whole.some((tensor) => tensor.name === name);
  const shared = config.tieWordEmbeddings && (tying || !named('lm_head')) && has(EMBEDDING);
  const settled = shared ? whole.filter(({ name }) => name !== HEAD) : whole;
  checkWhole(settled, config, file);
  const resized = configWith(config, settled).vocabSize !== config.vocabSize;
  if (shared && named('embed_tokens') && !tying && !resized) {
    const what = 'brings an embedding of its own, and none of the head, which the model takes from its embedding';
    throw unsupportedAdapter(file, `${what}: PEFT would take them apart`);
  }
  return settled;
}

/**
 * Checks that whole tensors have the base's shapes and leave the model whole: an embedding and a head with as many rows.
 * @throws PronkError `adapter-mismatch`, `unsupported-adapter`
 */
export function checkWhole(whole: readonly WeightTensor[], config: ModelConfig, file: string): void {
  for (const { name, rows, columns } of whole) checkWholeShape(name, rows, columns, config, { file, tensor: name });
  const rowsOf = (wanted: string) => whole.find(({ name }) => name === wanted)?.rows;
  const embedding = rowsOf(EMBEDDING) ?? config.vocabSize;
  const head = rowsOf(HEAD) ?? (config.tieWordEmbeddings ? embedding : config.vocabSize);
  if (embedding !== head) {
    const said = `its embedding would have ${embedding} tokens and its head ${head}: it lacks the other one of them`;
    throw mismatch(file, said);
  }
  if (embedding < config.vocabSize) {
    throw unsupportedAdapter(file, `has ${embedding} tokens, fewer than the ${config.vocabSize} of the model`);
  }
}

/** The name of an embedding or a head in a base; undefined for other tensors, and where the shape is not the base's. */
export function frozenName({ name, shape }: DirectoryEntry, config: ModelConfig): string | undefined {
  const [, own] = /(lm_head|embed_tokens)(?:\.base_layer)?\.weight$/.exec(name) ?? [];
  const [rows, columns] = shape;
  if (own === undefined || rows !== config.vocabSize || columns !== config.hiddenSize) return undefined;
  return own === 'lm_head' && !config.tieWordEmbeddings ? 'lm_head.weight' : 'model.embed_tokens.weight';
}

/** Whether a tensor has a base's values, as far as the rounding of either lets them be told apart. */
export async function isFrozen(entry: DirectoryEntry, base: WeightTensor): Promise<boolean> {
  const { type, columns, readRows } = fromDirectory(entry);
  const step = Math.max(1, Math.floor(BATCH_BYTES / (columns * 4)));
  for await (const group of groupsOf(base, step)) {
    const { rowStart, rows } = group;
    const own = dequantizeElements(type, await readRows(rowStart, rowStart + rows));
    const rounded = isBlockKind(base.kind) ? dequantizeRows(packRows(own, base.kind, rows, columns)) : own;
    const values = dequantizeRows(group);
    const rounding = Math.max(ROUNDING[type] ?? 0, ROUNDING[base.kind] ?? 0);
    // codes that were rounded otherwise elsewhere are let be, as long as they are few
    let others = 0;
    for (let i = 0; i < values.length; i++) {
      if (!(Math.abs(rounded[i] - values[i]) <= rounding * Math.abs(values[i]) + SMALLEST)) others++;
    }
    if (others > (isBlockKind(base.kind) ? values.length * FEW : 0)) return false;
  }
  return true;
}

/** Halves of the last place, and the least number of f16, below which there are no places any more. */
const ROUNDING: Readonly<Partial<Record<ElementType | WeightKind, number>>> = {
  F16: 2 ** -11,
  f16: 2 ** -11,
  BF16: 2 ** -8,
  bf16: 2 ** -8,
};
const SMALLEST = 2 ** -24;
const FEW = 0.01;
