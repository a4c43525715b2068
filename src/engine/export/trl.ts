// A run as a folder that Hugging Face TRL trains as it is, on one process or many: for models that a tab is too small for.
// The rows are tokens, in the order in which Pronk would read them, and the adapter begins with Pronk's numbers, so that
// the losses are the same.
import type { ModelConfig } from '../../core/model-config';
import type { TokenizedRow } from '../../data/types';
import { IGNORED } from '../../data/types';
import type { Adapter } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { writePeft } from '../../formats/adapters/index';
import { packsMaps } from '../../formats/families/index';
import { startOf } from '../../model/train/start';
import type { TrainingConfig } from '../../training/config';
import { FIELD_NAMES, FIELDS } from '../../training/fields';
import { loraSpec, peftConfig } from '../../training/lora-spec';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';
import type { PreparedData } from '../../training/prepare';
import { totalSteps, warmupSteps } from '../../training/schedules';
import { content } from './adapter';
import { type FileContent, textFile } from './file';
import { FSDP_YAML, REQUIREMENTS, TRAIN_PY } from './trl-script';

export interface TrlRun {
  readonly config: TrainingConfig;
  readonly data: PreparedData;
  readonly model: ModelConfig;
  /** A name on the Hub or a folder, as far as it is known; what `--model` says comes before it. */
  readonly base: string;
  /** A form of its instructions that is none of Pronk's: the rows are in it already. */
  readonly template?: PromptTemplate | undefined;
  /** What the run begins from, instead of a new adapter. */
  readonly start?: Adapter | undefined;
}

/**
 * Every file.
 * @throws PronkError `unsupported-format` for maps that PEFT trains together
 */
export function trlFiles(run: TrlRun): FileContent[] {
  const { config, data, model, base, start } = run;
  const together = packsMaps(model) && config.target_modules.find((map) => !['o_proj', 'down_proj'].includes(map));
  if (together) {
    const message =
      `This model's files hold ${together} in one matrix with other maps, and PEFT trains such a matrix as a whole: ` +
      'a run exported for TRL would come to another adapter. Train o_proj and down_proj alone, or train here.';
    throw new PronkError('unsupported-format', message);
  }
  const steps = totalSteps(config, data.stepsPerEpoch);
  const adapter: Adapter = {
    name: 'start',
    config: peftConfig(config, base),
    pairs: start?.pairs ?? startOf(model, loraSpec(config, model, data.maxBatchTokens)),
  };
  const batches = Array.from({ length: steps }, (_, step) => data.rowsOf(step));
  return [
    ...writePeft(adapter, model).map(content),
    textFile('train.jsonl', lines(data.train.map(rowOf))),
    textFile('validation.jsonl', lines(data.validationRows.map(rowOf))),
    textFile('batches.jsonl', lines(batches)),
    textFile('training.json', `${JSON.stringify(settings(run, steps), null, 2)}\n`),
    textFile('train.py', TRAIN_PY),
    textFile('fsdp.yaml', FSDP_YAML),
    textFile('requirements.txt', REQUIREMENTS),
    textFile('README.md', readme(run, steps)),
  ];
}

/** The first label is never predicted; counted, it would make the mean smaller. */
function rowOf({ ids, labels }: TokenizedRow) {
  return { input_ids: ids, labels: [IGNORED, ...labels.slice(1)] };
}

/** Settings that SFTConfig takes by their names and with their values, as the table of settings says. */
function sameArguments(config: TrainingConfig): Partial<TrainingConfig> {
  const same = FIELD_NAMES.filter((name) => FIELDS[name].trl === 'argument');
  return Object.fromEntries(same.map((name) => [name, config[name]]));
}

/** Arguments of SFTConfig, and what train.py needs beside them. */
function settings({ config, data, base, template }: TrlRun, steps: number) {
  const validates = data.validationRows.length > 0;
  const best = validates && config.load_best_model_at_end;
  return {
    model: base,
    loraplus_lr_ratio: config.loraplus_lr_ratio,
    prompt_template: template ?? config.prompt_template_name,
    arguments: {
      ...sameArguments(config),
      max_steps: steps,
      per_device_eval_batch_size: config.per_device_train_batch_size,
      warmup_steps: warmupSteps(config, steps),
      optim: 'adamw_torch',
      gradient_checkpointing: config.gradient_checkpointing !== false,
      logging_steps: 1,
      eval_strategy: validates ? 'steps' : 'no',
      ...(validates && { eval_steps: config.eval_steps, eval_on_start: config.eval_on_start }),
      save_strategy: 'steps',
      // the best can only be kept where it was validated
      save_steps: best ? config.eval_steps : config.save_steps || 200,
      save_total_limit: 3,
      load_best_model_at_end: best,
      ...(best && { metric_for_best_model: 'eval_loss', greater_is_better: false }),
      // rows are tokens already, and packs are what batches.jsonl puts together
      dataset_kwargs: { skip_prepare_dataset: true },
      max_length: null,
      packing: false,
      remove_unused_columns: false,
      loss_type: 'nll',
      bf16: false,
      report_to: 'none',
    },
  };
}

function readme({ config, data, base }: TrlRun, steps: number): string {
  const dropout =
    config.lora_dropout > 0
      ? `\nThe dropout masks (\`lora_dropout\` ${config.lora_dropout}) are drawn by another generator, so losses differ a little from Pronk's.\n`
      : '';
  return `# A fine-tuning run from Pronk

${steps} updates of a LoRA (r ${config.r}) on ${data.train.length} rows${data.validationRows.length > 0 ? `, ${data.validationRows.length} more for validation` : ''}. Everything that decides the
result is in this folder: the rows as tokens, the order in which they are read, the adapter's first numbers, the settings.
The base model is not: ${base}, or wherever you have it.

\`\`\`sh
pip install -r requirements.txt
python train.py --model ${quoted(base)}
\`\`\`

On several GPUs, with the weights of the base shared among them (FSDP):

\`\`\`sh
accelerate launch --config_file fsdp.yaml --num_processes 8 train.py --model ${quoted(base)}
\`\`\`

The batches are dealt out so that an update is the same whatever the number of processes. The adapter is written to
\`result/\` in PEFT's form, with transformers' \`trainer_state.json\` beside it; both can be dropped into Pronk. \`--resume\` goes on
from the last checkpoint, \`--dtype bfloat16\` halves the base's memory.
${dropout}`;
}

function quoted(value: string): string {
  return /^[\w./:@~-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
