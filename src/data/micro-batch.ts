// Tokenized rows as the arrays that the model trains on.
import { IGNORED, type TokenizedRow } from './types';

/** Rows side by side, without padding: the arrays of `MicroBatch` in `model/lora-types.ts`, T tokens each. */
export interface MicroBatchArrays {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** From 0 in each row. */
  readonly positions: Uint32Array<ArrayBuffer>;
  /** Labels moved one token to the front; a row's last token has none, so that no row predicts the next one's first. */
  readonly targets: Int32Array<ArrayBuffer>;
  readonly rows: Uint32Array<ArrayBuffer>;
}

export function toMicroBatch(rows: readonly TokenizedRow[]): MicroBatchArrays {
  const length = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const batch = {
    ids: new Uint32Array(length),
    positions: new Uint32Array(length),
    targets: new Int32Array(length).fill(IGNORED),
    rows: new Uint32Array(length),
  };
  let at = 0;
  for (const { row, ids, labels } of rows) {
    batch.ids.set(ids, at);
    batch.targets.set(labels.slice(1), at);
    batch.rows.fill(row, at, at + ids.length);
    for (let i = 0; i < ids.length; i++) batch.positions[at + i] = i;
    at += ids.length;
  }
  return batch;
}

/** Tokens of a row that are predicted and counted in the loss: its first token is never predicted. */
export function countLabels({ labels }: Pick<TokenizedRow, 'labels'>): number {
  return labels.reduce((count, label, i) => count + (i > 0 && label !== IGNORED ? 1 : 0), 0);
}
