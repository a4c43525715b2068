// How a model scales its rotary positions, in GGUF's metadata and tensors, as llama.cpp reads them.

import { type ModelConfig, type RopeScaling, rotaryDimOf } from '../../core/model-config';
import { corruptFile, unsupported } from '../../core/errors';
import { yarnMagnitude } from './rope-scaling';

type Llama3 = Extract<RopeScaling, { readonly type: 'llama3' }>;
type Rope = Pick<ModelConfig, 'headDim' | 'rotaryDim' | 'ropeTheta'>;

/** Tensors of divisors that a file may hold, by the name that `GgufRope` has for them. */
export const DIVISOR_TENSORS = {
  all: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
} as const;

/** Values of the tensors of divisors, where there are such. */
export type Divisors = Readonly<Partial<Record<keyof typeof DIVISOR_TENSORS, Float32Array>>>;

/** What Llama-3 scaling divides each pair's frequency by. */
export function llama3Divisors(scaling: Llama3, rope: Rope): Float64Array {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  const rotated = rotaryDimOf(rope);
  return Float64Array.from({ length: rotated / 2 }, (_, i) => {
    const turns = (originalContextLength * rope.ropeTheta ** ((-2 * i) / rotated)) / (2 * Math.PI);
    const smooth = high === low ? Number(turns >= high) : Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** What of a GGUF file is about rotary positions. */
export interface GgufRope extends Rope {
  /** A number below the architecture's prefix; undefined where there is none. */
  number(key: string): number | undefined;
  /** `rope.scaling.type` */
  readonly method: unknown;
  readonly contextLength: number;
  readonly divisors: Divisors;
  readonly name: string;
}

/** Keys of Pronk's own, below no architecture: what GGUF has no word for, and other readers pass over. */
export const OWN_KEYS = {
  dynamic: 'pronk.rope.dynamic_factor',
  factor: 'pronk.rope.llama3_factor',
  low: 'pronk.rope.llama3_low_freq_factor',
  high: 'pronk.rope.llama3_high_freq_factor',
} as const;

const METHODS: readonly unknown[] = ['none', 'linear', 'yarn', 'longrope'];

/**
 * llama.cpp counts a factor unless the method is `none`, whatever key it stands under, and divides by it beside the
 * divisors of the file's tensors.
 * @param own a number under one of `OWN_KEYS`
 * @throws PronkError `unsupported-architecture` for a method that Pronk does not compute; `corrupt-file`
 */
export function scalingFromGguf(rope: GgufRope, own: (key: string) => number | undefined): RopeScaling | undefined {
  const { number, method = 'linear', name } = rope;
  if (!METHODS.includes(method)) throw unsupported(name, `scales its rotary positions by ${String(method)}`);
  // zero stands for one
  const said = number('rope.scaling.factor') ?? number('rope.scale_linear');
  const factor = method === 'none' ? 1 : said || 1;
  const [all, short, long] = (['all', 'short', 'long'] as const).map((which) => dividing(rope, which));
  const attentionFactor = number('rope.scaling.attn_factor') ?? 1;
  if (method === 'yarn' && factor !== 1) {
    if (all || short || long) throw unsupported(name, 'scales its rotary positions by YaRN and by divisors of its own');
    return yarn(rope, factor);
  }
  const times = (list: Float32Array) => Array.from(list, (each) => each * factor);
  const originalContextLength = number('rope.scaling.original_context_length') ?? rope.contextLength;
  if (!all && (short || long)) {
    if (!short || !long) throw corruptFile(name, `it has no ${DIVISOR_TENSORS[short ? 'long' : 'short']}`);
    return { type: 'longrope', short: times(short), long: times(long), originalContextLength, attentionFactor };
  }
  if (attentionFactor !== 1) {
    const list = times(all ?? new Float32Array(rotaryDimOf(rope) / 2).fill(1));
    return { type: 'longrope', short: list, long: list, originalContextLength, attentionFactor };
  }
  if (!all || all.every((each) => each === 1)) {
    const dynamic = own(OWN_KEYS.dynamic);
    if (factor !== 1) return { type: 'linear', factor };
    return dynamic === undefined ? undefined : { type: 'dynamic', factor: dynamic };
  }
  const llama3 = factor === 1 ? knownLlama3(rope, all, own) : undefined;
  return llama3 ?? { type: 'divisors', divisors: times(all) };
}

/** The divisors of a tensor, one for each rotated pair. @throws PronkError `corrupt-file` */
function dividing(rope: GgufRope, which: keyof Divisors): Float32Array | undefined {
  const list = rope.divisors[which];
  const rotated = rotaryDimOf(rope);
  if (list && list.length !== rotated / 2) {
    const problem = `its ${DIVISOR_TENSORS[which]} has ${list.length} numbers for heads of ${rotated}`;
    throw corruptFile(rope.name, problem);
  }
  return list;
}

/** llama.cpp's attention factor: what the factor gives, over what `yarn_log_multiplier` gives, times `attn_factor`. */
function yarn({ number, contextLength, name }: GgufRope, factor: number): RopeScaling {
  if ((number('rope.scaling.yarn_ext_factor') ?? 1) !== 1) {
    throw unsupported(name, 'mixes frequencies of YaRN by a factor of its own (yarn_ext_factor)');
  }
  const multiplier = number('rope.scaling.yarn_log_multiplier') ?? 0;
  const over = multiplier === 0 ? 1 : yarnMagnitude(factor, multiplier);
  return {
    type: 'yarn',
    factor,
    originalContextLength: number('rope.scaling.original_context_length') ?? contextLength,
    betaFast: number('rope.scaling.yarn_beta_fast') ?? 32,
    betaSlow: number('rope.scaling.yarn_beta_slow') ?? 1,
    truncate: true,
    attentionFactor: (yarnMagnitude(factor) / over) * (number('rope.scaling.attn_factor') ?? 1),
  };
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
