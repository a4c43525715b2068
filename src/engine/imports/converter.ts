// The conversion of a batch of rows from a file for the store: checks, converts and measures. It neither reads nor
// writes, so a thread of its own may do it.
import type { Tensor } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { hasNonFinite } from '../../core/finite';
import type { PackedRows, WeightKind } from '../../core/weight-kinds';
import { convertRows } from '../../formats/checkpoint/weights';
import { isFloatType, roundsScales, storedKind } from '../../quant/elements';
import { repackRows } from '../../quant/repack';
import { type Sums, sumsOf } from './error-meter';

/** The description of a tensor to convert, without its rows. */
type ConvertedTensor = Omit<Tensor, 'readRows'>;

/** Rows of a tensor, in the file's element type. */
export interface Batch {
  readonly tensor: ConvertedTensor;
  readonly kind: WeightKind;
  /** Bytes of the rows, which their giver must not use any more. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rows: number;
}

export interface Converted {
  readonly stored: PackedRows;
  /** Error of a sample of the rows against their source; undefined where they are stored as they are. */
  readonly sums: Sums | undefined;
}

/** Converts batches. */
export interface Converter {
  /** Most batches in progress before the first one's result is awaited. */
  readonly ahead: number;
  /** @throws PronkError `nan-weights`, `weights-out-of-range` */
  readonly convert: (batch: Batch) => Promise<Converted>;
  /** Ends the converter; batches in progress are not answered. */
  readonly end: () => void;
}

/** Makes a converter for one import. */
export type ConverterFactory = () => Converter;

/** A converter that works in this thread. */
export const converterHere: ConverterFactory = () => ({
  ahead: 0,
  convert: async (batch) => convertBatch(batch),
  end: () => {},
});

/** @throws PronkError `nan-weights`, `weights-out-of-range` */
export function convertBatch({ tensor, kind, bytes, rows }: Batch): Converted {
  const { type, columns, scale } = tensor;
  const float = isFloatType(type);
  const kept = kind === storedKind(type);
  if (float && hasNonFinite(repackRows(type, bytes, rows, columns))) throw nanWeights(tensor);
  const stored = convertRows(tensor, kind, bytes, rows);
  // among finite numbers, only conversion to f16 gives others; kept floats were checked already
  if (!(float && kept) && hasNonFinite(stored)) throw float ? outOfRange(tensor) : nanWeights(tensor);
  const measured = !kept || roundsScales(type) || scale !== undefined;
  return { stored, sums: measured ? sumsOf(tensor, bytes, stored) : undefined };
}

function outOfRange({ name, place }: ConvertedTensor): PronkError {
  const message = `${place.file} holds values in ${name} that are too large for 16 bits. Nothing of it was kept. Keep them as they are, or choose 8 or 4 bits.`;
  return new PronkError('weights-out-of-range', message);
}

function nanWeights({ name, place }: ConvertedTensor): PronkError {
  const message = `${place.file} holds values in ${name} that are not numbers: its training or its download went wrong. Nothing of it was kept.`;
  return new PronkError('nan-weights', message);
}
