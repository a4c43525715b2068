// What every adapter container becomes once read: pairs of low-rank matrices, by the linear map that they add to.

import type { ModelConfig } from './model-config';

/** The seven linear maps of a LLaMA block, by Hugging Face's names. */
export const LINEAR_MAPS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearMap = (typeof LINEAR_MAPS)[number];

/** The linear maps of a model's layers: a feed-forward without a gate has one less. */
export function linearMapsOf({ feedForward }: Pick<ModelConfig, 'feedForward'>): readonly LinearMap[] {
  return feedForward ? LINEAR_MAPS.filter((map) => map !== 'gate_proj') : LINEAR_MAPS;
}

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
  /** All layers where absent. */
  readonly layers_to_transform?: readonly number[];
  readonly rank_pattern?: Readonly<Record<string, number>>;
  readonly alpha_pattern?: Readonly<Record<string, number>>;
  readonly base_model_name_or_path: string;
}

/** y += scale · B · A · x for one linear map. */
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
}

/** A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) in memory. */
export interface Adapter {
  readonly name: string;
  readonly config: LoraConfig;
  readonly pairs: readonly LoraPair[];
}
