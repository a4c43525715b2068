// Several matrices as one, element by element, as PEFT's merge_utils.py does it: sums of them, TIES (Yadav et al. 2023,
// arXiv:2306.01708), DARE (Yu et al. 2023, arXiv:2311.03099), and pruning by magnitude.

type Doubles = Float64Array<ArrayBuffer>;

/** How the sign of an element is chosen where matrices disagree: by their sum, or by how many have it. */
export type MajoritySign = 'total' | 'frequency';

export interface Combination {
  /** Share of the elements that stay: the largest ones of each matrix, or random ones. */
  readonly prune?: { readonly by: 'magnitude' | 'random'; readonly density: number };
  /** Where matrices disagree, only those of the chosen sign count, and their mean is taken. */
  readonly elect?: MajoritySign;
}

/** Whether an element of a matrix stays, where that is random. */
export type Keeps = (matrix: number, element: number) => boolean;

/** @param matrices of one size @param weights of each @param keeps for random pruning */
export function combined(
  matrices: readonly ArrayLike<number>[],
  weights: readonly number[],
  { prune, elect }: Combination,
  keeps: Keeps,
): Doubles {
  const pruned = matrices.map((matrix, i) => {
    if (!prune || prune.density >= 1) return Float64Array.from(matrix);
    return prune.by === 'magnitude' ? largest(matrix, prune.density) : random(matrix, prune.density, i, keeps);
  });
  const sum = new Float64Array(matrices[0].length);
  for (let element = 0; element < sum.length; element++) {
    const sign = elect && majority(pruned, element, elect);
    let count = 0;
    for (const [i, matrix] of pruned.entries()) {
      const value = matrix[element];
      if (sign !== undefined && Math.sign(value) !== sign) continue;
      sum[element] += weights[i] * value;
      count++;
    }
    if (elect) sum[element] /= Math.max(1, count);
  }
  return sum;
}

/** 1 or −1; 1 where neither has more. */
function majority(matrices: readonly Doubles[], element: number, method: MajoritySign): number {
  let sum = 0;
  for (const matrix of matrices) sum += method === 'total' ? matrix[element] : Math.sign(matrix[element]);
  return sum >= 0 ? 1 : -1;
}

/** Keeps the largest elements; of equal ones the first. */
function largest(matrix: ArrayLike<number>, density: number): Doubles {
  const count = Math.floor(density * matrix.length);
  const order = Array.from({ length: matrix.length }, (_, i) => i);
  order.sort((a, b) => Math.abs(matrix[b]) - Math.abs(matrix[a]) || a - b);
  const kept = new Float64Array(matrix.length);
  for (const i of order.slice(0, count)) kept[i] = matrix[i];
  return kept;
}

/** Keeps random elements, and makes up for the others. */
function random(matrix: ArrayLike<number>, density: number, index: number, keeps: Keeps): Doubles {
  return Float64Array.from(matrix, (value, i) => (keeps(index, i) ? value / density : 0));
}
