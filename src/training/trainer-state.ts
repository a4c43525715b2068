// transformers' trainer_state.json, there and back: so that a log can be plotted by whatever plots those.
import { PronkError } from '../core/errors';
import { isObject, type JsonObject, numberIn, parseJson } from '../core/json';
import { DEFAULT_CONFIG } from './config';
import { type RunRecord, lossSparkline } from './run-record';
import type { StepRecord, ValidationRecord } from './records';
import type { RunDetail } from './run-types';

/** A run's log as the file's text. */
export function writeTrainerState({ log, validations, steps, request, checkpoint }: RunRecord): string {
  const { config } = request;
  const epochOf = new Map(log.map(({ step, epoch }) => [step, epoch]));
  const entries = [
    ...log.map(({ step, epoch, loss, learningRate, gradNorm }) => ({
      step,
      order: 0,
      entry: { epoch, grad_norm: gradNorm, learning_rate: learningRate, loss, step },
    })),
    ...validations.map(({ step, loss }) => ({
      step,
      order: 1,
      entry: { epoch: epochOf.get(step) ?? 0, eval_loss: loss, step },
    })),
  ];
  const best = checkpoint?.best ?? validations.findLast((validation) => validation.best);
  const last = log.at(-1);
  return `${JSON.stringify(
    {
      best_global_step: best?.step ?? null,
      best_metric: best?.loss ?? null,
      best_model_checkpoint: null,
      epoch: last?.epoch ?? 0,
      eval_steps: config.eval_steps,
      global_step: last?.step ?? 0,
      is_hyper_param_search: false,
      is_local_process_zero: true,
      is_world_process_zero: true,
      log_history: entries.toSorted((a, b) => a.step - b.step || a.order - b.order).map(({ entry }) => entry),
      logging_steps: 1,
      max_steps: steps,
      num_input_tokens_seen: log.reduce((sum, { tokens }) => sum + tokens, 0),
      num_train_epochs: Math.ceil(config.num_train_epochs),
      save_steps: config.save_steps,
      train_batch_size: config.per_device_train_batch_size,
      trial_name: null,
      trial_params: null,
    },
    null,
    2,
  )}\n`;
}

/**
 * Reads a log that any program wrote, to be looked at.
 * @throws PronkError `not-a-trainer-state`
 */
export function readTrainerState(text: string, name: string): RunDetail {
  const state = parsed(text);
  const history = state?.['log_history'];
  if (!state || !Array.isArray(history)) {
    const message = `${name} is not a trainer_state.json: it has no log_history. Choose the file that transformers' Trainer wrote into a checkpoint.`;
    throw new PronkError('not-a-trainer-state', message);
  }
  const entries = history.filter(isObject);
  const log = entries.flatMap((entry): StepRecord[] => {
    const [step, loss] = [numberIn(entry, 'step'), numberIn(entry, 'loss')];
    if (step === undefined || loss === undefined) return [];
    return [
      {
        step,
        epoch: numberIn(entry, 'epoch') ?? 0,
        loss,
        gradNorm: numberIn(entry, 'grad_norm') ?? Number.NaN,
        learningRate: numberIn(entry, 'learning_rate') ?? Number.NaN,
        tokens: 0,
        seconds: 0,
      },
    ];
  });
  let least = Infinity;
  const validations = entries.flatMap((entry): ValidationRecord[] => {
    const [step, loss] = [numberIn(entry, 'step'), numberIn(entry, 'eval_loss')];
    if (step === undefined || loss === undefined) return [];
    // before the first step there is nothing to keep
    const best = step > 0 && loss < least;
    if (best) least = loss;
    return [{ step, loss, best }];
  });
  const runtime = entries.map((entry) => numberIn(entry, 'train_runtime')).find((each) => each !== undefined);
  const step = numberIn(state, 'global_step') ?? log.at(-1)?.step ?? 0;
  const steps = numberIn(state, 'max_steps') ?? step;
  const config = { ...DEFAULT_CONFIG, num_train_epochs: numberIn(state, 'num_train_epochs') ?? 1 };
  return {
    id: `file:${name}`,
    name,
    modelId: '',
    modelName: '',
    datasetId: '',
    datasetName: '',
    state: step >= steps ? 'done' : 'stopped',
    step,
    steps,
    ...(log.length > 0 && { loss: log[log.length - 1].loss }),
    ...(validations.length > 0 && { validationLoss: validations[validations.length - 1].loss }),
    startedAt: 0,
    seconds: runtime ?? 0,
    lossSparkline: lossSparkline(log.map(({ loss }) => loss)),
    request: { modelId: '', datasetId: '', config, prompts: [], sampleSteps: 0 },
    log,
    validations,
    samples: [],
  };
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
