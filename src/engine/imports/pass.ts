// The one pass over a model's files: rows are read in the order in which they lie, checked, converted and stored, a few
// megabytes at a time. Whatever was stored by an earlier part of the pass is skipped.

import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { unlessAborted } from '../../core/cut-off';
import { evenRows, type Quantize, weightTensor } from '../../formats/checkpoint/weights';
import { elementRowBytes } from '../../quant/elements';
import { type ModelWriter, rowsOf, type Written } from '../../storage/model-writer';
import type { Converter } from './converter';
import type { ErrorMeter } from './error-meter';

/** Source bytes that are converted at once: the rest of the memory that a pass takes is a few times this. */
export const BATCH_BYTES = 16 << 20;

export interface PassOptions {
  readonly quantize: Quantize;
  readonly converter: Converter;
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
  const { quantize, converter, writer, from, meter, signal, batchBytes, onBatch } = options;
  const done = new Map(from.tensors.map((tensor) => [tensor.name, rowsOf(tensor)]));
  /** Batches in conversion, each as the step that stores it, in the files' order. */
  const underWay: (() => Promise<void>)[] = [];
  for (const tensor of inFileOrder(checkpoint)) {
    const { readRows: _, ...described } = tensor;
    const { name, rows, columns } = tensor;
    const { kind } = weightTensor(tensor, quantize);
    const step = batchRows(tensor, batchBytes);
    for (let rowStart = done.get(name) ?? 0; rowStart < rows; rowStart += step) {
      signal.throwIfAborted();
      const end = Math.min(rows, rowStart + step);
      const bytes = await tensor.readRows(rowStart, end);
      const converted = converter.convert({ tensor: described, kind, bytes, rows: end - rowStart });
      // awaited in its turn, unless something fails before
      converted.catch(() => {});
      underWay.push(async () => {
        const { stored, sums } = await unlessAborted(converted, signal);
        if (sums) meter.add(name, sums);
        await writer.add({ name, kind, rows, columns }, { ...stored, rowStart });
        onBatch?.();
      });
      if (underWay.length > converter.ahead) await underWay.shift()?.();
    }
  }
  for (const store of underWay) {
    signal.throwIfAborted();
    await store();
  }
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
