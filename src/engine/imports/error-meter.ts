// Error of stored weights against their source, by kind of tensor, measured on a sample during the conversion.

import type { Tensor } from '../../core/checkpoint';
import { valuesOf } from '../../formats/checkpoint/weights';
import { elementRowBytes } from '../../quant/elements';
import { type PackedRows, codeBytes, scaleBytes } from '../../core/weight-kinds';
import { dequantizeRows } from '../../quant/repack';

/** Rows of each group that are compared. */
const SAMPLE_ROWS = 16;

/** Sums of squares: of the difference, and of the source. */
export type Sums = readonly [difference: number, total: number];

/** Compares the first rows of a batch with the file's bytes of it. */
export function sumsOf(
  { type, columns, scale }: Pick<Tensor, 'type' | 'columns' | 'scale'>,
  source: Uint8Array<ArrayBuffer>,
  stored: PackedRows,
): Sums {
  const b = dequantizeRows(firstRows(stored, SAMPLE_ROWS));
  const bytes = (b.length / columns) * elementRowBytes(type, columns);
  const a = valuesOf(scale === undefined ? { type } : { type, scale }, source.subarray(0, bytes));
  const sums: [number, number] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [value, difference] = [a[i], b[i] - a[i]];
    sums[0] += difference * difference;
    sums[1] += value * value;
  }
  return sums;
}

export class ErrorMeter {
  readonly #sums: Record<string, [difference: number, total: number]>;

  /** @param sums of an earlier part of the same import */
  constructor(sums: Readonly<Record<string, Sums>> = {}) {
    this.#sums = Object.fromEntries(Object.entries(sums).map(([part, [a, b]]) => [part, [a, b]]));
  }

  /** Adds the sums of a batch of a tensor. */
  add(tensor: string, [difference, total]: Sums): void {
    const sums = (this.#sums[partOf(tensor)] ??= [0, 0]);
    sums[0] += difference;
    sums[1] += total;
  }

  /** Sums of squares, for a later part of the same import. */
  get sums(): Readonly<Record<string, Sums>> {
    return structuredClone(this.#sums);
  }

  /** ‖stored − source‖ / ‖source‖ by kind of tensor. */
  get relative(): Record<string, number> {
    const entries = Object.entries(this.#sums).map(([part, [difference, total]]) => [
      part,
      total > 0 ? Math.sqrt(difference / total) : 0,
    ]);
    return Object.fromEntries(entries) as Record<string, number>;
  }
}

/** `q_proj` of `model.layers.3.self_attn.q_proj.weight`. */
function partOf(tensor: string): string {
  return tensor.split('.').at(-2) ?? tensor;
}

function firstRows(packed: PackedRows, most: number): PackedRows {
  const rows = Math.min(packed.rows, most);
  const { kind, columns } = packed;
  return {
    kind,
    rows,
    columns,
    codes: packed.codes.subarray(0, rows * codeBytes(kind, columns)),
    scales: packed.scales.subarray(0, scaleBytes(kind, rows, columns)),
  };
}
