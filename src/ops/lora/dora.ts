// DoRA (Liu et al. 2024, arXiv:2402.09353) around a LoRA: y = m / ‖W + scale · B · A‖ ⊙ (W + scale · B · A) · x + bias, the norm
// being that of each row. As in PEFT the norm counts as a constant where gradients are taken.
import { type WeightKind, codeBytes } from '../../core/weight-kinds';
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import doraBackwardSource from '../../../shaders/lora/dora-backward.wgsl?raw';
import doraNormsSource from '../../../shaders/lora/dora-norms.wgsl?raw';
import doraRow from '../../../shaders/lora/dora-row.wgsl?raw';
import doraScaleSource from '../../../shaders/lora/dora-scale.wgsl?raw';
import loraBindings from '../../../shaders/lora/lora-bindings.wgsl?raw';
import { KERNEL_KINDS, weightDefinitions, weightSnippets } from '../matmul/weights';
import { folded } from '../rows';
import { LORA_PARAMS } from './lora';
import type { LoraShape } from './shape';

const WORKGROUP_SIZE = 64;

/** inverse [M] = 1 / ‖W + scale · B · A‖ of each row, for rows of one map in one part of its matrix. */
export const doraNorms = op({
  name: 'dora-norms',
  variants: () => KERNEL_KINDS.map((kind): { readonly kind: WeightKind } => ({ kind })),
  source: ({ kind }: { readonly kind: WeightKind }) => ({
    label: `dora-norms ${kind}`,
    definitions: { ...weightDefinitions(kind, false), WORKGROUP_SIZE },
    snippets: { ...weightSnippets(kind), doraNorms: doraNormsSource },
  }),
  params: {
    rows: 'u32',
    columns: 'u32',
    rank: 'u32',
    first: 'u32',
    first_b: 'u32',
    first_a: 'u32',
    scale: 'f32',
  },
  bindings: { a: 'read', b: 'read', inverse: 'read_write', codes: 'read', scales: 'read?' },
  // one thread a row
  grid: ({ params: { rows } }) => folded(Math.ceil(rows / WORKGROUP_SIZE)),
  cost: ({ variant: { kind }, params: { rows, columns, rank } }) => ({
    flops: rows * columns * (2 * rank + 4),
    bytes: rows * (codeBytes(kind, columns) + 4 * rank + 4) + 4 * rank * columns,
  }),
  reference: normsReference,
});

interface ScaleVariant {
  /** y += instead of y =. */
  readonly residual: boolean;
  readonly bias: boolean;
}

/** y [T, stride] (+)= m / norm ⊙ z + bias */
export const doraScale = op({
  name: 'dora-scale',
  variants: () => [true, false].flatMap((residual) => [true, false].map((bias): ScaleVariant => ({ residual, bias }))),
  source: ({ residual, bias }: ScaleVariant) => ({
    definitions: { WORKGROUP_SIZE, HAS_BIAS: bias },
    snippets: { state, loraBindings, doraRow, doraScale: doraScaleSource },
    overrides: { RESIDUAL: Number(residual) },
  }),
  params: LORA_PARAMS,
  bindings: { state: 'read', z: 'read', magnitude: 'read', inverse: 'read', y: 'read_write', bias: 'read?' },
  // one thread an element
  grid: ({ params: { stride }, rows }) => folded(Math.ceil((rows * stride) / WORKGROUP_SIZE)),
  cost: ({ params: { stride }, rows }) => ({ flops: 3 * stride * rows, bytes: 12 * stride * rows }),
  reference: scaleReference,
});

/** dm [M] += Σ dy · z / norm; z [T, stride] becomes its gradient. */
export const doraBackward = op({
  name: 'dora-backward',
  variants: () => [{}],
  source: () => ({
    definitions: { WORKGROUP_SIZE },
    snippets: { state, loraBindings, doraRow, doraBackward: doraBackwardSource },
  }),
  params: LORA_PARAMS,
  bindings: { state: 'read', dy: 'read', magnitude: 'read', inverse: 'read', z: 'read_write', dm: 'read_write' },
  // one thread an element of a row
  grid: ({ params: { stride } }) => [Math.ceil(stride / WORKGROUP_SIZE)],
  cost: ({ params: { stride }, rows }) => ({ flops: 3 * stride * rows, bytes: 12 * stride * rows }),
  reference: backwardReference,
});

/**
 * One over each row's norm in float64; 0 for a row of zeros.
 * @param w [N, K] @param a [R, K] @param b [N, R]
 */
function normsReference(
  w: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { columns, rank, scale }: { readonly columns: number; readonly rank: number; readonly scale: number },
): Float64Array {
  return Float64Array.from({ length: w.length / columns }, (_, row) => {
    let squares = 0;
    for (let k = 0; k < columns; k++) {
      let value = w[row * columns + k];
      for (let r = 0; r < rank; r++) value += scale * b[row * rank + r] * a[r * columns + k];
      squares += value ** 2;
    }
    return squares > 0 ? 1 / Math.sqrt(squares) : 0;
  });
}

/** m / norm of each element of an output row; 1 where no map is adapted. */
function factors({ stride, maps }: LoraShape, magnitude: ArrayLike<number>, inverse: ArrayLike<number>): Float64Array {
  const all = new Float64Array(stride).fill(1);
  let row = 0;
  for (const { first, rows } of maps) {
    for (let i = 0; i < rows; i++, row++) all[first + i] = magnitude[row] * inverse[row];
  }
  return all;
}

/** m / norm ⊙ z + bias in float64. @param z [T, stride] @param magnitude [M] @param inverse [M] @param bias [stride] */
function scaleReference(
  shape: LoraShape,
  z: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  inverse: ArrayLike<number>,
  bias?: ArrayLike<number>,
): Float64Array {
  const { stride } = shape;
  const scales = factors(shape, magnitude, inverse);
  return Float64Array.from(z, (value, i) => scales[i % stride] * value + (bias?.[i % stride] ?? 0));
}

/** The gradients of m and z in float64. @param dy [T, stride] @param z [T, stride] */
function backwardReference(
  shape: LoraShape,
  dy: ArrayLike<number>,
  z: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  inverse: ArrayLike<number>,
): { readonly magnitude: Float64Array; readonly z: Float64Array } {
  const { stride, maps } = shape;
  const scales = factors(shape, magnitude, inverse);
  const dm = new Float64Array(magnitude.length);
  let row = 0;
  for (const { first, rows } of maps) {
    for (let i = 0; i < rows; i++, row++) {
      for (let at = first + i; at < z.length; at += stride) dm[row] += dy[at] * z[at] * inverse[row];
    }
  }
  return { magnitude: dm, z: Float64Array.from(z, (_, i) => scales[i % stride] * dy[i]) };
}
