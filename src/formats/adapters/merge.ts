// W + strength · scale · B·A, some rows at a time; of a pair with a magnitude, DoRA's rows in W's place, as far as the
// strength goes.

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
  const [sums, adapted] = [new Float64Array(inputs), new Float64Array(inputs)];
  for (let row = 0; row * inputs < values.length; row++) {
    const at = row * inputs;
    const own = values.subarray(at, at + inputs);
    sums.set(own);
    for (const { pair, strength } of pairs) {
      const { magnitude, scale } = pair;
      if (!magnitude) {
        addRow(sums, pair, rowStart + row, strength * scale);
        continue;
      }
      adapted.set(own);
      addRow(adapted, pair, rowStart + row, scale);
      const norm = Math.sqrt(adapted.reduce((sum, each) => sum + each * each, 0));
      const factor = norm > 0 ? magnitude[rowStart + row] / norm : 0;
      for (let k = 0; k < inputs; k++) sums[k] += strength * (factor * adapted[k] - own[k]);
    }
    own.set(sums);
  }
}

/** Adds a row of factor · B·A. */
function addRow(sums: Float64Array, { rank, inputs, a, b }: LoraPair, row: number, by: number): void {
  for (let r = 0; r < rank; r++) {
    const factor = by * b[row * rank + r];
    if (factor === 0) continue;
    for (let k = 0, from = r * inputs; k < inputs; k++) sums[k] += factor * a[from + k];
  }
}
