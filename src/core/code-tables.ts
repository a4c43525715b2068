// Values that 4-bit codes stand for where they are no even steps, before the block's scale multiplies them.

/** The sixteen values with a sign bit: those of code 0 to 7, then the same below zero. */
function bothSigns(values: readonly number[]): readonly number[] {
  return [...values, ...values.map((value) => 0 - value)];
}

export const CODE_TABLES = {
  /** ggml's non-linear 4 bits (`kvalues_iq4nl`): finer near zero, as weights are. */
  nl: [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
  /** FP4 of the OCP microscaling formats (sign, 2 bits of exponent, 1 of mantissa), doubled; both zeros are +0. */
  fp: bothSigns([0, 1, 2, 3, 4, 6, 8, 12]),
  /** NormalFloat of QLoRA (arXiv 2305.14314, appendix E): quantiles of a normal distribution, as bitsandbytes has them. */
  nf: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
  /** Magnitudes in the grid of IQ3_XXS. */
  i3: bothSigns([4, 12, 20, 28, 36, 44, 52, 62]),
  /** Magnitudes in the grid of IQ3_S. */
  i3s: bothSigns([1, 3, 5, 7, 9, 11, 13, 15]),
  /** Magnitudes in the grids of IQ2, then those of IQ1 in eighths: −1, 0 and 1, moved by an eighth. */
  i2: bothSigns([8, 25, 43, 1, 7, 9, 0, 0]),
} as const satisfies Record<string, readonly number[]>;

export type CodeTable = keyof typeof CODE_TABLES;
