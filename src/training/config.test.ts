// Configs as people write them: names of three projects, defaults, and a sentence for every mistake.
import { describe, expect, test } from 'vitest';
import { LINEAR_MAPS } from '../core/adapter';
import { checkConfig } from './check-config';
import { DEFAULT_CONFIG } from './config';
import { FIELD_NAMES } from './fields';
import { PRESETS } from './presets';
import { readConfig } from './read-config';
import { warmupSteps } from './schedules';

const failure = (value: unknown) => {
  try {
    readConfig(value);
    return 'no error';
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-config' });
    return (error as Error).message;
  }
};

test('what is not given takes the values of alpaca-lora’s finetune.py', () => {
  const { config, given, warnings } = readConfig({});
  expect(config).toEqual(DEFAULT_CONFIG);
  expect([given.size, warnings]).toEqual([0, []]);
  expect(config).toMatchObject({
    r: 8,
    lora_alpha: 16,
    lora_dropout: 0.05,
    target_modules: ['q_proj', 'v_proj'],
    learning_rate: 3e-4,
    num_train_epochs: 3,
    warmup_steps: 100,
    lr_scheduler_type: 'linear',
    cutoff_len: 256,
    val_set_size: 2000,
    train_on_inputs: true,
    add_eos_token: false,
    prompt_template_name: 'alpaca',
    packing: false,
    group_by_length: false,
    max_grad_norm: 1,
    seed: 42,
  });
  expect(config.per_device_train_batch_size * config.gradient_accumulation_steps).toBe(128);
});

test('alpaca-lora’s names', () => {
  const { config, warnings } = readConfig({
    batch_size: 12,
    micro_batch_size: 4,
    num_epochs: 2,
    lora_r: 4,
    lora_target_modules: ['k_proj'],
    base_model: 'x',
  });
  expect(config).toMatchObject({
    per_device_train_batch_size: 4,
    gradient_accumulation_steps: 3,
    num_train_epochs: 2,
    r: 4,
    target_modules: ['k_proj'],
  });
  expect(warnings).toEqual([expect.stringContaining('base_model')]);
  // the whole batch stays 128, as in `gradient_accumulation_steps = batch_size // micro_batch_size`
  expect(readConfig({ micro_batch_size: 8 }).config.gradient_accumulation_steps).toBe(16);
  expect(readConfig({ batch_size: 2 }).config).toMatchObject({
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 1,
  });
  const odd = readConfig({ batch_size: 10 });
  expect(odd.config.gradient_accumulation_steps).toBe(2);
  expect(odd.warnings[0]).toContain('8 rows');
});

test('transformers’ and PEFT’s ways of writing', () => {
  expect(readConfig({ target_modules: 'all-linear' }).config.target_modules).toEqual(LINEAR_MAPS);
  expect(readConfig({ target_modules: ['q_proj', 'q_proj'] }).config.target_modules).toEqual(['q_proj']);
  // Phi's packed modules are trained map by map
  const packed = readConfig({ lora_target_modules: ['qkv_proj', 'v_proj', 'gate_up_proj'] }).config.target_modules;
  expect(packed).toEqual(['q_proj', 'k_proj', 'v_proj', 'gate_proj', 'up_proj']);
  expect(readConfig({ max_steps: -1 }).config.max_steps).toBe(0);
  expect(readConfig({ layers_to_transform: 3 }).config.layers_to_transform).toEqual([3]);
  expect(readConfig({ bias: 'none', use_dora: false, rank_pattern: {} }).warnings).toEqual([]);
  // a share that is asked for counts, though the default has steps
  expect(readConfig({ warmup_ratio: 0.1 }).config.warmup_steps).toBe(0);
  expect(readConfig({ warmup_ratio: 0.1, warmup_steps: 5 }).config.warmup_steps).toBe(5);
  // transformers 5 has the share under the name of the steps
  const { config } = readConfig({ warmup_steps: 0.1 });
  expect(config).toMatchObject({ warmup_steps: 0, warmup_ratio: 0.1 });
  expect([609, 40, 5].map((total) => warmupSteps(config, total))).toEqual([61, 4, 1]);
  expect(warmupSteps(readConfig({ warmup_steps: 1 }).config, 609)).toBe(1);
});

test('AdamW under other names is computed as it is, and said', () => {
  const said = (optim: string) => readConfig({ optim }).warnings;
  for (const optim of ['paged_adamw_8bit', 'paged_adamw_32bit', 'adamw_bnb_8bit', 'adamw_8bit', 'adamw_torch_8bit']) {
    expect(said(optim), optim).toEqual([expect.stringContaining(`optim ${optim} is computed as AdamW`)]);
  }
  expect([said('adamw_torch'), said('adamw_torch_fused')]).toEqual([[], []]);
  for (const optim of ['galore_adamw', 'schedule_free_adamw', 'stable_adamw', 'paged_lion_8bit', 'adafactor']) {
    expect(failure({ optim }), optim).toContain('optim');
  }
});

test('what is not known is said', () => {
  expect(readConfig({ wandb_project: 'x', learning_rte: 1 }).warnings).toEqual([
    expect.stringContaining('wandb_project'),
    expect.stringContaining('learning_rte'),
  ]);
});

describe('mistakes are sentences that name the field', () => {
  test.each([
    ['r', 0],
    ['r', 2.5],
    ['lora_alpha', -1],
    ['lora_dropout', 1],
    ['target_modules', []],
    ['target_modules', ['q_proj', 'wq']],
    ['target_modules', 7],
    ['layers_to_transform', [-1]],
    ['use_rslora', 'yes'],
    ['loraplus_lr_ratio', -2],
    ['learning_rate', '3e-4'],
    ['learning_rate', 0],
    ['lr_scheduler_type', 'polynomial'],
    ['warmup_steps', 1.5],
    ['warmup_steps', -0.5],
    ['warmup_ratio', 1.5],
    ['num_train_epochs', 0],
    ['max_steps', -2],
    ['per_device_train_batch_size', 0],
    ['gradient_accumulation_steps', null],
    ['max_grad_norm', -1],
    ['adam_beta2', 1],
    ['adam_epsilon', 0],
    ['seed', -1],
    ['cutoff_len', 1],
    ['packing', 1],
    ['prompt_template_name', ''],
    ['val_set_size', 1.5],
    ['eval_steps', 0],
    ['early_stopping_patience', -1],
    ['gradient_checkpointing', 0],
    ['gradient_checkpointing', 1.5],
  ])('%s: %j', (field, value) => {
    const message = failure({ [field]: value });
    expect(message).toContain(field);
    expect(message).toMatch(/^[a-z].*\.$/);
  });

  test('lm_head is refused with the reason', () => {
    expect(failure({ target_modules: ['q_proj', 'lm_head'] })).toContain('share it with their embedding');
  });

  test('what Pronk does not do, and what is given twice', () => {
    expect(failure({ use_dora: 'yes' })).toContain('use_dora');
    for (const other of [{ optim: 'sgd' }, { init_lora_weights: 'pissa' }, { task_type: 'SEQ_CLS' }]) {
      expect(failure(other)).toContain(`${Object.keys(other)[0]} is not supported`);
    }
    const usual = { optim: 'adamw_torch', init_lora_weights: true, task_type: 'CAUSAL_LM', lr_scheduler_kwargs: {} };
    expect(readConfig(usual).warnings).toEqual([]);
    expect(failure({ seed: 2 ** 40 })).toBe('seed must be a whole number from 0 to 4294967295, not 1099511627776.');
    expect(failure({ r: 8, lora_r: 4 })).toContain('lora_r');
    expect(failure({ batch_size: 8, gradient_accumulation_steps: 2 })).toContain('batch_size');
    expect(failure({ batch_size: 2, micro_batch_size: 4 })).toContain('batch_size');
    expect(failure({ batch_size: 'all' })).toContain('batch_size');
    expect(failure([])).toContain('JSON object');
  });

  test('every field has a rule: a config whose field is missing is refused', () => {
    for (const field of FIELD_NAMES) {
      expect(() => checkConfig({ ...DEFAULT_CONFIG, [field]: undefined })).toThrow(field);
    }
  });
});

test('presets are configs, each with its source', () => {
  expect(PRESETS.map(({ name }) => name)).toEqual([
    'Alpaca-LoRA',
    'Alpaca-LoRA official run',
    'OpenAlpaca',
    'Stanford recipe as LoRA',
    'Small data',
  ]);
  for (const { config, source } of PRESETS) {
    checkConfig(config);
    expect(readConfig(config).config).toEqual(config);
    expect(source.length).toBeGreaterThan(20);
  }
  const batch = PRESETS.map(({ config }) => config.per_device_train_batch_size * config.gradient_accumulation_steps);
  expect(batch).toEqual([128, 128, 64, 128, 4]);
  const published = (id: string) => PRESETS.find((preset) => preset.id === id)!.config;
  expect(published('alpaca-lora-official')).toEqual({
    ...published('alpaca-lora'),
    num_train_epochs: 10,
    cutoff_len: 512,
    group_by_length: true,
    r: 16,
    target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
    per_device_train_batch_size: 8,
    gradient_accumulation_steps: 16,
  });
  // OpenAlpaca's DeepSpeed configuration and script of May 2023, whose prompts end with EOS and answers begin with BOS
  expect(published('openalpaca')).toMatchObject({
    lr_scheduler_type: 'linear',
    warmup_steps: 0,
    warmup_ratio: 0.1,
    num_train_epochs: 2,
    max_grad_norm: 1,
    weight_decay: 0.001,
    adam_beta1: 0.9,
    adam_beta2: 0.95,
    adam_epsilon: 1e-8,
    seed: 0,
    cutoff_len: 1024,
    train_on_inputs: false,
    prompt_template_name: 'openalpaca_eos_bos',
    val_set_size: 0,
  });
  // stanford_alpaca's command for 7B
  expect(published('stanford-lora')).toMatchObject({
    lr_scheduler_type: 'cosine',
    warmup_steps: 0,
    warmup_ratio: 0.03,
    num_train_epochs: 3,
    max_grad_norm: 1,
    weight_decay: 0,
    adam_beta2: 0.999,
    cutoff_len: 512,
    train_on_inputs: false,
    prompt_template_name: 'alpaca_legacy',
    val_set_size: 0,
    save_steps: 2000,
    logging_steps: 1,
  });
  for (const id of ['openalpaca', 'stanford-lora']) expect(published(id).learning_rate / 10).toBeCloseTo(2e-5, 12);
  // 7B: r 16 on q, k, v, o of 32 layers of width 4,096 is 16,777,216 numbers, as published
  const { r, target_modules } = PRESETS[1].config;
  expect(32 * target_modules.length * r * 2 * 4096).toBe(16_777_216);
});
