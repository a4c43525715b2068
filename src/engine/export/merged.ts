// A model with adapters merged into it, tensor by tensor: dequantized weights plus strength · scale · B·A, a few MiB at a time.
import { addPairs, type WeightedPair } from '../../formats/adapters/merge';
import { moduleName } from '../../formats/adapters/modules';
import { PronkError } from '../../core/errors';
import { evenRows } from '../../formats/checkpoint/weights';
import type { UsedAdapter } from '../../model/inference/lora';
import type { WeightKind, WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows, packRows } from '../../quant/repack';
import { groupsOf } from '../../quant/slice';

/** Bytes of rows in f32 that are worked on at once. */
const BATCH_BYTES = 16 << 20;
/** From here on f16 rounds to infinity. */
const F16_END = 65520;

/**
 * Tensors of a model with adapters. What no adapter touches and is of the kind already keeps every bit.
 * @param kindOf what each tensor is to be
 */
export function mergedTensors(
  tensors: readonly WeightTensor[],
  adapters: readonly UsedAdapter[],
  kindOf: (tensor: WeightTensor) => WeightKind,
): WeightTensor[] {
  const pairs = new Map<string, WeightedPair[]>();
  for (const { pairs: own, strength } of adapters) {
    for (const pair of own) {
      const name = `${moduleName(pair)}.weight`;
      pairs.set(name, [...(pairs.get(name) ?? []), { pair, strength }]);
    }
  }
  return tensors.map((tensor) => merged(tensor, pairs.get(tensor.name) ?? [], kindOf(tensor)));
}

function merged(tensor: WeightTensor, pairs: readonly WeightedPair[], kind: WeightKind): WeightTensor {
  if (kind === tensor.kind && pairs.length === 0) return tensor;
  const { name, columns } = tensor;
  return {
    ...tensor,
    kind,
    async *groups() {
      for await (const group of groupsOf(tensor, evenRows(columns * 4, BATCH_BYTES))) {
        // of f32 rows the values are the stored bytes themselves
        const values = tensor.kind === 'f32' ? dequantizeRows(group).slice() : dequantizeRows(group);
        addPairs(values, group.rowStart, pairs);
        if (kind !== 'f32' && kind !== 'bf16' && values.some((value) => !(Math.abs(value) < F16_END))) {
          throw outOfRange(name);
        }
        yield { ...packRows(values, kind, group.rows, columns), rowStart: group.rowStart };
      }
    },
  };
}

function outOfRange(name: string): PronkError {
  const message = `${name} has weights of 65,520 and more after merging, which 16 bits cannot hold. Merge into f32 instead.`;
  return new PronkError('weights-out-of-range', message);
}
