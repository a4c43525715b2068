// The one pass over a model's files: rows are read in the order in which they lie, checked, converted and stored, a few
// megabytes at a time. Whatever was stored by an earlier part of the pass is skipped.

import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { convertRows, evenRows, type Quantize, weightTensor } from '../../formats/checkpoint/weights';
import { elementRowBytes, isFloatType, roundsScales, storedKind } from '../../quant/elements';
import { repackRows } from '../../quant/repack';
import { type ModelWriter, rowsOf, type Written } from '../../storage/model-writer';
import type { ErrorMeter } from './error-meter';
import { hasNonFinite } from '../../core/finite';

/** Source bytes that are converted at once: the rest of the memory that a pass takes is a few times this. */
export const BATCH_BYTES = 16 << 20;

export interface PassOptions {
  readonly quantize: Quantize;
  readonly writer: ModelWriter;
  /** The part that an earlier attempt stored. */
  readonly from: Written;
  readonly meter: ErrorMeter;
  readonly signal: AbortSignal;
  /** Source bytes that are converted at once; for tests. */
  readonly batchBytes?: number;
  /** Called after each batch. */
  readonly onBatch?: () => void;
}

/** @throws PronkError `nan-weights`, what reading throws, the signal's reason */
export async function convert(checkpoint: Checkpoint, options: PassOptions): Promise<void> {
  const done = new Map(options.from.tensors.map((tensor) => [tensor.name, rowsOf(tensor)]));
  for (const tensor of inFileOrder(checkpoint)) await convertTensor(tensor, done.get(tensor.name) ?? 0, options);
}

/** Tensors as they lie in their files, so that each file is read once from its beginning to its end. */
export function inFileOrder({ tensors }: Checkpoint): Tensor[] {
  const files = [...new Set([...tensors.values()].map(({ place }) => place.file))].toSorted();
  const rank = (tensor: Tensor) => files.indexOf(tensor.place.file);
  return [...tensors.values()].toSorted((a, b) => rank(a) - rank(b) || a.place.start - b.place.start);
}

/** Rows that are converted at once. */
export const batchRows = ({ type, columns }: Pick<Tensor, 'type' | 'columns'>, batchBytes = BATCH_BYTES): number =>
  evenRows(elementRowBytes(type, columns), batchBytes);

async function convertTensor(tensor: Tensor, first: number, options: PassOptions): Promise<void> {
  const { quantize, writer, meter, signal, batchBytes, onBatch } = options;
  const { name, type, rows, columns } = tensor;
  const { kind } = weightTensor(tensor, quantize);
  const float = isFloatType(type);
  const kept = kind === storedKind(type);
  const step = batchRows(tensor, batchBytes);
  for (let rowStart = first; rowStart < rows; rowStart += step) {
    signal.throwIfAborted();
    const end = Math.min(rows, rowStart + step);
    const bytes = await tensor.readRows(rowStart, end);
    if (float && hasNonFinite(repackRows(type, bytes, end - rowStart, columns))) throw nanWeights(tensor);
    const stored = convertRows(tensor, kind, bytes, end - rowStart);
    // of numbers, f16 alone makes something else; floats that are kept were looked at already
    if (!(float && kept) && hasNonFinite(stored)) throw float ? outOfRange(tensor) : nanWeights(tensor);
    if (!kept || roundsScales(type) || tensor.scale !== undefined) meter.add(tensor, bytes, stored);
    await writer.add({ name, kind, rows, columns }, { ...stored, rowStart });
    onBatch?.();
  }
}

function outOfRange({ name, place }: Tensor): PronkError {
  const message = `${place.file} holds values in ${name} that are too large for 16 bits. Nothing of it was kept. Keep them as they are, or choose 8 or 4 bits.`;
  return new PronkError('weights-out-of-range', message);
}

function nanWeights({ name, place }: Tensor): PronkError {
  const message = `${place.file} holds values in ${name} that are not numbers: its training or its download went wrong. Nothing of it was kept.`;
  return new PronkError('nan-weights', message);
}
