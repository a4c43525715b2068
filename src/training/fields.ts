// The table of training settings. Defaults, checks, the reading of configs, the form, the command line's help, the docs' table and
// the TRL export follow from it: to add a setting, add it here and heed it in the loop. Names and meanings are those of
// transformers' TrainingArguments, PEFT's LoraConfig and alpaca-lora's finetune.py, so that a config can be taken there and back.
//
// Defaults are alpaca-lora's (finetune.py of tloen/alpaca-lora, and transformers' own where it names none): a batch of 128 as 4 rows
// accumulated 32 times, 100 steps of warmup and a linear decay. What alpaca-lora has no word for is off, but for `eval_on_start`.
//
// A bound is there to catch a slip of the finger, or because something breaks beyond it. It is never narrower than what others'
// configs hold: what a run costs in memory and time is the plan's business, which says what fits.
import {
  checkpointing,
  choice,
  type Field,
  flag,
  inGroup,
  layers,
  modules,
  orNull,
  real,
  rowsOrShare,
  template,
  whole,
} from './field';

export const FIELDS = {
  ...inGroup('How long', {
    num_train_epochs: real({
      default: 3,
      above: 0,
      max: 1_000_000,
      label: 'Epochs',
      hint: 'How often every row is read. Few rows want many passes, thousands want two or three.',
      aliases: ['num_epochs'],
      resumable: true,
      trl: 'computed',
    }),
    learning_rate: real({
      default: 3e-4,
      above: 0,
      // AdamW moves a weight by about this much in a step, and a LoRA's weights are far smaller than 1
      max: 1,
      label: 'Learning rate',
      hint: 'How far each step goes. 1e-4 to 3e-4 suits models of a billion parameters and more; tiny ones bear 1e-3. When the loss jumps up or is no number any more, it is too high.',
      trl: 'argument',
    }),
    lr_scheduler_type: choice({
      default: 'linear',
      choices: [
        { value: 'linear', label: 'linear' },
        { value: 'cosine', label: 'cosine' },
        { value: 'constant', label: 'constant' },
        { value: 'constant_with_warmup', label: 'constant with warmup' },
      ],
      label: 'Schedule',
      hint: 'How the learning rate changes after the warmup: it stays constant, or decays to 0 linearly or along half a cosine. Plain constant has no warmup.',
      trl: 'argument',
    }),
    warmup_ratio: real({
      default: 0,
      min: 0,
      max: 1,
      label: 'Warmup, as a share',
      hint: 'The share of the steps in which the learning rate rises from 0. It counts where warmup_steps is 0.',
      advanced: true,
      trl: 'computed',
    }),
    warmup_steps: whole({
      default: 100,
      min: 0,
      label: 'Warmup steps',
      hint: 'Steps in which the learning rate rises from 0. They should be far fewer than all steps.',
      advanced: true,
      trl: 'computed',
    }),
    max_steps: whole({
      default: 0,
      min: 0,
      // an export for TRL lists the rows of every step
      max: 10_000_000,
      label: 'Steps at most',
      hint: 'Above 0 it takes the place of the epochs, and the data repeats as often as needed.',
      advanced: true,
      fromConfig: (value) => (value === -1 ? 0 : value),
      resumable: true,
      trl: 'computed',
    }),
    early_stopping_patience: whole({
      default: 0,
      min: 0,
      label: 'Patience',
      hint: 'Training ends after this many validations without a better one. 0 never ends it early.',
      advanced: true,
      resumable: true,
      trl: 'none',
    }),
  }),
  ...inGroup('How much at once', {
    per_device_train_batch_size: whole({
      default: 4,
      min: 1,
      // the page used to refuse more than 1,024; rows of a few tokens fit by the thousand, and the plan says what fits
      max: 65_536,
      label: 'Rows at once',
      hint: 'Rows that are on the GPU together. More is quicker and needs more memory.',
      aliases: ['micro_batch_size'],
      trl: 'argument',
    }),
    gradient_accumulation_steps: whole({
      default: 32,
      min: 1,
      label: 'Accumulation',
      hint: 'Groups of rows that are added up before the weights change: a large batch in little memory. With few rows, keep it small, or there will be hardly any steps.',
      trl: 'rows',
    }),
    cutoff_len: whole({
      default: 256,
      // one token to read and one to predict
      min: 2,
      label: 'Cutoff',
      hint: 'Tokens of a row at most. A longer row loses its end, and with it the token that teaches to stop. Memory grows with it.',
      aliases: ['max_length', 'max_seq_length'],
      trl: 'rows',
    }),
    gradient_checkpointing: checkpointing({
      default: true,
      choices: [
        { value: false, label: 'off' },
        { value: true, label: 'each layer' },
        { value: 2, label: 'every 2 layers' },
        { value: 4, label: 'every 4 layers' },
      ],
      label: 'Gradient checkpointing',
      hint: 'What is not kept in the forward pass is computed again in the backward pass. It takes far less memory and about half as much time again; the result is the same to the bit.',
      resumable: true,
      trl: 'computed',
    }),
    packing: flag({
      default: false,
      label: 'Pack short rows together',
      hint: 'Several short rows share one sequence without seeing each other, so that no room is wasted.',
      advanced: true,
      trl: 'rows',
    }),
    group_by_length: flag({
      default: false,
      label: 'Group by length',
      hint: 'Rows of similar length come together, which wastes less. The loss looks rougher for it.',
      advanced: true,
      trl: 'rows',
    }),
  }),
  ...inGroup('What is trained', {
    r: whole({
      default: 8,
      min: 1,
      // the page used to refuse more than 256, and configs with 512 are about; at 1,024 an adapter of a 4,096 × 4,096 matrix is half
      // as large as the matrix, and low in rank no more
      max: 1024,
      label: 'LoRA rank',
      hint: 'Width of the two thin matrices beside each target module. 8 or 16 is plenty for small data.',
      aliases: ['lora_r'],
      trl: 'adapter',
    }),
    lora_alpha: real({
      default: 16,
      above: 0,
      max: 65_536,
      label: 'LoRA alpha',
      hint: 'Alpha over rank scales what the adapter adds. Twice the rank is usual; change both together, or the learning rate means something else.',
      trl: 'adapter',
    }),
    target_modules: modules({
      default: ['q_proj', 'v_proj'],
      label: 'Target modules',
      hint: 'The linear maps of each layer that get an adapter. all-linear is all seven. lm_head is refused: many models share it with their embedding.',
      aliases: ['lora_target_modules'],
      trl: 'adapter',
    }),
    lora_dropout: real({
      default: 0.05,
      min: 0,
      below: 1,
      label: 'LoRA dropout',
      hint: 'The share of inputs that the adapter does not see in a step, against overfitting.',
      advanced: true,
      trl: 'adapter',
    }),
    use_rslora: flag({
      default: false,
      label: 'Scale by the root of the rank',
      hint: 'rsLoRA: alpha over √rank in place of alpha over rank, for ranks above 32.',
      advanced: true,
      trl: 'adapter',
    }),
    use_dora: flag({
      default: false,
      label: 'DoRA',
      hint: 'DoRA (Liu et al. 2024): each row of the adapted weights gets a length of its own, which is trained too. It learns more like full fine-tuning, and takes about a third more time. llama.cpp has no such adapters: merge it there.',
      advanced: true,
      trl: 'adapter',
      fromConfig: (value) => value ?? false,
    }),
    loraplus_lr_ratio: orNull(real, {
      above: 0,
      max: 1024,
      label: 'LoRA+ ratio',
      hint: 'LoRA+ (Hayou et al. 2024): the second matrix learns this many times faster than the first. Empty or null is 1; 16 is usual for LoRA+.',
      advanced: true,
      trl: 'script',
      fromConfig: (value) => (value === 0 ? null : value),
    }),
    layers_to_transform: orNull(layers, {
      label: 'Layers',
      hint: 'Layers that get an adapter, counted from 0; in the form as 4-7 or 0, 3, 6. Empty or null means all layers. Layers below the lowest one cost nothing in the backward pass.',
      advanced: true,
      trl: 'adapter',
    }),
  }),
  ...inGroup('What counts', {
    train_on_inputs: flag({
      default: true,
      label: 'Learn the questions too',
      hint: 'With it the prompt is in the loss as well, without it the answer alone. The preview of a row shows which tokens those are.',
      trl: 'rows',
    }),
    prompt_template_name: template({
      default: 'alpaca',
      label: 'Template',
      hint: 'The text around instruction and input. Add your own in Instruct, or from a file in alpaca-lora’s format. Chat uses alpaca_short for the bundled model; use the same template for training and for chat.',
      trl: 'rows',
    }),
    add_eos_token: flag({
      default: false,
      label: 'add_eos_token',
      hint: 'Kept for settings that come from elsewhere or go there. As in alpaca-lora’s script it changes nothing: whatever it says, every answer that is read to its end teaches to stop.',
      advanced: true,
      trl: 'rows',
    }),
  }),
  ...inGroup('Keeping watch', {
    val_set_size: rowsOrShare({
      default: 2000,
      label: 'Validation rows',
      hint: 'Rows that are kept aside and never trained on, as a number or, below 1, as a share. When their loss rises while the other falls, the model is overfitting. Their loss is the mean over the labelled tokens; transformers’ Trainer takes the mean over batches, which can be a little different.',
      trl: 'rows',
    }),
    eval_steps: whole({
      default: 200,
      min: 1,
      label: 'Validate every … steps',
      hint: 'How often the loss on the rows that were kept aside is taken.',
      advanced: true,
      resumable: true,
      trl: 'computed',
    }),
    eval_on_start: flag({
      default: true,
      label: 'Validate before the first step',
      hint: 'What the loss is before anything is learnt, so that there is something to compare with.',
      advanced: true,
      resumable: true,
      trl: 'computed',
    }),
    load_best_model_at_end: flag({
      default: true,
      label: 'Keep the best, not the last',
      hint: 'At the end the adapter with the lowest validation loss is kept.',
      advanced: true,
      resumable: true,
      trl: 'computed',
    }),
    save_steps: whole({
      default: 200,
      // 0 is no slip: the page used to refuse it, and checkpoints by time alone are enough for most runs
      min: 0,
      label: 'Checkpoint every … steps',
      hint: 'Beside this, a checkpoint is made on Pause, when the page is hidden, and as often as a twentieth of the time allows. 0 leaves it to those.',
      advanced: true,
      resumable: true,
      trl: 'computed',
    }),
    logging_steps: whole({
      default: 10,
      min: 1,
      label: 'Log every … steps',
      hint: 'Kept for settings that come from elsewhere or go there: Pronk writes down and shows every step.',
      advanced: true,
      resumable: true,
      trl: 'none',
    }),
  }),
  ...inGroup('Optimizer', {
    max_grad_norm: real({
      default: 1,
      min: 0,
      max: 1e9,
      label: 'Clip the gradient at',
      hint: 'A gradient whose norm is larger than this is scaled down to it, so that one odd row does no harm. 0 never clips.',
      advanced: true,
      trl: 'argument',
    }),
    weight_decay: real({
      default: 0,
      min: 0,
      max: 100,
      label: 'Weight decay',
      hint: 'How strongly each step pulls the weights towards 0.',
      advanced: true,
      trl: 'argument',
    }),
    adam_beta1: real({
      default: 0.9,
      min: 0,
      below: 1,
      label: 'Adam β₁',
      hint: 'How slowly the running mean of the gradients changes.',
      advanced: true,
      trl: 'argument',
    }),
    adam_beta2: real({
      default: 0.999,
      min: 0,
      below: 1,
      label: 'Adam β₂',
      hint: 'How slowly the running mean of their squares changes.',
      advanced: true,
      trl: 'argument',
    }),
    adam_epsilon: real({
      default: 1e-8,
      above: 0,
      max: 1,
      label: 'Adam ε',
      hint: 'Keeps the division finite where gradients are tiny.',
      advanced: true,
      trl: 'argument',
    }),
    seed: whole({
      default: 42,
      min: 0,
      // 32 bits, as the generators of dropout and of the rows' order take, and NumPy's, which transformers seeds; the page used to
      // take 31
      max: 2 ** 32 - 1,
      label: 'Seed',
      hint: 'The first weights, the order of the rows and the dropout masks follow from it: one seed, one run.',
      advanced: true,
      trl: 'argument',
    }),
  }),
} satisfies Readonly<Record<string, Field<unknown>>>;

export type FieldName = keyof typeof FIELDS;

/** Every setting's name, in the table's order. */
export const FIELD_NAMES = Object.keys(FIELDS) as readonly FieldName[];
