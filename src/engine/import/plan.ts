// What an import would cost, and whether it can be: from shapes alone, before a byte is copied.

import type { Checkpoint } from '../../formats/checkpoint';
import { type Quantize, weightTensors } from '../../formats/weights';
import { cacheBytes } from '../../model/kv-cache';
import { codeBytes, scaleBytes } from '../../quant/kinds';
import { bytesText } from '../../storage/quota';
import { DEFAULT_CONTEXT } from '../defaults';
import type { ImportChoice, ImportPlan } from './types';

/** What the machine offers, as far as it tells. */
export interface Offer {
  /** Bytes that may still be stored. */
  readonly freeBytes?: number;
  /** Bytes that a model may take on the GPU. */
  readonly gpuBytes?: number;
  readonly device?: string;
}

const QUANTIZATIONS: readonly Quantize[] = ['q4', 'q8', 'f16', 'keep'];
const ARCHITECTURES = { llama: 'LLaMA', mistral: 'Mistral', qwen2: 'Qwen2', internlm2: 'InternLM2' } as const;
const CONTAINERS = {
  gguf: 'A GGUF model',
  safetensors: 'A Hugging Face folder (safetensors)',
  torch: 'A Hugging Face folder (PyTorch files)',
  meta: 'A checkpoint in Meta’s layout',
} as const;
/** An adapter that offers buffers no larger than this is a phone's, or a CPU: its whole memory is a small multiple. */
const SMALL_BUFFERS = 1 << 30;

/**
 * Bytes that a model may take on an adapter; undefined where WebGPU does not tell. Only small adapters are known: the
 * largest buffer of a phone is a third to a half of what a page may use.
 */
export function gpuBudget(maxBufferSize: number, software: boolean): number | undefined {
  return !software && maxBufferSize <= SMALL_BUFFERS ? 2 * maxBufferSize : undefined;
}

type Costs = Pick<ImportPlan, 'what' | 'choices'> & Required<Pick<ImportPlan, 'model'>> & { recommended?: Quantize };

/** A model's part of a plan. */
export function planModel(checkpoint: Checkpoint, offer: Offer): Costs {
  const { config, container, tensors, licence } = checkpoint;
  const parameters = [...tensors.values()].reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const defaultContext = Math.min(config.contextLength, DEFAULT_CONTEXT);
  const cache = { fast: cacheBytes(config, 1, 'f16'), exact: cacheBytes(config, 1, 'f32') };
  const choices = choicesOf(checkpoint, cache.fast * defaultContext, offer);
  const recommended = recommend(choices, parameters);
  return {
    what: `${CONTAINERS[container]}: ${ARCHITECTURES[config.architecture]}, ${countText(parameters)} parameters.`,
    model: {
      container,
      architecture: config.architecture,
      parameters,
      layers: config.layers,
      vocabularySize: config.vocabularySize,
      contextLength: config.contextLength,
      defaultContext,
      cacheBytes: cache,
      ...(licence !== undefined && { licence }),
    },
    choices,
    ...(recommended && { recommended }),
  };
}

/** The smallest first; what would not make it smaller is left out. */
function choicesOf(checkpoint: Checkpoint, cache: number, offer: Offer): ImportChoice[] {
  const sizes = new Map(QUANTIZATIONS.map((quantize) => [quantize, storedBytes(checkpoint, quantize)]));
  const kept = sizes.get('keep')!;
  return [...sizes]
    .filter(([quantize, size]) => quantize === 'keep' || size < kept)
    .toSorted(([, a], [, b]) => a - b)
    .map(([quantize, size]) => {
      const problem = problemOf(size, cache, offer);
      return { quantize, storedBytes: size, weightBytes: size, fits: !problem, ...(problem && { problem }) };
    });
}

function problemOf(size: number, cache: number, { freeBytes, gpuBytes }: Offer): string | undefined {
  if (freeBytes !== undefined && size > freeBytes) {
    return `It needs ${bytesText(size)} of disk, and ${bytesText(freeBytes)} are free to this page. Remove a model or free disk space.`;
  }
  if (gpuBytes !== undefined && size + cache > gpuBytes) {
    return `It needs ${bytesText(size + cache)} of graphics memory, and this device offers about ${bytesText(gpuBytes)}.`;
  }
  return undefined;
}

/** Small models suffer from 4 bits more than they gain by them; large ones are bound by memory. */
function recommend(choices: readonly ImportChoice[], parameters: number): Quantize | undefined {
  const fitting = choices.filter(({ fits }) => fits).map(({ quantize }) => quantize);
  const wanted: readonly Quantize[] = parameters < 1.5e9 ? ['q8', 'keep', 'q4'] : ['q4', 'keep', 'q8'];
  return wanted.find((quantize) => fitting.includes(quantize)) ?? fitting[0];
}

function storedBytes(checkpoint: Checkpoint, quantize: Quantize): number {
  return weightTensors(checkpoint, quantize).reduce(
    (sum, { kind, rows, columns }) => sum + rows * codeBytes(kind, columns) + scaleBytes(kind, rows, columns),
    0,
  );
}

function countText(count: number): string {
  const [size, unit] =
    count >= 1e9 ? [count / 1e9, ' billion'] : count >= 1e6 ? [count / 1e6, ' million'] : [count, ''];
  return unit ? `${size.toFixed(size < 10 ? 1 : 0)}${unit}` : count.toLocaleString('en');
}
