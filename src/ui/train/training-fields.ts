// The settings of a run as a person reads them: plain groups, a few words about each, the finer ones apart.
import type { TrainingConfig } from '../../worker/training-api';

/** Settings that are shown by something of their own: the maps, the layers, the template. */
type Special = 'target_modules' | 'layers_to_transform' | 'prompt_template_name' | 'gradient_checkpointing';
type Key = Exclude<keyof TrainingConfig, Special>;

export interface TrainingField {
  readonly key: Key;
  readonly label: string;
  readonly explanation: string;
  readonly kind: 'number' | 'switch' | 'schedule';
  readonly min?: number;
  readonly max?: number;
  /** `any` where a number need not be a multiple of something. */
  readonly step?: number | 'any';
  /** Shown only when asked for. */
  readonly fine?: boolean;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly TrainingField[];
}

const whole = (min: number, max: number) => ({ kind: 'number', min, max, step: 1 }) as const;
const real = (min: number, max: number) => ({ kind: 'number', min, max, step: 'any' }) as const;

export const fieldGroups: readonly FieldGroup[] = [
  {
    title: 'How long',
    fields: [
      {
        key: 'num_train_epochs',
        label: 'Epochs',
        explanation: 'How often every row is read. Few rows want many passes, thousands want two or three.',
        ...real(0.1, 1000),
      },
      {
        key: 'learning_rate',
        label: 'Learning rate',
        explanation:
          'How far each step goes. 1e-4 to 3e-4 suits models of a billion parameters and more; tiny ones bear 1e-3. When the loss jumps up or becomes no number, it is too high.',
        ...real(0, 1),
      },
      {
        key: 'lr_scheduler_type',
        label: 'Schedule',
        explanation:
          'How the learning rate changes: it rises over the warmup, then stays, or falls to nothing in a line or in half a cosine.',
        kind: 'schedule',
      },
      {
        key: 'warmup_ratio',
        label: 'Warmup, as a share',
        explanation:
          'The share of the steps in which the learning rate rises from nothing. Counts where warmup steps are 0.',
        ...real(0, 1),
        fine: true,
      },
      {
        key: 'warmup_steps',
        label: 'Warmup steps',
        explanation: 'Steps in which the learning rate rises from nothing. Must be far fewer than all steps.',
        ...whole(0, 100_000),
        fine: true,
      },
      {
        key: 'max_steps',
        label: 'Steps at most',
        explanation: 'Above 0 it takes the place of the epochs, and the data repeats as often as needed.',
        ...whole(0, 1_000_000),
        fine: true,
      },
      {
        key: 'early_stopping_patience',
        label: 'Patience',
        explanation: 'Training ends after this many validations without a better one. 0 never ends it early.',
        ...whole(0, 1000),
        fine: true,
      },
    ],
  },
  {
    title: 'How much at once',
    fields: [
      {
        key: 'per_device_train_batch_size',
        label: 'Rows at once',
        explanation: 'Rows that are on the GPU together. More is quicker and needs more memory.',
        ...whole(1, 1024),
      },
      {
        key: 'gradient_accumulation_steps',
        label: 'Accumulation',
        explanation:
          'So many groups of rows are added up before the weights move: a large batch in little memory. With few rows, keep it small, or hardly a step is taken.',
        ...whole(1, 4096),
      },
      {
        key: 'cutoff_len',
        label: 'Cutoff',
        explanation:
          'Tokens of a row at most; what is longer loses its end, and with it the sign to stop. Memory grows with it.',
        ...whole(8, 32_768),
      },
      {
        key: 'packing',
        label: 'Pack short rows together',
        explanation: 'Several short rows share one sequence without seeing each other, so that no room is wasted.',
        kind: 'switch',
        fine: true,
      },
      {
        key: 'group_by_length',
        label: 'Group by length',
        explanation: 'Rows of like length come together, which wastes less. The loss looks rougher for it.',
        kind: 'switch',
        fine: true,
      },
    ],
  },
  {
    title: 'What is trained',
    fields: [
      {
        key: 'r',
        label: 'LoRA rank',
        explanation: 'Width of the two thin matrices beside each map. 8 or 16 is plenty for small data.',
        ...whole(1, 256),
      },
      {
        key: 'lora_alpha',
        label: 'LoRA alpha',
        explanation:
          'Alpha over rank scales what the adapter adds. Twice the rank is usual; change both together, or the learning rate means something else.',
        ...real(0.1, 1024),
      },
      {
        key: 'lora_dropout',
        label: 'LoRA dropout',
        explanation: 'The share of inputs that the adapter does not see in a step, against learning by heart.',
        ...real(0, 0.9),
        fine: true,
      },
      {
        key: 'use_rslora',
        label: 'Scale by the root of the rank',
        explanation: 'rsLoRA: alpha over √rank in place of alpha over rank, for ranks above 32.',
        kind: 'switch',
        fine: true,
      },
      {
        key: 'loraplus_lr_ratio',
        label: 'LoRA+ ratio',
        explanation:
          'The second matrix learns this many times faster than the first. Empty is 1; 16 is usual for LoRA+.',
        ...real(1, 64),
        fine: true,
      },
    ],
  },
  {
    title: 'What counts',
    fields: [
      {
        key: 'train_on_inputs',
        label: 'Learn the questions too',
        explanation:
          'With it the prompt is in the loss as well, without it the answer alone. The preview of a row shows which tokens those are.',
        kind: 'switch',
      },
      {
        key: 'add_eos_token',
        label: 'add_eos_token',
        explanation:
          'Kept for settings that come from elsewhere or go there. As in alpaca-lora’s script it changes nothing: whatever it says, every answer that is read to its end teaches to stop.',
        kind: 'switch',
        fine: true,
      },
    ],
  },
  {
    title: 'Keeping watch',
    fields: [
      {
        key: 'val_set_size',
        label: 'Validation rows',
        explanation:
          'Rows that are kept aside and never trained on, as a number or, below 1, as a share. When their loss rises while the other falls, it is learning by heart. It is the mean over their learnt tokens; transformers’ Trainer takes the mean over batches, which can be a little different.',
        ...real(0, 100_000),
      },
      {
        key: 'eval_steps',
        label: 'Validate every … steps',
        explanation: 'How often the rows that were kept aside are looked at.',
        ...whole(1, 100_000),
        fine: true,
      },
      {
        key: 'eval_on_start',
        label: 'Validate before the first step',
        explanation: 'What the loss is before anything is learnt, so that there is something to compare with.',
        kind: 'switch',
        fine: true,
      },
      {
        key: 'load_best_model_at_end',
        label: 'Keep the best, not the last',
        explanation: 'At the end the adapter with the lowest validation loss is kept.',
        kind: 'switch',
        fine: true,
      },
      {
        key: 'save_steps',
        label: 'Checkpoint every … steps',
        explanation: 'Beside this, a checkpoint is made on Pause, when the page is hidden, and now and then.',
        ...whole(1, 100_000),
        fine: true,
      },
      {
        key: 'logging_steps',
        label: 'Log every … steps',
        explanation: 'What the exported trainer_state.json holds; the charts here show every step.',
        ...whole(1, 10_000),
        fine: true,
      },
    ],
  },
  {
    title: 'Optimizer',
    fields: [
      {
        key: 'max_grad_norm',
        label: 'Clip the gradient at',
        explanation: 'A gradient longer than this is shortened to it, so that one odd row does no harm. 0 never clips.',
        ...real(0, 1000),
        fine: true,
      },
      {
        key: 'weight_decay',
        label: 'Weight decay',
        explanation: 'How strongly weights are drawn to nothing in each step.',
        ...real(0, 1),
        fine: true,
      },
      {
        key: 'adam_beta1',
        label: 'Adam β₁',
        explanation: 'How long the mean of the gradients remembers.',
        ...real(0, 0.9999),
        fine: true,
      },
      {
        key: 'adam_beta2',
        label: 'Adam β₂',
        explanation: 'How long the mean of their squares remembers.',
        ...real(0, 0.99999),
        fine: true,
      },
      {
        key: 'adam_epsilon',
        label: 'Adam ε',
        explanation: 'Keeps the division from exploding where gradients are tiny.',
        ...real(0, 1),
        fine: true,
      },
      {
        key: 'seed',
        label: 'Seed',
        explanation: 'Where the dice start: first weights, order of the rows, dropout. One seed, one run.',
        ...whole(0, 2 ** 31 - 1),
        fine: true,
      },
    ],
  },
];

/** The groups with their plain fields, or with their fine ones; groups that have none are left out. */
export const groupsOf = (fine: boolean): readonly FieldGroup[] =>
  fieldGroups
    .map(({ title, fields }) => ({ title, fields: fields.filter((field) => (field.fine ?? false) === fine) }))
    .filter(({ fields }) => fields.length > 0);
