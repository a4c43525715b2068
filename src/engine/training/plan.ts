// What a run will take and whether it fits, before anything is trained.
import type { ModelConfig } from '../../core/model-config';
import { PronkError } from '../../core/errors';
import { trainingMemory } from '../../model/train/sizes';
import type { TrainingConfig } from '../../training/config';
import { loraSpec } from '../../training/lora-spec';
import type { PreparedData } from '../../training/prepare';
import { totalSteps, warmupSteps } from '../../training/schedules';
import { labelledTokens, trainingWarnings, type Warning } from '../../training/warnings';
import type { DeviceRoom, TrainedModel } from './parts';
import type { TrainingPlan } from './types';

type Memory = TrainingPlan['memory'];

/** Sequences that a fit is looked for at, shortest last. */
const CUTOFFS = [512, 256, 128, 64];

/**
 * A plan of what could not be prepared: the reason, and the change that helps where one is known.
 * @param context tokens that the model was trained for
 */
export function brokenPlan(error: unknown, rows: number, config: TrainingConfig, context: number): TrainingPlan {
  const problem = error instanceof Error ? error.message : String(error);
  const fix = error instanceof PronkError ? fixOf(error, config, rows, context) : undefined;
  return {
    rows,
    validationRows: 0,
    skippedRows: 0,
    tokens: 0,
    labelled: 0,
    steps: 0,
    stepsPerEpoch: 0,
    effectiveBatch: config.per_device_train_batch_size * config.gradient_accumulation_steps,
    warmupSteps: 0,
    trainableParameters: 0,
    memory: { parts: [], total: 0 },
    warnings: error instanceof PronkError ? [{ code: error.code, message: problem, ...(fix && { fix }) }] : [],
    problem,
  };
}

function fixOf(
  { code, field }: PronkError,
  config: TrainingConfig,
  rows: number,
  context: number,
): Partial<TrainingConfig> | undefined {
  if (field === 'val_set_size') return { val_set_size: rows < 20 ? 0 : 0.1 };
  if (field === 'cutoff_len') return { cutoff_len: context };
  if (code === 'no-labels') return { cutoff_len: 4 * config.cutoff_len };
  return undefined;
}

/**
 * Plans a run.
 * @param room of the device; absent where there is none, and a plan can still be shown
 * @param secondsPerStep where a step was measured
 */
export async function planRun(
  config: TrainingConfig,
  data: PreparedData,
  model: TrainedModel,
  room: DeviceRoom | undefined,
  secondsPerStep?: number,
): Promise<TrainingPlan> {
  const steps = totalSteps(config, data.stepsPerEpoch);
  const memory = await measureRoom(config, data.maxBatchTokens, model, room);
  const warnings: Warning[] = trainingWarnings(config, data, model.config.contextLength);
  const tooLarge = memory.fits === false || memory.total > (memory.limit ?? Infinity);
  const smaller = tooLarge && room ? await fittingConfig(config, data, model, room) : undefined;
  const problem = `The run needs ${mebibytes(memory.total)} MiB on the device, which is more than it has.`;
  if (tooLarge) {
    const todo = smaller
      ? `Use ${describe(smaller)}.`
      : 'Choose a smaller model, or export the run for a larger machine.';
    warnings.unshift({ code: 'out-of-memory', message: `${problem} ${todo}`, ...(smaller && { fix: smaller }) });
  }
  const tokens = data.train.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    rows: data.train.length,
    validationRows: data.validationRows.length,
    skippedRows: data.skipped.length,
    tokens,
    labelled: labelledTokens(data.train),
    steps,
    stepsPerEpoch: data.stepsPerEpoch,
    effectiveBatch: config.per_device_train_batch_size * config.gradient_accumulation_steps,
    warmupSteps: warmupSteps(config, steps),
    trainableParameters: trainableParameters(config, model.config),
    memory,
    ...(secondsPerStep !== undefined && { secondsPerStep }),
    warnings,
    ...(tooLarge && { problem }),
  };
}

/** Numbers that are trained: r · (inputs + outputs) of every adapted map. */
function trainableParameters(config: TrainingConfig, model: ModelConfig): number {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F } = model;
  const sizes = {
    q_proj: D + H * d,
    k_proj: D + K * d,
    v_proj: D + K * d,
    o_proj: H * d + D,
    gate_proj: D + F,
    up_proj: D + F,
    down_proj: F + D,
  };
  const layers = config.layers_to_transform?.length ?? model.numLayers;
  return layers * config.r * config.target_modules.reduce((sum, map) => sum + sizes[map], 0);
}

async function measureRoom(
  config: TrainingConfig,
  tokens: number,
  model: TrainedModel,
  room: DeviceRoom | undefined,
): Promise<Memory> {
  const { adapter, optimizer, activations, workspace } = trainingMemory(
    model.config,
    loraSpec(config, model.config, tokens),
  );
  const training = adapter + optimizer + activations + workspace;
  const parts = [
    { name: 'Model', bytes: model.bytes },
    { name: 'Chat', bytes: room?.chat ?? 0 },
    { name: 'Adapter', bytes: adapter },
    { name: 'Optimizer', bytes: optimizer },
    { name: 'Activations', bytes: activations },
    { name: 'Workspace', bytes: workspace },
  ];
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const limit = room?.limit;
  if (!room) return { parts, total };
  return { parts, total, ...(limit !== undefined && { limit }), fits: await room.fits(training) };
}

/** The mildest change with which the run fits: recompute, then fewer rows at a time, then shorter ones. */
async function fittingConfig(
  config: TrainingConfig,
  data: PreparedData,
  model: TrainedModel,
  room: DeviceRoom,
): Promise<Partial<TrainingConfig> | undefined> {
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: times, cutoff_len: cutoff } = config;
  const sizes = [rows, Math.ceil(rows / 2), 1].filter((size, i, all) => all.indexOf(size) === i);
  const longest = data.train.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const cutoffs = [cutoff, ...CUTOFFS.filter((each) => each < Math.min(cutoff, longest))];
  for (const cutoff_len of cutoffs) {
    for (const size of sizes) {
      const change = {
        gradient_checkpointing: true,
        ...(size < rows && {
          per_device_train_batch_size: size,
          gradient_accumulation_steps: Math.max(1, Math.round((rows * times) / size)),
        }),
        ...(cutoff_len < cutoff && { cutoff_len }),
      };
      const share = Math.min(1, (size * Math.min(longest, cutoff_len)) / data.maxBatchTokens);
      const tokens = Math.ceil(data.maxBatchTokens * share);
      const { fits, limit, total } = await measureRoom({ ...config, ...change }, tokens, model, room);
      if (fits !== false && total <= (limit ?? Infinity)) return change;
    }
  }
  return undefined;
}

function describe(change: Partial<TrainingConfig>): string {
  return Object.entries(change)
    .map(([field, value]) => `${field} ${String(value)}`)
    .join(', ');
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
