// What a position's rotary embedding multiplies q and k by, as transformers' modeling_rope_utils has it, in float64.
import {
  type QueryScaling,
  type RopeScaling,
  type RotaryConfig,
  fixedRotation,
  rotaryDimOf,
} from '../../core/model-config';

type Yarn = Extract<RopeScaling, { readonly type: 'yarn' }>;
type Llama3 = Extract<RopeScaling, { readonly type: 'llama3' }>;

/** How the heads of a text rotate. */
export interface Rotation {
  /** Radians that each rotated pair turns by from one position to the next; what of a head is beyond them stays. */
  readonly frequencies: Float64Array;
  /** What rotated pairs are multiplied by beside. */
  readonly magnitude: number;
  readonly queryScaling?: QueryScaling | undefined;
}

/** @param length of the text, which counts where the model rotates long texts otherwise than short ones */
export function rotationOf(config: RotaryConfig, length = 0): Rotation {
  const { ropeScaling, queryScaling } = config;
  const magnitude = ropeScaling && 'attentionFactor' in ropeScaling ? ropeScaling.attentionFactor : 1;
  return { frequencies: ropeFrequencies(config, length), magnitude, queryScaling };
}

/**
 * Angular frequency of each rotated pair.
 * @param length of the text, as in `rotationOf`
 */
export function ropeFrequencies(config: RotaryConfig, length = 0): Float64Array {
  const { ropeScaling: scaling } = config;
  const rotated = rotaryDimOf(config);
  const theta = dynamicTheta(config, length);
  const frequencies = Float64Array.from({ length: rotated / 2 }, (_, i) => theta ** ((-2 * i) / rotated));
  switch (scaling?.type) {
    case undefined:
    case 'dynamic':
      return frequencies;
    case 'linear':
      return frequencies.map((f) => f / scaling.factor);
    case 'divisors':
      return frequencies.map((f, i) => f / scaling.divisors[i]);
    case 'longrope': {
      const divisors = length > scaling.originalContextLength ? scaling.long : scaling.short;
      return frequencies.map((f, i) => f / divisors[i]);
    }
    case 'llama3':
      return frequencies.map((f) => llama3Frequency(f, scaling));
    case 'yarn': {
      const share = yarnShares(scaling, rotated, theta);
      return frequencies.map((f, i) => (f / scaling.factor) * (1 - share[i]) + f * share[i]);
    }
  }
}

function llama3Frequency(f: number, scaling: Llama3): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  const turns = (originalContextLength * f) / (2 * Math.PI);
  if (turns < low) return f / factor;
  if (turns > high) return f;
  const smooth = (turns - low) / (high - low);
  return ((1 - smooth) * f) / factor + smooth * f;
}

/** How much of each pair's own frequency YaRN keeps: all of the fastest, nothing of the slowest, a ramp between. */
function yarnShares(scaling: Yarn, rotated: number, theta: number): number[] {
  const { originalContextLength, betaFast, betaSlow, truncate } = scaling;
  const pairWith = (turns: number) =>
    (rotated * Math.log(originalContextLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairWith(betaFast), pairWith(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, rotated - 1);
  const width = high === low ? 0.001 : high - low;
  return Array.from({ length: rotated / 2 }, (_, i) => 1 - Math.min(1, Math.max(0, (i - low) / width)));
}

/** θ, larger for texts beyond the trained context where the model scales dynamically (`_compute_dynamic_ntk_parameters`). */
function dynamicTheta(config: RotaryConfig, length: number): number {
  const { ropeTheta, ropeScaling, contextLength } = config;
  if (ropeScaling?.type !== 'dynamic' || length <= contextLength) return ropeTheta;
  const { factor } = ropeScaling;
  const rotated = rotaryDimOf(config);
  return ropeTheta * ((factor * length) / contextLength - (factor - 1)) ** (rotated / (rotated - 2));
}

/**
 * (cos, sin) of every position and pair times the rotation's magnitude, [context, d/2, 2]; (1, 0) for pairs that stay.
 * @param length of the text that all positions are of; without it, of each position the text that ends there
 */
export function ropeTable(config: RotaryConfig, context: number, length?: number): Float32Array<ArrayBuffer> {
  const fixed = length === undefined ? fixedRotation(config) : Infinity;
  const table = new Float32Array(context * config.headDim);
  let { frequencies, magnitude } = rotationOf(config, length);
  for (let position = 0; position < context; position++) {
    if (position >= fixed) ({ frequencies, magnitude } = rotationOf(config, position + 1));
    const row = table.subarray(position * config.headDim, (position + 1) * config.headDim);
    frequencies.forEach((frequency, i) => {
      row[2 * i] = magnitude * Math.cos(position * frequency);
      row[2 * i + 1] = magnitude * Math.sin(position * frequency);
    });
    for (let i = 2 * frequencies.length; i < row.length; i += 2) row[i] = 1;
  }
  return table;
}

/** What the query of a position is multiplied by. */
export function queryScale({ beta, originalContextLength }: QueryScaling, position: number): number {
  return 1 + beta * Math.log(1 + Math.floor(position / originalContextLength));
}

/** The fields of a kernel's `Params` that say how queries grow. */
export function queryScalingParams(rotary: Pick<RotaryConfig, 'queryScaling'> | undefined) {
  const { beta = 0, originalContextLength = 1 } = rotary?.queryScaling ?? {};
  return { query_beta: beta, query_length: originalContextLength };
}
