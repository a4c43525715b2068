// Embedding and head that lie beside an adapter's pairs: PEFT saves them along with an adapter of the head and where
// `save_embedding_layers` asks for it, and puts them in the base's place when it loads them. The base's own change nothing.

import type { ModelConfig } from '../../core/model-config';
import { dequantizeElements } from '../../quant/elements';
import { type WeightKind, type WeightTensor, isBlockKind, type ElementType } from '../../core/weight-kinds';
import { dequantizeRows, packRows } from '../../quant/repack';
import { groupsOf } from '../../quant/slice';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';

/** Rows of a base that are compared at once, in bytes of f32. */
const BATCH_BYTES = 8 << 20;

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
