// What sets a model family apart from LLaMA, as far as files say it.

import type { Architecture, ModelConfig } from '../../core/model-config';
import type { Tensor } from '../../core/checkpoint';
import type { JsonObject } from '../../core/json';

export interface Family {
  readonly architecture: Architecture;
  /** For messages. */
  readonly title: string;
  /** config.json: `model_type`, or what `architectures` are called, in lower case. */
  readonly modelType: string;
  readonly className: string;
  /** `general.architecture` of its GGUF files, and whether q and k come in half-split order there. */
  readonly gguf?: { readonly architecture: string; readonly halfSplit: boolean };
  /** The family's own reading of what config.json says of rotary positions. */
  rope?(rope: JsonObject, json: JsonObject): JsonObject;
  /** Whether heads may rotate in a part of theirs alone (`partial_rotary_factor`). */
  readonly rotatesPart?: true;
  /** Whether queries grow with their position (`llama_4_scaling_beta`). */
  readonly scalesQueries?: true;
  /** config.json: which layers see how much. `name` is for messages. */
  window?(json: JsonObject, name: string): Window;
  /**
   * Projections (`self_attn.q_proj`) that have a bias in every layer; `json` is undefined for GGUF. transformers gives the
   * others none, whatever the files hold.
   */
  biased?(json: JsonObject | undefined): readonly string[];
  /** Hugging Face's name, as LLaMA spells it, of a tensor that the family calls otherwise. */
  rename?(name: string): string | undefined;
  /** Whether q, k and v are one matrix in the family's files, and gate and up another (`checkpoint/packed.ts`). */
  readonly packs?: true;
  /** The tensors that one of the family's holds packed together, q and k in the file's order. */
  unpack?(tensor: Tensor, config: ModelConfig): readonly Tensor[] | undefined;
}

/** The keys of a configuration that say how far back a token sees; empty where that is everything. */
export type Window = Partial<Pick<ModelConfig, 'slidingWindow' | 'windowLayers'>>;

export const QKV = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] as const;
export const OUT = ['self_attn.o_proj'] as const;
export const MLP = ['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'] as const;
