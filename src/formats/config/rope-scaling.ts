// How a model scales its rotary positions, from config.json and from GGUF metadata. The methods are those of transformers'
// modeling_rope_utils and of llama.cpp.

import type { ModelConfig, RopeScaling } from '../../core/model-config';
import { corruptFile, unsupported } from '../../core/errors';
import { type JsonObject, isObject, numberIn, stringIn } from '../../core/json';

type Llama3 = Extract<RopeScaling, { readonly type: 'llama3' }>;
type Rope = Pick<ModelConfig, 'headDim' | 'ropeTheta'>;

/** The part of a config.json that is about rotary positions: `rope_scaling` where it says anything, as in transformers. */
export function ropeIn(json: JsonObject): JsonObject {
  const { rope_scaling: scaling, rope_parameters: parameters } = json;
  if (isObject(scaling) && Object.keys(scaling).length > 0) return scaling;
  return isObject(parameters) ? parameters : {};
}

/**
 * @param rope of config.json, as `ropeIn` gives it
 * @throws PronkError `unsupported-architecture` for a method that Pronk does not compute
 */
export function scalingFromJson(rope: JsonObject, contextLength: number, name: string): RopeScaling | undefined {
  const type = stringIn(rope, 'rope_type', 'type') ?? 'default';
  const factor = numberIn(rope, 'factor') ?? 1;
  switch (type) {
    case 'default':
      return undefined;
    case 'linear':
      return factor === 1 ? undefined : { type, factor };
    case 'dynamic':
      return { type, factor };
    case 'llama3':
      return {
        type,
        factor,
        lowFrequencyFactor: numberIn(rope, 'low_freq_factor') ?? 1,
        highFrequencyFactor: numberIn(rope, 'high_freq_factor') ?? 4,
        originalContextLength: numberIn(rope, 'original_max_position_embeddings') ?? contextLength,
      };
    case 'longrope': {
      const divisors = sameDivisors(rope);
      if (divisors) return { type: 'divisors', divisors };
    }
  }
  throw unsupported(name, `scales its rotary positions by the method ${type} (linear, dynamic and llama3 are known)`);
}

/** The divisors of a `longrope` that has one list for every length, and leaves attention as it is. */
function sameDivisors(rope: JsonObject): number[] | undefined {
  const { short_factor: short, long_factor: long, attention_factor: attention } = rope;
  if (!Array.isArray(short) || !Array.isArray(long) || attention !== 1) return undefined;
  const isSame = short.length === long.length && short.every((each, i) => each === long[i]);
  return isSame && short.every((each) => typeof each === 'number') ? short : undefined;
}

/** What config.json says of a scaling; null for none. */
export function scalingJson(scaling: RopeScaling | undefined, contextLength: number): object | null {
  switch (scaling?.type) {
    case undefined:
      return null;
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.type, factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContextLength,
      };
    case 'divisors': {
      // its one list for short texts and for long ones says the same at every length
      const { divisors } = scaling;
      return {
        rope_type: 'longrope',
        factor: 1,
        attention_factor: 1,
        short_factor: divisors,
        long_factor: divisors,
        original_max_position_embeddings: contextLength,
      };
    }
  }
}

/** What Llama-3 scaling divides each pair's frequency by. */
export function llama3Divisors(scaling: Llama3, { headDim, ropeTheta }: Rope): Float64Array {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  return Float64Array.from({ length: headDim / 2 }, (_, i) => {
    const turns = (originalContextLength * ropeTheta ** ((-2 * i) / headDim)) / (2 * Math.PI);
    const smooth = high === low ? Number(turns >= high) : Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** What of a GGUF file's metadata is about rotary positions. */
export interface GgufRope extends Rope {
  /** A number below the architecture's prefix; undefined where there is none. */
  number(key: string): number | undefined;
  /** `rope.scaling.type` */
  readonly method: unknown;
  /** Values of the tensor `rope_freqs.weight`, where there is one. */
  readonly divisors: Float32Array | undefined;
  readonly name: string;
}

/** Keys of Pronk's own, below no architecture: what GGUF has no word for, and other readers pass over. */
export const OWN_KEYS = {
  dynamic: 'pronk.rope.dynamic_factor',
  factor: 'pronk.rope.llama3_factor',
  low: 'pronk.rope.llama3_low_freq_factor',
  high: 'pronk.rope.llama3_high_freq_factor',
} as const;

/**
 * llama.cpp counts a factor unless the method is `none`, whatever key it stands under, and divides by it beside the
 * divisors of `rope_freqs.weight`.
 * @param own a number under one of `OWN_KEYS`
 * @throws PronkError `unsupported-architecture` for a method that Pronk does not compute; `corrupt-file`
 */
export function scalingFromGguf(rope: GgufRope, own: (key: string) => number | undefined): RopeScaling | undefined {
  const { number, method = 'linear', divisors, name } = rope;
  if (method !== 'none' && method !== 'linear')
    throw unsupported(name, `scales its rotary positions by ${String(method)}`);
  // zero stands for one
  const said = number('rope.scaling.factor') ?? number('rope.scale_linear');
  const factor = method === 'none' ? 1 : said || 1;
  if (!divisors || divisors.every((each) => each === 1)) {
    const dynamic = own(OWN_KEYS.dynamic);
    if (factor !== 1) return { type: 'linear', factor };
    return dynamic === undefined ? undefined : { type: 'dynamic', factor: dynamic };
  }
  if (divisors.length !== rope.headDim / 2) {
    throw corruptFile(name, `its rope_freqs.weight has ${divisors.length} numbers for heads of ${rope.headDim}`);
  }
  const llama3 = factor === 1 ? knownLlama3(rope, divisors, own) : undefined;
  return llama3 ?? { type: 'divisors', divisors: Array.from(divisors, (each) => each * factor) };
}

/** Llama-3's parameters, where the file gives them, or Meta's, where the divisors are those that follow from them. */
function knownLlama3(
  rope: GgufRope,
  divisors: Float32Array,
  own: (key: string) => number | undefined,
): Llama3 | undefined {
  const scaling: Llama3 = {
    type: 'llama3',
    factor: own(OWN_KEYS.factor) ?? divisors.reduce((largest, each) => Math.max(largest, each), 1),
    lowFrequencyFactor: own(OWN_KEYS.low) ?? 1,
    highFrequencyFactor: own(OWN_KEYS.high) ?? 4,
    originalContextLength: rope.number('rope.scaling.original_context_length') ?? 8192,
  };
  const expected = llama3Divisors(scaling, rope);
  return divisors.every((each, i) => Math.abs(each / expected[i] - 1) < 1e-4) ? scaling : undefined;
}
