// Micro-batches for the toy trainer: sequences in which each id is mostly followed by the next one.
import type { MicroBatch } from '../../model/lora-types';
import type { TrainingData } from '../loop';

/** A sequence as a micro-batch of its own, every token but the last labelled. */
export function sequence(ids: readonly number[], row: number): MicroBatch {
  return {
    ids: Uint32Array.from(ids),
    positions: Uint32Array.from(ids.keys()),
    targets: Int32Array.from(ids, (_, t) => ids[t + 1] ?? -100),
    rows: new Uint32Array(ids.length).fill(row),
  };
}

/** Micro-batches as one. */
export function joined(batches: readonly MicroBatch[]): MicroBatch {
  const all = (part: (batch: MicroBatch) => ArrayLike<number>) => batches.flatMap((batch) => Array.from(part(batch)));
  return {
    ids: Uint32Array.from(all(({ ids }) => ids)),
    positions: Uint32Array.from(all(({ positions }) => positions)),
    targets: Int32Array.from(all(({ targets }) => targets)),
    rows: Uint32Array.from(all(({ rows }) => rows)),
  };
}

/** `rows` sequences of unequal length, `perStep` of them an update. */
export function toyData({ rows = 6, perStep = 2, vocabulary = 8, validation = 1 } = {}): TrainingData {
  const all = Array.from({ length: rows + validation }, (_, row) => {
    return sequence(
      Array.from({ length: 3 + (row % 4) }, (__, t) => (row + t) % vocabulary),
      row,
    );
  });
  const stepsPerEpoch = Math.ceil(rows / perStep);
  return {
    stepsPerEpoch,
    step: (n) => all.slice(0, rows).slice((n % stepsPerEpoch) * perStep, ((n % stepsPerEpoch) + 1) * perStep),
    validation: all.slice(rows),
  };
}
