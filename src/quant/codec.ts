// What a file's block type is: how long its blocks are, what they hold, and which stored kind takes that over.

import { f16ToF32 } from './f16';
import type { BlockKind } from '../core/weight-kinds';

/**
 * A block taken apart. Of its elements, each `block` share a scale and a minimum: x = scale · code + minimum, with the
 * table's value instead of the code where the kind has a table.
 */
export interface Unpacked {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  /** −0 where a type has none: x + −0 is x, for x = −0 too. */
  readonly minimums: Float32Array;
}

/** A block type of files. */
export interface BlockCodec {
  /** Bytes and elements of a whole block. */
  readonly bytes: number;
  readonly elements: number;
  /** Elements that share a scale. */
  readonly block: 16 | 32;
  /** The kind that holds its codes unchanged. */
  readonly kind: BlockKind;
  /**
   * What is taken off a code when it is stored. A minimum far below zero loses more when it is rounded to f16 than the
   * weights may (Q4_K: 6.5e-4 of them); the value of a code in the middle is small, and loses a third of that.
   */
  readonly centre: number;
  /** The stored codes, scales and minimums are the file's own bytes. */
  readonly verbatim?: boolean;
  /** A scale has more bits than f16, to which it is rounded when it is stored: a product, or f32. */
  readonly rounded?: boolean;
  unpack(bytes: Uint8Array, at: number, into: Unpacked): void;
}

/** The f16 at a place. */
export function half(bytes: Uint8Array, at: number): number {
  return f16ToF32(u16(bytes, at));
}

/** The little-endian u16 at a place. */
export function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/**
 * Code `j` of a field that lies in planes: each 32 bytes hold 32 codes in their lowest bits, the next 32 above those.
 */
export function plane(bytes: Uint8Array, at: number, j: number, bits: 1 | 2 | 4): number {
  const log = bits >> 1; // of bits: 0, 1, 2
  const byte = bytes[at + ((j >> (8 - log)) << 5) + (j & 31)];
  return (byte >> (((j >> 5) & ((8 >> log) - 1)) << log)) & ((1 << bits) - 1);
}

/** Room for any block. */
export function unpacked(): Unpacked {
  return { codes: new Int8Array(256), scales: new Float32Array(16), minimums: new Float32Array(16) };
}
