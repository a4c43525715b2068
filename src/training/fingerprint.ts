// Knowing data again: a digest of the rows as the model reads them, so that whatever changes a token changes it.
import { createXXHash128 } from 'hash-wasm';
import type { LoraPair } from '../core/adapter';
import type { TokenizedRow } from '../data/types';

/** XXH3-128 of rows, in their order. */
export async function rowsFingerprint(rows: readonly TokenizedRow[]): Promise<string> {
  const hasher = await createXXHash128();
  hasher.init();
  for (const { row, ids, labels } of rows) {
    hasher.update(new Uint8Array(Int32Array.of(row, ids.length, ...ids, ...labels).buffer));
  }
  return hasher.digest('hex');
}

/** XXH3-128 of an adapter's numbers. */
export async function pairsFingerprint(pairs: readonly LoraPair[]): Promise<string> {
  const hasher = await createXXHash128();
  hasher.init();
  for (const { layer, map, rank, scale, a, b, magnitude } of pairs) {
    hasher.update(`${layer} ${map} ${rank} ${scale}\n`);
    for (const { buffer, byteOffset, byteLength } of [a, b, ...(magnitude ? [magnitude] : [])])
      hasher.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hasher.digest('hex');
}
