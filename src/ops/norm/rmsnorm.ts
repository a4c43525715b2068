// RMSNorm (Zhang and Sennrich 2019) as a dispatch of its own: training keeps what projections would fold in.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import shared from '../../../shaders/common/rmsnorm.wgsl?raw';
import stateSource from '../../../shaders/common/state.wgsl?raw';
import source from '../../../shaders/norm/rmsnorm.wgsl?raw';
import { type Form, rowForm, rowWorkgroups } from '../rows';

const LANES = 128;

export interface RmsnormVariant extends Form {
  /** Rows are the tokens that a list names, instead of all. */
  readonly picked: boolean;
}

/** One of the norm's two directions, over what both share. */
export function rowNormKernel(label: string, variant: RmsnormVariant, direction: string): Kernel {
  const { definitions, snippet } = rowForm(variant, LANES);
  const rows = { PICKED: Number(variant.picked), ALL: Number(!variant.picked) };
  return {
    label: `${label}${variant.picked ? ' picked' : ''}`,
    wgsl: compose({ ...definitions, ...rows }, stateSource, snippet, shared, direction),
  };
}

export function rmsnormKernel(variant: RmsnormVariant): Kernel {
  return rowNormKernel('rmsnorm', variant, source);
}

/** For the backward kernel too. */
export function rmsnormGrid(form: Form, rows: number): Grid {
  return [rowWorkgroups(form, rows)];
}

export interface RmsnormShape {
  /** D, a multiple of 4. */
  readonly columns: number;
  readonly epsilon: number;
  /** Token of each row; every token in order when left out. */
  readonly picked?: ArrayLike<number>;
}

/**
 * The reference in float64.
 * @param x [T, D] @param gain [D]
 * @returns [rows, D]
 */
export function rmsnormReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  { columns, epsilon, picked }: RmsnormShape,
): Float64Array {
  const rows = picked?.length ?? x.length / columns;
  const y = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = (picked?.[row] ?? row) * columns;
    let squares = 0;
    for (let k = 0; k < columns; k++) squares += x[from + k] ** 2;
    const scale = 1 / Math.sqrt(squares / columns + epsilon);
    for (let k = 0; k < columns; k++) y[row * columns + k] = x[from + k] * scale * gain[k];
  }
  return y;
}
