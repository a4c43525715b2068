// Products of a frozen weight matrix with 8-bit integers: `linear` for x as codes, which `quantize` makes.
import { blockLayout, fitsKind, type WeightKind } from '../../core/weight-kinds';
import { op } from '../../gpu/op';
import integers4 from '../../../shaders/matmul/integers-4.wgsl?raw';
import integers8 from '../../../shaders/matmul/integers-8.wgsl?raw';
import gemmInt8 from '../../../shaders/matmul/gemm-int8.wgsl?raw';
import matvecInt8Blocks from '../../../shaders/matmul/matvec-int8-blocks.wgsl?raw';
import matvecInt8Broadcast from '../../../shaders/matmul/matvec-int8-broadcast.wgsl?raw';
import matvecInt8Words from '../../../shaders/matmul/matvec-int8-words.wgsl?raw';
import projection from '../../../shaders/matmul/projection.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { Snippets } from '../../gpu/wgsl';
import { activationSnippet } from '../activation';
import type { DotShape, KernelTarget, TileShape } from '../tuning';
import { isTiled, linear, type LinearVariant, matrixBytes } from './linear';
import { INPUT_BLOCK } from './quantize';
import { KERNEL_KINDS, weightDefinitions, weightSnippets } from './weights';

/**
 * Operations folded into a product. `norm`: x was multiplied by a norm's gain, and is divided by its root mean square.
 */
interface Variant extends Omit<LinearVariant, 'input'> {
  readonly shape: DotShape | TileShape;
}

/** Whether a matrix can be multiplied in integers: it has codes of 4 or 8 bits, and its rows are whole blocks of x. */
export function fitsIntegers(kind: WeightKind, columns: number): boolean {
  const layout = blockLayout(kind);
  if (!layout || columns % INPUT_BLOCK !== 0 || !fitsKind(kind, columns)) return false;
  return layout.table?.every((value) => Number.isInteger(value)) ?? true;
}

/** Variants of the product that the projections of a model need. */
function projections(output: 'f32' | 'f16'): Omit<Variant, 'kind' | 'shape'>[] {
  const folded: Omit<Variant, 'kind' | 'shape'>[] = [
    { output, norm: true },
    { output: 'f32', residual: true },
    { output: 'f32' },
    { output, norm: true, glu: true },
    { output, norm: true, glu: true, activation: 'gelu_tanh' },
    { output: 'f32', norm: true },
  ];
  const biased = folded.flatMap((each) => (each.activation ? [] : [{ ...each, bias: true }]));
  const scaled = biased.flatMap((each) => (each.glu ? [] : [{ ...each, rowScales: true }]));
  return [...folded, ...biased, ...scaled];
}

/** The snippet that gives a kind's codes four in a word. */
const integerSnippets = (kind: WeightKind): Snippets => (blockLayout(kind)?.bits === 8 ? { integers8 } : { integers4 });

/** y [T, N] = W·x in integers, with the operations that a variant folds in. */
export const linearInt8 = op({
  name: 'linear-int8',
  variants: ({ integers, activation }: KernelTarget) =>
    integers
      ? [integers.decode, integers.prefill].flatMap((shape) =>
          KERNEL_KINDS.filter((kind) => fitsIntegers(kind, INPUT_BLOCK)).flatMap((kind) =>
            projections(activation).map((each): Variant => ({ ...each, kind, shape })),
          ),
        )
      : [],
  source({ kind, shape, output, ...folded }: Variant) {
    const { norm = false, residual = false, glu = false, bias = false, rowScales = false } = folded;
    const { block = INPUT_BLOCK } = blockLayout(kind) ?? {};
    // threads that work alone loop over words; subgroups that read together have unrolled code
    const alone = !isTiled(shape) && shape.lanes === 1 && (shape.subgroup ?? 1) === 1;
    const { rows, tokens } = shape;
    const common = {
      ...weightDefinitions(kind, !alone),
      HAS_BIAS: bias,
      HAS_ROW_SCALES: rowScales,
      Input: 'u32',
      Output: output,
      PACKED_INPUT: false,
      HAS_HEADS: false,
      ROTATES: false,
      TILE_M: rows,
      HALF_M: rows / 2,
      TILE_N: tokens,
      PARTS: INPUT_BLOCK / block,
      HALF_BLOCKS: block < INPUT_BLOCK,
    };
    const shared = {
      state,
      ...weightSnippets(kind),
      ...integerSnippets(kind),
      ...activationSnippet(folded.activation ?? 'silu'),
      projection,
    };
    const overrides = { NORM: Number(norm), RESIDUAL: Number(residual), GLU: Number(glu) };
    if (isTiled(shape)) {
      const label = `gemm int8 ${kind} ${8 * tokens}x${8 * rows}`;
      return { label, definitions: common, snippets: { ...shared, gemmInt8 }, overrides };
    }
    const { lanes, workgroup, subgroup = 1 } = shape;
    const label = `matvec int8 ${kind} ${rows}x${tokens}/${lanes}${subgroup > 1 ? `s${subgroup}` : ''}`;
    const body = subgroup > 1 ? { matvecInt8Broadcast } : alone ? { matvecInt8Words } : { matvecInt8Blocks };
    return { label, definitions: { ...common, LANES: workgroup }, snippets: { ...shared, ...body }, overrides };
  },
  params: linear.params,
  bindings: linear.bindings,
  grid({ variant: { shape }, params, rows }) {
    const tokens = params.last_only ? 1 : rows;
    const groups = isTiled(shape) ? 8 : shape.workgroup / shape.lanes;
    const batch = isTiled(shape) ? 8 * shape.tokens : shape.tokens;
    return [Math.ceil(params.rows / shape.rows / groups), Math.ceil(tokens / batch)];
  },
  cost({ variant: { kind, output, glu = false, residual = false }, params, rows }) {
    const tokens = params.last_only ? 1 : rows;
    const written = (params.rows / (glu ? 2 : 1)) * (output === 'f16' ? 2 : 4) * (residual ? 2 : 1);
    return {
      flops: 2 * params.rows * params.columns * tokens,
      bytes: matrixBytes(kind, params.rows, params.columns) + tokens * (1.5 * params.columns + written),
    };
  },
  reference: linear.reference,
});
