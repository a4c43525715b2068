// Learning rates by step as transformers computes them (optimization.py): the first step gets what the schedule says of 0.
import type { Schedule, TrainingConfig } from './config';

/** What the peak is multiplied by at a step, counted from 0. */
export function scheduleFactor(schedule: Schedule, step: number, warmup: number, total: number): number {
  if (schedule === 'constant') return 1;
  if (step < warmup) return step / Math.max(1, warmup);
  const rest = Math.max(1, total - warmup);
  switch (schedule) {
    case 'constant_with_warmup':
      return 1;
    case 'linear':
      return Math.max(0, (total - step) / rest);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / rest)));
  }
}

/** `warmup_steps` where it is given, else the share of all steps, rounded up. A constant schedule has none. */
export function warmupSteps(
  config: Pick<TrainingConfig, 'lr_scheduler_type' | 'warmup_steps' | 'warmup_ratio'>,
  total: number,
): number {
  if (config.lr_scheduler_type === 'constant') return 0;
  return config.warmup_steps > 0 ? config.warmup_steps : Math.ceil(total * config.warmup_ratio);
}

/** The learning rate of a step, counted from 0, of `total`. */
export function learningRate(config: TrainingConfig, step: number, total: number): number {
  const { lr_scheduler_type, learning_rate } = config;
  return learning_rate * scheduleFactor(lr_scheduler_type, step, warmupSteps(config, total), total);
}

/** Update steps of a run: `max_steps`, or the epochs' (a part of one is rounded up, as in transformers). */
export function totalSteps(config: Pick<TrainingConfig, 'max_steps' | 'num_train_epochs'>, perEpoch: number): number {
  return config.max_steps > 0 ? config.max_steps : Math.ceil(config.num_train_epochs * perEpoch);
}
