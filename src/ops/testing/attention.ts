// Sequences side by side, for the tests of attention in training.
import { packPlaces } from '../places';

/** Places of sequences of these lengths, one after the other. */
export function placesOf(lengths: readonly number[]): Uint32Array<ArrayBuffer> {
  const each = <T>(of: (position: number, sequence: number) => T) =>
    lengths.flatMap((length, sequence) => Array.from({ length }, (_, position) => of(position, sequence)));
  return packPlaces({
    positions: Uint32Array.from(each((position) => position)),
    rows: Uint32Array.from(each((_, sequence) => sequence)),
  });
}
