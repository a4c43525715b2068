// What a training run is told. Names and meanings are those of transformers' TrainingArguments, PEFT's LoraConfig and
// alpaca-lora's finetune.py, so that a config can be taken there and back.
import type { LinearMap } from '../core/adapter';

export type Schedule = 'constant' | 'constant_with_warmup' | 'linear' | 'cosine';

export interface TrainingConfig {
  readonly r: number;
  readonly lora_alpha: number;
  readonly lora_dropout: number;
  readonly target_modules: readonly LinearMap[];
  /** Indices of the layers that get an adapter; null is all. */
  readonly layers_to_transform: readonly number[] | null;
  readonly use_rslora: boolean;
  /** Learning rate of B over that of A (Hayou et al. 2024, arXiv:2402.12354); null is 1. */
  readonly loraplus_lr_ratio: number | null;

  readonly learning_rate: number;
  readonly lr_scheduler_type: Schedule;
  readonly warmup_steps: number;
  /** Used where `warmup_steps` is 0, as in transformers. */
  readonly warmup_ratio: number;
  readonly num_train_epochs: number;
  /** Above 0 it overrides the epochs, and the data repeats. */
  readonly max_steps: number;
  readonly per_device_train_batch_size: number;
  readonly gradient_accumulation_steps: number;
  readonly max_grad_norm: number;
  readonly weight_decay: number;
  readonly adam_beta1: number;
  readonly adam_beta2: number;
  readonly adam_epsilon: number;
  readonly seed: number;

  readonly cutoff_len: number;
  readonly packing: boolean;
  readonly group_by_length: boolean;
  readonly train_on_inputs: boolean;
  readonly add_eos_token: boolean;
  readonly prompt_template_name: string;

  /** Rows, or below 1 the share of rows, that are kept for validation; 0 is none. */
  readonly val_set_size: number;
  readonly eval_steps: number;
  /** The loss on them is taken before the first step as well, so that there is something to compare with. */
  readonly eval_on_start: boolean;
  readonly save_steps: number;
  readonly logging_steps: number;
  /** The best checkpoint by validation loss is what is kept at the end. */
  readonly load_best_model_at_end: boolean;
  /** Validations without improvement before training ends; 0 is never. */
  readonly early_stopping_patience: number;
  /** Recomputed in the backward pass: nothing (false), each layer (true), or runs of this many layers. */
  readonly gradient_checkpointing: boolean | number;
}

/**
 * Alpaca-LoRA's values (finetune.py of tloen/alpaca-lora and transformers' own where it names none): a batch of 128 as 4
 * rows accumulated 32 times, 100 steps of warmup and a linear decay. What it has no word for is off, but for `eval_on_start`.
 */
export const DEFAULT_CONFIG: TrainingConfig = {
  r: 8,
  lora_alpha: 16,
  lora_dropout: 0.05,
  target_modules: ['q_proj', 'v_proj'],
  layers_to_transform: null,
  use_rslora: false,
  loraplus_lr_ratio: null,

  learning_rate: 3e-4,
  lr_scheduler_type: 'linear',
  warmup_steps: 100,
  warmup_ratio: 0,
  num_train_epochs: 3,
  max_steps: 0,
  per_device_train_batch_size: 4,
  gradient_accumulation_steps: 32,
  max_grad_norm: 1,
  weight_decay: 0,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  seed: 42,

  cutoff_len: 256,
  packing: false,
  group_by_length: false,
  train_on_inputs: true,
  add_eos_token: false,
  prompt_template_name: 'alpaca',

  val_set_size: 2000,
  eval_steps: 200,
  eval_on_start: true,
  save_steps: 200,
  logging_steps: 10,
  load_best_model_at_end: true,
  early_stopping_patience: 0,
  gradient_checkpointing: true,
};
