// W + strength · scale · B·A, some rows at a time.

import type { LoraPair } from '../../core/adapter';

/** A pair, and how much of it; 1 is as trained. */
export interface WeightedPair {
  readonly pair: LoraPair;
  readonly strength: number;
}

/**
 * Adds pairs to rows `rowStart` … of the matrix that they adapt, in place. Sums are in float64 and rounded once.
 * @param values [rows, inputs] row-major
 */
export function addPairs(values: Float32Array, rowStart: number, pairs: readonly WeightedPair[]): void {
  const [first] = pairs;
  if (!first) return;
  const { inputs } = first.pair;
  const sums = new Float64Array(inputs);
  for (let row = 0; row * inputs < values.length; row++) {
    const at = row * inputs;
    for (let k = 0; k < inputs; k++) sums[k] = values[at + k];
    for (const { pair, strength } of pairs) {
      const { rank, a, b, scale } = pair;
      for (let r = 0; r < rank; r++) {
        const factor = strength * scale * b[(rowStart + row) * rank + r];
        if (factor === 0) continue;
        for (let k = 0, from = r * inputs; k < inputs; k++) sums[k] += factor * a[from + k];
      }
    }
    for (let k = 0; k < inputs; k++) values[at + k] = sums[k];
  }
}
