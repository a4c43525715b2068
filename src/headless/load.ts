// A model on the GPU, from files, for the commands that compute.
import type { ModelConfig } from '../core/model-config';
import { DEFAULT_CONTEXT } from '../engine/models/defaults';
import type { LoadedModel } from '../engine/generation/generate';
import { PronkError } from '../core/errors';
import type { Gpu } from '../gpu/device';
import type { UsedAdapter } from '../model/inference/lora';
import type { Precision } from '../ops/tuning';
import type { WeightTensor } from '../core/weight-kinds';
import { createTokenizer } from '../tokenizer/index';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { AdaptedModel } from './adapter-at';
import { openAdapters } from './commands/adapters';
import { choice, number, type OptionTypes, type Options, required } from './arguments';
import { openModel, QUANTIZE } from './model';
import { sayNotes } from './notes';

const PRECISIONS = ['exact', 'fast', 'int8'] as const;

/** The precision of commands whose speed matters more than their last digits. */
export const FAST = choice(PRECISIONS, 'fast');

/** Options of every command that loads a model. */
export const LOAD_OPTIONS = {
  model: 'text',
  quantize: choice(QUANTIZE, 'keep'),
  precision: choice(PRECISIONS, 'exact'),
  context: number({ min: 1, whole: true }),
  adapter: 'list',
} as const satisfies OptionTypes;

export interface HeadlessModel extends LoadedModel {
  readonly gpu: Gpu;
  readonly loadMs: number;
}

/** What a session is made from, checked. */
export interface Prepared {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
  readonly precision: Precision;
  readonly context: number;
  readonly adapters: readonly UsedAdapter[];
}

/** What the options say of a session. @throws PronkError `unsupported-precision` */
export function checkedOptions({ quantize, precision, context }: Options<typeof LOAD_OPTIONS>) {
  if (precision === 'int8') {
    throw new PronkError('unsupported-precision', 'The precision int8 is not there yet. Use exact or fast.');
  }
  const contextFor = (config: ModelConfig) => {
    if (context !== undefined && context > config.contextLength) sayNotes([beyondTrained(context, config)]);
    return context ?? Math.min(config.contextLength, DEFAULT_CONTEXT);
  };
  return { quantize, precision, contextFor };
}

function beyondTrained(context: number, { contextLength, ropeScaling }: ModelConfig): string {
  const trained = `The model was trained for ${contextLength} positions, and --context asks for ${context}.`;
  return ropeScaling?.type === 'dynamic'
    ? `${trained} Longer texts are rotated by the model's dynamic scaling.`
    : `${trained} What it says beyond them is rarely of use.`;
}

/** The adapters of `--adapter`, checked to fit. */
export async function usedAdapters(options: Options<typeof LOAD_OPTIONS>, base: AdaptedModel): Promise<UsedAdapter[]> {
  const given = await openAdapters(options.adapter ?? [], base);
  return given.map(({ path, adapter, strength }) => ({ key: path, pairs: adapter.pairs, strength }));
}

/** Reads and checks the files of a model and its adapters; no device is needed. */
export async function prepare(options: Options<typeof LOAD_OPTIONS>): Promise<Prepared & { tokenizer: Tokenizer }> {
  const { quantize, precision, contextFor } = checkedOptions(options);
  const { config, tensors, tokenizer } = await openModel(required(options.model, 'model'), quantize);
  const adapters = await usedAdapters(options, { config, tensors });
  return { config, tensors, precision, context: contextFor(config), adapters, tokenizer: createTokenizer(tokenizer) };
}

/** Opens the device and says which. */
export async function openDevice(): Promise<Gpu> {
  // Dawn's globals must stand before webgpu-utils is imported
  const { findAdapter } = await import('./dawn');
  const adapter = await findAdapter();
  const { openAdapter } = await import('../gpu/device');
  const gpu = await openAdapter(adapter);
  console.error(`Adapter: ${gpu.name}${gpu.software ? ' (software)' : ''}`);
  return gpu;
}

/** Reads and checks the files, then opens the device, then uploads. */
export async function loadModel(options: Options<typeof LOAD_OPTIONS>): Promise<HeadlessModel> {
  const started = performance.now();
  const { config, tensors, precision, context, adapters, tokenizer } = await prepare(options);
  const gpu = await openDevice();
  const { createSession } = await import('../model/inference/session');
  const session = await createSession(gpu, config, tensors, { precision, context });
  await session.setAdapters(adapters);
  return { gpu, session, tokenizer, loadMs: performance.now() - started };
}
