// What sets a model family apart from LLaMA, as far as files say it.

import type { Architecture, ModelConfig } from '../../core/model-config';
import type { Tensor } from '../../core/checkpoint';
import type { JsonObject } from '../../core/json';

export interface Family {
  readonly architecture: Architecture;
  /** In a few letters, for plans. */
  readonly name: string;
  /** With what belongs to it, for messages and lists. */
  readonly title: string;
  /** config.json: `model_type`, and what `architectures` are called, whose case is not looked at. */
  readonly modelType: string;
  readonly className: string;
  /** Whether transformers has the class by itself, so that a folder is written under it; false for code of a publisher's. */
  readonly inTransformers: boolean;
  /** `general.architecture` of its GGUF files, and whether q and k come in half-split order there. */
  readonly gguf?: {
    readonly architecture: string;
    readonly halfSplit: boolean;
    /** Set where they have no tensor for divisors of rotary frequencies. */
    readonly noDivisors?: true;
  };
  /** What else `model_type` and `architectures` may say, in lower case. */
  readonly others?: readonly string[];
  /** Folders have gains less one, GGUF files as they multiply. */
  readonly gainsLessOne?: true;
  /** Every so many layers one has no window, where GGUF's metadata says nothing else. */
  readonly windowPeriod?: number;
  /**
   * config.json in LLaMA's keys, with the family's defaults. `name` is for messages.
   * @throws PronkError `unsupported-architecture` for what Pronk does not compute
   */
  plain?(json: JsonObject, name: string): JsonObject;
  /** Fields of the configuration that LLaMA has not, from the plain config.json. `name` is for messages. */
  more?(json: JsonObject, numLayers: number, name: string): Partial<ModelConfig>;
  /** Fields of the configuration that LLaMA has not, from GGUF's metadata. */
  moreInGguf?(number: GgufNumber, sizes: GgufSizes, name: string): Partial<ModelConfig>;
  /** A sentence on what a config.json describes and Pronk leaves out. */
  note?(json: JsonObject): string | undefined;
  /** The family's own reading of what config.json says of rotary positions. */
  rope?(rope: JsonObject, json: JsonObject): JsonObject;
  /** Whether heads may rotate in a part of theirs alone (`partial_rotary_factor`). */
  readonly rotatesPart?: true;
  /** Whether queries grow with their position (`llama_4_scaling_beta`). */
  readonly scalesQueries?: true;
  /** What transformers takes where config.json is silent, if it is not what it takes for LLaMA. */
  readonly defaults?: Partial<Pick<ModelConfig, 'headDim' | 'ropeTheta'>>;
  /** config.json: which layers see how much. `name` is for messages. */
  window?(json: JsonObject, name: string): Window;
  /** Keys of config.json that ask for biases, where it has any. */
  readonly biasFlags?: readonly BiasFlag[];
  /**
   * Projections (`self_attn.q_proj`) that have a bias in every layer, where no key asks for them; `json` is undefined for
   * GGUF. transformers gives the others none, whatever the files hold.
   */
  biased?(json: JsonObject | undefined): readonly string[];
  /**
   * What config.json says beside LLaMA's keys.
   * @throws PronkError `unsupported-format` for what it has no key for
   */
  toJson?(config: ModelConfig): JsonObject;
  /** A sentence on why GGUF files of the family cannot hold a model; undefined where they can. */
  notInGguf?(config: ModelConfig): string | undefined;
  /** Hugging Face's name, as LLaMA spells it, of a tensor that the family calls otherwise. */
  rename?(name: string): string | undefined;
  /** The reverse of `rename`, of names that begin with a module's. */
  ownName?(name: string): string;
  /** Whether q, k and v are one matrix in the family's files, and gate and up another (`checkpoint/packed.ts`). */
  readonly packs?: true;
  /** The tensors that one of the family's holds packed together, q and k in the file's order. */
  unpack?(tensor: Tensor, config: ModelConfig): readonly Tensor[] | undefined;
}

/** What a GGUF file says of a model's sizes. */
type GgufSizes = {
  readonly [K in 'hiddenSize' | 'numHeads' | 'numLayers' | 'headDim' | 'slidingWindow']?: number | undefined;
};

/** A number below the architecture's prefix; undefined where there is none. */
type GgufNumber = (key: string) => number | undefined;

/** The keys of a configuration that say how far back a token sees; empty where that is everything. */
export type Window = Partial<Pick<ModelConfig, 'slidingWindow' | 'windowLayers'>>;

/** The window of the layers that have one. */
export function windowed(
  slidingWindow: number | undefined,
  numLayers: number,
  has: (layer: number) => boolean,
): Window {
  const windowLayers = Array.from({ length: numLayers }, (_, layer) => layer).filter(has);
  if (slidingWindow === undefined || windowLayers.length === 0) return {};
  return { slidingWindow, ...(windowLayers.length < numLayers && { windowLayers }) };
}
/** Keys of config.json that ask for biases, with the projections that have them then. */
export type BiasFlag = keyof typeof BIAS_FLAGS;

export const QKV = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] as const;
export const OUT = ['self_attn.o_proj'] as const;
const MLP = ['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'] as const;
export const BIAS_FLAGS = { attention_bias: [...QKV, ...OUT], mlp_bias: MLP } as const;

/** Projections of a family's model that have a bias in every layer. */
export function biasedOf(family: Family, json: JsonObject | undefined): readonly string[] {
  const flagged = (family.biasFlags ?? []).filter((flag) => json?.[flag] === true);
  return [...flagged.flatMap((flag): readonly string[] => BIAS_FLAGS[flag]), ...(family.biased?.(json) ?? [])];
}
