// A model with adapters merged into it, tensor by tensor: dequantized weights plus strength · scale · B·A, a few MiB at a time.
// What adapters hold whole takes the base's place first.
import { addPairs, type WeightedPair } from '../../formats/adapters/merge';
import { moduleName } from '../../formats/adapters/modules';
import { PronkError } from '../../core/errors';
import { evenRows } from '../../formats/checkpoint/weights';
import { type UsedAdapter, wholeOf } from '../../model/inference/lora';
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
  const all = withBiases(withWhole(tensors, adapters), pairs);
  return all.map((tensor) => merged(tensor, pairs.get(tensor.name) ?? [], kindOf(tensor)));
}

/** The base's tensors with those in their place that adapters hold whole. @throws PronkError `adapter-mismatch` */
function withWhole(tensors: readonly WeightTensor[], adapters: readonly UsedAdapter[]): readonly WeightTensor[] {
  const whole = wholeOf(adapters);
  const names = new Set(tensors.map(({ name }) => name));
  const replaced = tensors.map((tensor) => whole.find(({ name }) => name === tensor.name) ?? tensor);
  return [...replaced, ...whole.filter(({ name }) => !names.has(name))];
}

/** Biases with what pairs add to them; where the base has none, they begin at zero. */
function withBiases(
  tensors: readonly WeightTensor[],
  pairs: ReadonlyMap<string, readonly WeightedPair[]>,
): readonly WeightTensor[] {
  const added = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [name, own] of pairs) {
    for (const { pair, strength } of own) {
      if (!pair.bias) continue;
      const bias = name.replace(/weight$/, 'bias');
      const sum = added.get(bias) ?? new Float32Array(pair.outputs);
      added.set(bias, sum);
      for (const [row, value] of pair.bias.entries()) sum[row] += strength * pair.scale * value;
    }
  }
  const withAdded = (base: WeightTensor, values: Float32Array<ArrayBuffer>): WeightTensor => ({
    ...base,
    kind: 'f32',
    async *groups() {
      for await (const group of base.groups()) {
        const sum = dequantizeRows(group).map((value, i) => value + values[i]);
        yield { ...packRows(sum, 'f32', 1, base.columns), rowStart: 0 };
      }
    },
  });
  const names = new Set(tensors.map(({ name }) => name));
  const changed = tensors.map((tensor) => {
    const values = added.get(tensor.name);
    return values ? withAdded(tensor, values) : tensor;
  });
  const missing = Array.from(added).filter(([name]) => !names.has(name));
  return [...changed, ...missing.map(([name, values]) => withAdded(zeros(name, values.length), values))];
}

function zeros(name: string, columns: number): WeightTensor {
  return {
    name,
    kind: 'f32',
    rows: 1,
    columns,
    async *groups() {
      yield { ...packRows(new Float32Array(columns), 'f32', 1, columns), rowStart: 0 };
    },
  };
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
