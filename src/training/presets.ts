// Recipes that others published, and one of ours, as configs. Where a recipe trained all weights, what is LoRA's own comes
// from us, and `source` says so.
import { LINEAR_MAPS } from '../core/adapter';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';

export interface Preset {
  readonly id: string;
  readonly name: string;
  /** Where its numbers are from, and what differs. */
  readonly source: string;
  readonly config: TrainingConfig;
}

/** Learning rates of LoRA are about ten times those that suit all weights (Schulman et al. 2025, LoRA Without Regret). */
const FULL_TO_LORA = 10;

export const PRESETS: readonly Preset[] = [
  {
    id: 'alpaca-lora',
    name: 'Alpaca-LoRA',
    source: 'Defaults of finetune.py in github.com/tloen/alpaca-lora.',
    config: DEFAULT_CONFIG,
  },
  {
    id: 'alpaca-lora-official',
    name: 'Alpaca-LoRA official run',
    source: 'The command by which tloen/alpaca-lora-7b of 26 March 2023 was trained, from alpaca-lora’s README.',
    config: {
      ...DEFAULT_CONFIG,
      num_train_epochs: 10,
      cutoff_len: 512,
      group_by_length: true,
      r: 16,
      target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
      per_device_train_batch_size: 8,
      gradient_accumulation_steps: 16,
    },
  },
  {
    id: 'openalpaca',
    name: 'OpenAlpaca',
    source:
      'The previews of May 2023: batch, optimizer, warmup, lengths and form of github.com/yxuansu/OpenAlpaca’s DeepSpeed run. It ' +
      'trained all weights at 2e-5: the LoRA on all seven target modules and a learning rate ten times as high are ours.',
    config: {
      ...DEFAULT_CONFIG,
      r: 16,
      lora_alpha: 32,
      lora_dropout: 0,
      target_modules: LINEAR_MAPS,
      learning_rate: FULL_TO_LORA * 2e-5,
      warmup_steps: 0,
      warmup_ratio: 0.1,
      num_train_epochs: 2,
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 64,
      adam_beta2: 0.95,
      weight_decay: 0.001,
      seed: 0,
      cutoff_len: 1024,
      train_on_inputs: false,
      add_eos_token: true,
      prompt_template_name: 'openalpaca_eos_bos',
      val_set_size: 0,
    },
  },
  {
    id: 'stanford-lora',
    name: 'Stanford recipe as LoRA',
    source:
      'The training command of github.com/tatsu-lab/stanford_alpaca (7B). It trained all weights at 2e-5: the LoRA on all seven ' +
      'target modules and a learning rate ten times as high are ours.',
    config: {
      ...DEFAULT_CONFIG,
      r: 16,
      lora_alpha: 32,
      lora_dropout: 0,
      target_modules: LINEAR_MAPS,
      learning_rate: FULL_TO_LORA * 2e-5,
      lr_scheduler_type: 'cosine',
      warmup_steps: 0,
      warmup_ratio: 0.03,
      num_train_epochs: 3,
      cutoff_len: 512,
      train_on_inputs: false,
      add_eos_token: true,
      prompt_template_name: 'alpaca_legacy',
      val_set_size: 0,
      save_steps: 2000,
      logging_steps: 1,
    },
  },
  {
    id: 'small-data',
    name: 'Small data',
    source:
      'Ours, for tens to hundreds of rows: small batches so that there are steps enough, all seven target modules, the answer alone in the ' +
      'loss with its end, a tenth of the rows to see when it begins to overfit.',
    config: {
      ...DEFAULT_CONFIG,
      r: 8,
      lora_alpha: 16,
      lora_dropout: 0,
      target_modules: LINEAR_MAPS,
      learning_rate: 2e-4,
      lr_scheduler_type: 'cosine',
      warmup_steps: 0,
      warmup_ratio: 0.05,
      num_train_epochs: 5,
      per_device_train_batch_size: 4,
      gradient_accumulation_steps: 1,
      cutoff_len: 512,
      train_on_inputs: false,
      add_eos_token: true,
      val_set_size: 0.1,
      eval_steps: 10,
      save_steps: 50,
      logging_steps: 1,
      early_stopping_patience: 5,
    },
  },
];
