// Sequences side by side, and what attention over them gives in float64: for the tests of attention in training.
import { deltaReference, packedAttentionBackwardQ } from '../attention/packed-attention-backward';
import { packedAttention, type PackedShape } from '../attention/packed-attention';
import { packPlaces } from '../attention/places';
import { random } from './numbers';

/** A micro-batch: its sequences' lengths, and the sizes of attention. */
export interface PackedCase extends PackedShape {
  readonly lengths: readonly number[];
}

/** Results of attention over a micro-batch, by the names of the buffers. */
export interface PackedResult {
  readonly out: ArrayLike<number>;
  readonly lse: ArrayLike<number>;
  readonly delta: ArrayLike<number>;
  readonly d_qkv: ArrayLike<number>;
}

/** Places of sequences of these lengths, one after the other. */
export function placesOf(lengths: readonly number[]): Uint32Array<ArrayBuffer> {
  const each = (of: (position: number, sequence: number) => number) =>
    Uint32Array.from(
      lengths.flatMap((length, sequence) => Array.from({ length }, (_, position) => of(position, sequence))),
    );
  return packPlaces({ positions: each((position) => position), rows: each((_, sequence) => sequence) });
}

/** Inputs of attention over a micro-batch. */
export interface PackedInputs {
  readonly qkv: Float32Array<ArrayBuffer>;
  readonly dOut: Float32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
  /** Angles by which the gradients of q and k are turned back. */
  readonly table?: Float32Array<ArrayBuffer>;
}

/** Random q|k|v and gradient of out, the same for a sequence wherever it stands: its number is in `seeds`. */
export function packedInputs(
  { lengths, heads, kvHeads, headDim }: PackedCase,
  seeds = lengths.map((_, i) => i),
): PackedInputs {
  const each = (width: number, scale: number, seed: number) =>
    Float32Array.from(
      lengths.flatMap((length, i) => Array.from(random(length * width, seeds[i] * 2 + seed), (x) => scale * x)),
    );
  return {
    qkv: each((heads + 2 * kvHeads) * headDim, 1.5, 11),
    dOut: each(heads * headDim, 1, 12),
    places: placesOf(lengths),
  };
}

/** The result in float64. */
export function packedReference(it: PackedCase, { qkv, dOut, places } = packedInputs(it)): PackedResult {
  const { out, lse } = packedAttention.reference(qkv, places, it);
  const delta = deltaReference(out, dOut, it);
  return { out, lse, delta, d_qkv: packedAttentionBackwardQ.reference(qkv, dOut, places, it) };
}
