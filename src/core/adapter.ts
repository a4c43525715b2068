// Adapters in memory, whatever container they came in: pairs of low-rank matrices, by the linear map that they add to, and
// tensors that take the place of the base's.

import type { TokenizerSpec } from './checkpoint';
import type { ModelConfig } from './model-config';
import type { WeightTensor } from './weight-kinds';

/** The seven linear maps of a LLaMA block, by Hugging Face's names. */
export const LINEAR_MAPS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearMap = (typeof LINEAR_MAPS)[number];

/** The linear maps of a model's layers: a feed-forward without a gate has one less. */
export function linearMapsOf({ feedForward }: Pick<ModelConfig, 'feedForward'>): readonly LinearMap[] {
  return feedForward ? LINEAR_MAPS.filter((map) => map !== 'gate_proj') : LINEAR_MAPS;
}

/** The products of a layer, each with one input, and the linear maps that are stacked in it. */
export const PROJECTIONS = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  output: ['o_proj'],
  gateUp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
} as const satisfies Record<string, readonly LinearMap[]>;
export type Projection = keyof typeof PROJECTIONS;

/** Modules of Phi's that hold several maps above one another, by Hugging Face's names. */
export const PACKED_MODULES = { qkv_proj: PROJECTIONS.qkv, gate_up_proj: PROJECTIONS.gateUp } as const;

/** `lm_head` comes in adapters that were trained elsewhere; Pronk trains the seven maps. */
type AdaptedMap = LinearMap | 'lm_head';

/** PEFT's `adapter_config.json` as far as LoRA on LLaMA goes; the keys are PEFT's. */
export interface LoraConfig {
  readonly r: number;
  readonly lora_alpha: number;
  readonly lora_dropout: number;
  readonly target_modules: readonly string[];
  /** Scale is alpha / √r instead of alpha / r (Kalajdzievski 2023, arXiv:2312.03732). */
  readonly use_rslora: boolean;
  /** Absent: false. */
  readonly use_dora?: boolean;
  /** Whether B has a bias; absent: false. */
  readonly lora_bias?: boolean;
  /** Which biases of the base were trained; absent: none. */
  readonly bias?: 'all' | 'lora_only';
  /** Modules that the adapter holds whole, by the names that it was trained with. */
  readonly modules_to_save?: readonly string[];
  /** Whether a whole embedding is the head too, where it is in the base; absent: only where it has other tokens. */
  readonly ensure_weight_tying?: boolean;
  /** All layers where absent. */
  readonly layers_to_transform?: readonly number[];
  readonly rank_pattern?: Readonly<Record<string, number>>;
  readonly alpha_pattern?: Readonly<Record<string, number>>;
  readonly base_model_name_or_path: string;
}

/**
 * What one linear map gets: y += scale · B · A · x. With a magnitude m it is DoRA's (Liu et al. 2024, arXiv:2402.09353):
 * y = m / ‖W + scale · B · A‖ ⊙ (W + scale · B · A) · x, the norm being that of each row.
 */
export interface LoraPair {
  /** −1 for `lm_head`. */
  readonly layer: number;
  readonly map: AdaptedMap;
  readonly rank: number;
  readonly inputs: number;
  readonly outputs: number;
  /** alpha / r, or alpha / √r */
  readonly scale: number;
  /** [rank, inputs] row-major */
  readonly a: Float32Array<ArrayBuffer>;
  /** [outputs, rank] row-major; rows of q and k in *interleaved* pair order, as a checkpoint's are. */
  readonly b: Float32Array<ArrayBuffer>;
  /** DoRA's m, [outputs], in the order of B's rows. */
  readonly magnitude?: Float32Array<ArrayBuffer> | undefined;
  /** [outputs], in the order of B's rows: y += scale · bias (PEFT's `lora_bias`). */
  readonly bias?: Float32Array<ArrayBuffer> | undefined;
}

/** A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) in memory. */
export interface Adapter {
  readonly name: string;
  readonly config: LoraConfig;
  readonly pairs: readonly LoraPair[];
  /**
   * Tensors that take the place of the base's, by the base's names: PEFT's `modules_to_save`, and trained biases. An
   * embedding and a head may have another number of rows.
   */
  readonly whole?: readonly WeightTensor[];
  /** Where its vocabulary is another one than the base's. */
  readonly tokenizer?: TokenizerSpec;
}

/** A model's configuration with these tensors in the base's place: other tokens, a head of its own. */
export function configWith(config: ModelConfig, whole: readonly WeightTensor[] = []): ModelConfig {
  const found = (name: string) => whole.find((tensor) => tensor.name === name);
  const head = found('lm_head.weight');
  const embedding = found('model.embed_tokens.weight') ?? head;
  return {
    ...config,
    ...(embedding && { vocabSize: embedding.rows }),
    ...(head && { tieWordEmbeddings: false }),
  };
}
