// A matrix on the GPU, and the snippet that reads its kind: what every op over weights shares.
import type { Bound } from '../gpu/kernel';
import type { WeightKind } from '../quant/kinds';
import bf16 from '../../shaders/common/weights-bf16.wgsl?raw';
import f16 from '../../shaders/common/weights-f16.wgsl?raw';
import f32 from '../../shaders/common/weights-f32.wgsl?raw';
import q4 from '../../shaders/common/weights-q4.wgsl?raw';
import q4m from '../../shaders/common/weights-q4m.wgsl?raw';
import q8 from '../../shaders/common/weights-q8.wgsl?raw';

const SNIPPETS: Record<WeightKind, string> = { f32, f16, bf16, q8, q4, q4m };

/** Rows `rowStart` to `rowStart + rows` of a matrix: of one kind, and within what one binding may hold. */
export interface MatrixPart {
  readonly kind: WeightKind;
  readonly rowStart: number;
  readonly rows: number;
  readonly codes: Bound;
  /** Absent for float kinds. */
  readonly scales?: Bound;
}

/** A weight matrix [rows, columns] on the GPU. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly MatrixPart[];
}

/** WGSL that reads blocks of this kind. */
export function weightSnippet(kind: WeightKind): string {
  return SNIPPETS[kind];
}

/** Quads of elements that a kernel takes from a row at once. */
export function blockQuads(kind: WeightKind): number {
  return SNIPPETS[kind].includes('fn quad_7') ? 8 : 1;
}

/** The bindings of a part, by the snippet's variable names. */
export function bindPart(part: MatrixPart): Record<string, Bound> {
  return part.scales ? { codes: part.codes, scales: part.scales } : { codes: part.codes };
}
