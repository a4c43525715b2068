// Products with a frozen weight matrix, forward and backward, each in two forms: by dot products along the rows (`matvec`), for
// few tokens or where barriers cost much, and by tiles in shared memory (`gemm`), for many tokens on hardware.
import type { Activation } from '../../core/model-config';
import { codeBytes, isBlockKind, scaleBytes, type WeightKind } from '../../core/weight-kinds';
import { op } from '../../gpu/op';
import type { Definitions } from '../../gpu/wgsl';
import gemmTransposed from '../../../shaders/matmul/gemm-transposed.wgsl?raw';
import gemm from '../../../shaders/matmul/gemm.wgsl?raw';
import lanesShared from '../../../shaders/matmul/lanes-shared.wgsl?raw';
import lanesSubgroups from '../../../shaders/matmul/lanes-subgroups.wgsl?raw';
import matvecBlocks from '../../../shaders/matmul/matvec-blocks.wgsl?raw';
import matvecBroadcast from '../../../shaders/matmul/matvec-broadcast.wgsl?raw';
import matvecSteps from '../../../shaders/matmul/matvec-steps.wgsl?raw';
import matvecQuads from '../../../shaders/matmul/matvec-quads.wgsl?raw';
import matvecTransposed from '../../../shaders/matmul/matvec-transposed.wgsl?raw';
import projection from '../../../shaders/matmul/projection.wgsl?raw';
import transposed from '../../../shaders/matmul/transposed.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import { activated, activationSnippet } from '../activation';
import type { DotShape, KernelTarget, LinearShape, TileShape } from '../tuning';
import { dotDefinitions, KERNEL_KINDS, weightDefinitions, weightSnippets } from './weights';

/** Threads along the rows of a tile, and quads of columns of a step, as in shaders/matmul/gemm.wgsl. */
const [ROW_LANES, STEP_QUADS] = [8, 8];

/**
 * The blocks of the matrix that a thread brings in a step: several, or a part of one.
 * @param each of eight threads' results along the matrix
 */
function shares(weights: Definitions, each: number, tokenLanes: number): Definitions {
  const blocks = (each * (STEP_QUADS / Number(weights['BLOCK_QUADS']))) / tokenLanes;
  return { ROW_LOADS: Math.max(1, blocks), ROW_PARTS: Math.max(1, 1 / blocks) };
}

export const isTiled = (shape: object): shape is TileShape => 'tokenLanes' in shape;
const tileTokens = ({ tokenLanes, tokens }: TileShape) => tokenLanes * tokens;
const tileName = (shape: TileShape) => `${tileTokens(shape)}x${ROW_LANES * shape.rows}`;
/** Number of tiles, each a workgroup, for so many results along the matrix and so many tokens. */
const tilesOf = (shape: TileShape, results: number, tokens: number) =>
  [Math.ceil(results / (ROW_LANES * shape.rows)), Math.ceil(tokens / tileTokens(shape))] as const;

/** Parameters of heads for products whose rows are none. */
export const NO_HEADS = { heads: 0, kv_heads: 0, head_dim: 0, context: 0, values_start: 0 } as const;

/** Operations folded into a product, and its kernel's shape. */
export interface LinearVariant {
  readonly kind: WeightKind;
  readonly shape: DotShape | TileShape;
  /** Element type of x. */
  readonly input: 'f32' | 'f16';
  /** Element type of y. */
  readonly output: 'f32' | 'f16';
  /** RMSNorm of x, with its gain. */
  readonly norm?: boolean;
  /** y += instead of y =. */
  readonly residual?: boolean;
  /** The matrix is gate rows, then up rows; y = f(gate) · up. */
  readonly glu?: boolean;
  /** f; SiLU when left out. */
  readonly activation?: Activation;
  /** A vector of the matrix's rows is added to the product. */
  readonly bias?: boolean;
  /** Each row's product is multiplied first: behind the biases, `bias` has a factor for each row. Not with glu. */
  readonly rowScales?: boolean;
  /**
   * Rows are heads of q, k and v: q goes to y, k and v go to the KV cache. Heads of q and k are rotated on the way,
   * unless all are only `placed`; parts of the matrix have even rows and begin with an even one.
   */
  readonly heads?: 'rotated' | 'placed';
  /** Columns are a multiple of 8, so that lanes that share rows of floats read two quads at once. */
  readonly wide?: boolean;
}

/** The projections of a model: what is folded into each, and between which element types. */
function projections(activation: KernelTarget['activation']): Omit<LinearVariant, 'kind' | 'shape'>[] {
  return [
    { input: 'f32', output: activation, norm: true },
    { input: activation, output: 'f32', residual: true },
    { input: activation, output: 'f32' },
    { input: 'f32', output: activation, norm: true, glu: true },
    { input: 'f32', output: activation, norm: true, glu: true, activation: 'gelu_tanh' },
    { input: 'f32', output: 'f32', norm: true },
    { input: 'f32', output: activation, norm: true, bias: true },
    { input: activation, output: 'f32', residual: true, bias: true },
    { input: 'f32', output: activation, norm: true, glu: true, bias: true },
    ...(['rotated', 'placed'] as const).flatMap((heads) => [
      { input: 'f32' as const, output: activation, norm: true, heads },
      { input: 'f32' as const, output: activation, norm: true, bias: true, heads },
    ]),
  ];
}

const shapesOf = (shapes: readonly LinearShape[]): (DotShape | TileShape)[] =>
  shapes.flatMap((each): readonly (DotShape | TileShape)[] => ('tokenLanes' in each ? [each] : each));

/**
 * Kinds that the catalogue has of a shape: two of them for shapes of larger matrices whose rows lanes share, since
 * those differ from the smallest one in constants alone; else all.
 */
const kindsOf = (shape: DotShape | TileShape): readonly WeightKind[] =>
  isTiled(shape) || shape.lanes === 1 || shape.from === undefined ? KERNEL_KINDS : ['f32', 'q4'];

/** The values of `wide` that kernels of a kind and a shape are made for. */
const widths = (kind: WeightKind, shape: DotShape | TileShape) =>
  takesWide(kind, shape) ? [{}, { wide: true }] : [{}];

/** Whether rows may be `wide`: only rows of floats that lanes share. */
export const takesWide = (kind: WeightKind, shape: DotShape | TileShape): boolean =>
  !isTiled(shape) && shape.lanes > 1 && !isBlockKind(kind);

/** The products with an adapter's matrices, which are f32. */
function adapterProjections(activation: KernelTarget['activation']): Omit<LinearVariant, 'kind' | 'shape'>[] {
  return [
    { input: activation, output: 'f32' },
    { input: 'f32', output: 'f32', norm: true },
    { input: 'f32', output: activation, residual: true },
    { input: 'f32', output: 'f32', residual: true },
  ];
}

/** Products of a base's matrices whose rows an adapter scales: DoRA's. */
function scaledProjections(activation: KernelTarget['activation']): Omit<LinearVariant, 'kind' | 'shape'>[] {
  return [
    { input: 'f32', output: activation, norm: true },
    { input: activation, output: 'f32', residual: true },
    { input: 'f32', output: 'f32', norm: true },
  ].map((each) => ({ ...each, bias: true, rowScales: true }) as Omit<LinearVariant, 'kind' | 'shape'>);
}

const elementBytes = (type: 'f32' | 'f16') => (type === 'f16' ? 2 : 4);

/** Bytes of a part of a matrix. */
export function matrixBytes(kind: WeightKind, rows: number, columns: number): number {
  return rows * codeBytes(kind, columns) + scaleBytes(kind, rows, columns);
}

/** Definitions of a step: a subgroup of so many lanes reads whole blocks of x at once, and at least a quad a lane. */
const stepOf = (blockQuads: number, lanes: number) => ({
  LANES: lanes,
  STEP_BLOCKS: Math.max(1, lanes / blockQuads),
  ONE_BLOCK: lanes <= blockQuads,
  LANE_QUADS: Math.max(1, blockQuads / lanes),
});

/** y [T, N] = W·x, with what a variant folds in. */
export const linear = op({
  name: 'linear',
  variants: ({ activation, cache, prefill, decode }: KernelTarget) =>
    shapesOf([prefill.linear, decode.linear]).flatMap((shape) => [
      ...kindsOf(shape).flatMap((kind) =>
        [...projections(activation), ...scaledProjections(activation)]
          // heads with biases take nine buffers where there are scales, which not every adapter has
          .filter(({ heads, bias }) => !heads || (cache !== 'q8' && (!bias || !isBlockKind(kind))))
          .flatMap((each) => widths(kind, shape).map((wide): LinearVariant => ({ ...each, kind, shape, ...wide }))),
      ),
      ...adapterProjections(activation).flatMap((each) =>
        widths('f32', shape).map((wide): LinearVariant => ({ ...each, kind: 'f32', shape, ...wide })),
      ),
    ]),
  source({ kind, shape, input, output, ...folded }: LinearVariant, target: KernelTarget) {
    const {
      norm = false,
      residual = false,
      glu = false,
      bias = false,
      activation = 'silu',
      rowScales = false,
      wide = false,
      heads,
    } = folded;
    const extras = {
      HAS_BIAS: bias,
      HAS_ROW_SCALES: rowScales,
      HAS_HEADS: heads !== undefined,
      ROTATES: heads === 'rotated',
      ...(heads && { Cache: target.cache }),
      Input: input,
      Output: output,
      HALF_M: shape.rows / 2,
      PACKED_INPUT: !isTiled(shape) && shape.lanes > 1 && input === 'f16' && (wide || isBlockKind(kind)),
    };
    const shared = { state, ...weightSnippets(kind), ...activationSnippet(activation), projection };
    const overrides = { NORM: Number(norm), RESIDUAL: Number(residual), GLU: Number(glu) };
    if (isTiled(shape)) {
      const weights = weightDefinitions(kind, true);
      const { tokenLanes, rows, tokens } = shape;
      // an input in f32 that is not normalized may be beyond f16, so its tiles stay f32
      const half = Boolean(shape.half) && (norm || input === 'f16');
      const tile = { TILE_M: rows, TILE_N: tokens, TOKEN_LANES: tokenLanes, ...shares(weights, rows, tokenLanes) };
      const elements = half
        ? { HALF_TILES: true, Tile: 'f16', TOGETHER: 2, SUM_QUADS: 4 }
        : { HALF_TILES: false, Tile: 'f32', TOGETHER: 1, SUM_QUADS: 1 };
      return {
        label: `gemm ${kind} ${tileName(shape)}${half ? ' half' : ''}`,
        definitions: { ...tile, ...elements, ...weights, ...extras },
        snippets: { ...shared, gemm },
        overrides,
      };
    }
    const { rows, tokens, lanes, workgroup, subgroup = 1 } = shape;
    const label = `matvec ${kind} ${rows}x${tokens}/${lanes}${subgroup > 1 ? `s${subgroup}` : ''}`;
    const tile = { TILE_M: rows, TILE_N: tokens, WORKGROUP_SIZE: workgroup, ...extras };
    if (lanes === 1) {
      const together = subgroup > 1 ? (isBlockKind(kind) ? shape.together : 'unrolled') : undefined;
      const weights = weightDefinitions(kind, together === 'unrolled');
      const definitions = { ...tile, ...weights, ...(together && stepOf(Number(weights['BLOCK_QUADS']), subgroup)) };
      const matvec =
        together === 'unrolled' ? { matvecBroadcast } : together === 'steps' ? { matvecSteps } : { matvecQuads };
      return { label, definitions, snippets: { ...shared, ...matvec }, overrides };
    }
    const reduction =
      subgroup > 1 ? { SUBGROUP_LANES: subgroup, MERGES: lanes > subgroup, EIGHT_ROWS: rows === 8 } : undefined;
    return {
      label,
      definitions: { ...tile, LANES: lanes, ...reduction, ...dotDefinitions(kind, target, wide) },
      snippets: { ...shared, ...(reduction ? { lanesSubgroups } : { lanesShared }), matvecBlocks },
      overrides,
    };
  },
  params: {
    rows: 'u32',
    columns: 'u32',
    row_start: 'u32',
    out_stride: 'u32',
    half: 'u32',
    last_only: 'u32',
    epsilon: 'f32',
    heads: 'u32',
    kv_heads: 'u32',
    head_dim: 'u32',
    context: 'u32',
    values_start: 'u32',
  },
  bindings: {
    state: 'read',
    x: 'read',
    gain: 'read',
    y: 'read_write',
    codes: 'read',
    scales: 'read?',
    bias: 'read?',
    keys_values: 'read_write?',
    table: 'read?',
  },
  grid({ variant: { shape }, params, rows }) {
    const tokens = params.last_only ? 1 : rows;
    if (isTiled(shape)) return tilesOf(shape, params.rows, tokens);
    const groups = Math.ceil(params.rows / shape.rows);
    return [Math.ceil(groups / (shape.workgroup / shape.lanes)), Math.ceil(tokens / shape.tokens)];
  },
  cost({ variant, params, rows }) {
    const { kind, input, output, glu = false, residual = false } = variant;
    const tokens = params.last_only ? 1 : rows;
    const read = params.columns * elementBytes(input);
    const written = (params.rows / (glu ? 2 : 1)) * elementBytes(output) * (residual ? 2 : 1);
    return {
      flops: 2 * params.rows * params.columns * tokens,
      bytes: matrixBytes(kind, params.rows, params.columns) + tokens * (read + written),
    };
  },
  reference: linearReference,
});

interface BackwardVariant {
  readonly kind: WeightKind;
  /** dx += instead of dx =. */
  readonly accumulate: boolean;
}

/** y [T, K] = x·W with W as it is stored: the gradient of what `linear` reads, x being that of what it writes. */
export const linearBackward = op({
  name: 'linear-backward',
  variants: () =>
    [true, false].flatMap((accumulate) => KERNEL_KINDS.map((kind): BackwardVariant => ({ kind, accumulate }))),
  source({ kind, accumulate }: BackwardVariant, { training: { linearBackward: shape } }: KernelTarget) {
    const tiled = isTiled(shape);
    const element = weightDefinitions(kind, tiled);
    const shared = { state, ...weightSnippets(kind), transposed };
    const overrides = { ACCUMULATE: Number(accumulate) };
    if (tiled) {
      const { tokenLanes, rows, tokens } = shape;
      const tile = {
        TILE_QUADS: rows / 4,
        TILE_N: tokens,
        TOKEN_LANES: tokenLanes,
        ...shares(element, rows, tokenLanes),
      };
      return {
        label: `gemm transposed ${kind} ${tileName(shape)}`,
        definitions: { FOUR: 4, ...tile, ...element },
        snippets: { ...shared, gemmTransposed },
        overrides,
      };
    }
    const { workgroup, tokens, quads } = shape;
    return {
      label: `matvec transposed ${kind}`,
      definitions: { WORKGROUP_SIZE: workgroup, TILE_N: tokens, TILE_QUADS: quads, ...element },
      snippets: { ...shared, matvecTransposed },
      overrides,
    };
  },
  params: { rows: 'u32', columns: 'u32', row_start: 'u32', x_stride: 'u32' },
  bindings: { state: 'read', x: 'read', y: 'read_write', codes: 'read', scales: 'read?' },
  grid({ target, params: { columns }, rows }) {
    const shape = target.training.linearBackward;
    if (isTiled(shape)) return tilesOf(shape, columns, rows);
    return [Math.ceil(columns / (4 * shape.quads * shape.workgroup)), Math.ceil(rows / shape.tokens)];
  },
  cost: ({ variant: { kind, accumulate }, params, rows }) => ({
    flops: 2 * params.rows * params.columns * rows,
    bytes:
      matrixBytes(kind, params.rows, params.columns) + 4 * rows * (params.rows + params.columns * (accumulate ? 2 : 1)),
  }),
  reference: linearBackwardReference,
});

/**
 * y in float64.
 * @param w [N, K] row-major @param x [T, K] @param gain [K] when x is normalised first @param bias [N]
 * @param rowScales [N]
 * @returns [T, N], or [T, N/2] with glu
 */
function linearReference(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  { rows, columns, tokens }: { rows: number; columns: number; tokens: number },
  options: {
    gain?: ArrayLike<number>;
    epsilon?: number;
    residual?: ArrayLike<number>;
    glu?: boolean;
    activation?: Activation;
    bias?: ArrayLike<number> | undefined;
    rowScales?: ArrayLike<number> | undefined;
  } = {},
): Float64Array {
  const { gain, epsilon = 0, residual, glu = false, activation = 'silu', bias, rowScales } = options;
  const width = glu ? rows / 2 : rows;
  const y = new Float64Array(tokens * width);
  for (let t = 0; t < tokens; t++) {
    let squares = 0;
    for (let k = 0; k < columns; k++) squares += x[t * columns + k] ** 2;
    const scale = gain ? 1 / Math.sqrt(squares / columns + epsilon) : 1;
    const dot = (n: number) => {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += w[n * columns + k] * x[t * columns + k] * (gain ? gain[k] : 1);
      return sum * scale * (rowScales?.[n] ?? 1) + (bias?.[n] ?? 0);
    };
    for (let n = 0; n < width; n++) {
      const value = dot(n);
      y[t * width + n] =
        (glu ? activated(activation, value).value * dot(n + width) : value) + (residual?.[t * width + n] ?? 0);
    }
  }
  return y;
}

/**
 * The gradient in float64.
 * @param w [N, K] row-major @param x [T, xStride], whose elements from `rowStart` meet w's rows
 * @returns [T, K]
 */
function linearBackwardReference(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  { rows, columns, tokens }: { rows: number; columns: number; tokens: number },
  { rowStart = 0, xStride = rows }: { rowStart?: number; xStride?: number } = {},
): Float64Array<ArrayBuffer> {
  const y = new Float64Array(tokens * columns);
  for (let t = 0; t < tokens; t++) {
    for (let n = 0; n < rows; n++) {
      const factor = x[t * xStride + rowStart + n];
      for (let k = 0; k < columns; k++) y[t * columns + k] += factor * w[n * columns + k];
    }
  }
  return y;
}
