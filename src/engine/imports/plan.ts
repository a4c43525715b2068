// The costs of an import and whether it is possible, computed from shapes alone before a byte is copied.

import type { Checkpoint } from '../../core/checkpoint';
import { keepRounds, type Quantize, weightTensor, weightTensors } from '../../formats/checkpoint/weights';
import { familyOf } from '../../formats/families/index';
import { positionBytes } from '../../model/inference/kv-cache';
import { type ElementType, codeBytes, scaleBytes, tensorBytes } from '../../core/weight-kinds';
import { isFloatType } from '../../quant/elements';
import { ShardLayout } from '../../storage/model-writer';
import { bytesText, type Room, roomWarning } from '../../storage/quota';
import { encodeTokenizer } from '../../storage/tokenizer-record';
import { DEFAULT_CONTEXT } from '../models/defaults';
import { batchRows, inFileOrder } from './pass';
import type { ImportChoice, ImportPlan } from './types';

/** Memory and storage of the machine, as far as it tells. */
export interface Offer {
  /** Storage that the browser reports. */
  readonly room?: Room;
  /** Bytes that a model may take on the GPU. */
  readonly gpuBytes?: number;
  readonly device?: string;
}

const QUANTIZATIONS: readonly Quantize[] = ['q4', 'q8', 'f16', 'keep'];
const CONTAINERS = {
  gguf: 'A GGUF model',
  safetensors: 'A Hugging Face folder (safetensors)',
  torch: 'A Hugging Face folder (PyTorch files)',
  meta: 'A checkpoint in Meta’s layout',
} as const;
type Costs = Pick<ImportPlan, 'what' | 'choices'> & Required<Pick<ImportPlan, 'model'>> & { recommended?: Quantize };

/** A model's part of a plan. */
export function planModel(checkpoint: Checkpoint, offer: Offer): Costs {
  const { config, container, tensors, licence, quantized } = checkpoint;
  const parameters = [...tensors.values()].reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const defaultContext = Math.min(config.contextLength, DEFAULT_CONTEXT);
  const cache = positionBytes(config);
  const choices = choicesOf(checkpoint, cache.fast * defaultContext, offer);
  const recommended = recommend(choices, parameters, offer.room);
  const type = mostType(checkpoint);
  return {
    what: `${CONTAINERS[container]}${quantized === undefined ? type : `, quantized by ${quantized}`}: ${familyOf(config.architecture).name}, ${countText(parameters)} parameters.`,
    model: {
      container,
      architecture: config.architecture,
      parameters,
      layers: config.numLayers,
      vocabSize: config.vocabSize,
      contextLength: config.contextLength,
      defaultContext,
      cacheBytes: cache,
      ...(licence !== undefined && { licence }),
    },
    choices,
    ...(recommended && { recommended }),
  };
}

/** The block type of most of a GGUF file's weights, as a clause; empty where most are floats. */
function mostType({ container, tensors }: Checkpoint): string {
  if (container !== 'gguf') return '';
  const weights = new Map<ElementType, number>();
  for (const { type, rows, columns } of tensors.values()) weights.set(type, (weights.get(type) ?? 0) + rows * columns);
  const [[most] = ['F32' as const]] = [...weights].toSorted(([, a], [, b]) => b - a);
  return isFloatType(most) ? '' : ` in ${most}`;
}

/** The smallest first; what would not make it smaller is left out. */
function choicesOf(checkpoint: Checkpoint, cache: number, offer: Offer): ImportChoice[] {
  const sizes = new Map(QUANTIZATIONS.map((quantize) => [quantize, weightBytes(checkpoint, quantize)]));
  const kept = sizes.get('keep') ?? Infinity;
  const rounds = keepRounds(checkpoint.tensors.values());
  const tokenizer = encodeTokenizer(checkpoint.tokenizer).length;
  return [...sizes]
    .filter(([quantize, size]) => quantize === 'keep' || size < kept)
    .toSorted(([, a], [, b]) => a - b)
    .map(([quantize, size]) => {
      const problem = problemOf(size, cache, offer);
      const storedBytes = shardBytes(checkpoint, quantize) + tokenizer;
      const warning = problem === undefined ? roomWarning(storedBytes, offer.room) : undefined;
      return {
        quantize,
        storedBytes,
        weightBytes: size,
        fits: !problem,
        ...(problem && { problem }),
        ...(quantize === 'keep' && rounds !== undefined && { rounds }),
        ...(warning && { warning }),
      };
    });
}

function problemOf(size: number, cache: number, { gpuBytes }: Offer): string | undefined {
  if (gpuBytes !== undefined && size + cache > gpuBytes) {
    return `It needs ${bytesText(size + cache)} of graphics memory, and this device offers about ${bytesText(gpuBytes)}.`;
  }
  return undefined;
}

/** A file is kept as it is where another quantization takes at least this share of it: its weights have few bits already. */
const KEPT_ABOVE = 3 / 4;

/** Small models suffer from 4 bits more than they gain by them; large ones are bound by memory. */
function recommend(choices: readonly ImportChoice[], parameters: number, room: Room | undefined): Quantize | undefined {
  const possible = choices.filter(({ fits }) => fits);
  // a figure that is the disk's own is heeded where nobody has chosen
  const roomy = room?.told ? possible.filter(({ warning }) => warning === undefined) : possible;
  const fitting = (roomy.length > 0 ? roomy : possible).map(({ quantize }) => quantize);
  const sizeOf = (of: Quantize) => choices.find(({ quantize }) => quantize === of)?.weightBytes ?? 0;
  const wanted: readonly Quantize[] = parameters < 1.5e9 ? ['q8', 'keep', 'q4'] : ['q4', 'keep', 'q8'];
  const found = wanted.find((quantize) => fitting.includes(quantize)) ?? fitting[0];
  return fitting.includes('keep') && sizeOf(found) >= KEPT_ABOVE * sizeOf('keep') ? 'keep' : found;
}

/** Bytes of shards: the weights where the import puts them, the gaps between them included. */
function shardBytes(checkpoint: Checkpoint, quantize: Quantize): number {
  const layout = new ShardLayout();
  let closed = 0;
  for (const tensor of inFileOrder(checkpoint)) {
    const { kind, rows, columns } = weightTensor(tensor, quantize);
    const step = batchRows(tensor);
    for (let start = 0; start < rows; start += step) {
      const count = Math.min(step, rows - start);
      const [codes, scales] = [count * codeBytes(kind, columns), scaleBytes(kind, count, columns)];
      if (layout.isFull(codes, scales)) {
        closed += layout.size;
        layout.close();
      }
      layout.place(codes, scales);
    }
  }
  return closed + layout.size;
}

function weightBytes(checkpoint: Checkpoint, quantize: Quantize): number {
  return weightTensors(checkpoint, quantize).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

function countText(count: number): string {
  const [size, unit] =
    count >= 1e9 ? [count / 1e9, ' billion'] : count >= 1e6 ? [count / 1e6, ' million'] : [count, ''];
  return unit ? `${size.toFixed(size < 10 ? 1 : 0)}${unit}` : count.toLocaleString('en');
}
