// Low-rank updates y += scale · B·A·mask(x) of a group of linear maps that share their input (q|k|v, o, gate|up or down).
// lora-backward.ts has their gradients, lora-reference.ts the references.
import type { Activation } from '../../core/model-config';
import { op } from '../../gpu/op';
import type { FieldValues } from '../../gpu/struct';
import type { Snippets } from '../../gpu/wgsl';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import dropoutSource from '../../../shaders/lora/dropout.wgsl?raw';
import dropoutNone from '../../../shaders/lora/dropout-none.wgsl?raw';
import laneSums from '../../../shaders/lora/lane-sums.wgsl?raw';
import loraBindings from '../../../shaders/lora/lora-bindings.wgsl?raw';
import loraDownSource from '../../../shaders/lora/lora-down.wgsl?raw';
import loraUpGluSource from '../../../shaders/lora/lora-up-glu.wgsl?raw';
import loraUpSource from '../../../shaders/lora/lora-up.wgsl?raw';
import { ACTIVATIONS, activationSnippet } from '../activation';
import { GLU_LABELS } from '../glu/glu';
import type { KernelTarget, LaneShape } from '../tuning';
import { downReference, upGluReference, upReference } from './lora-reference';
import { type LoraShape, stackedRows } from './shape';

/** Parameters of all kernels of low-rank updates (shaders/lora/lora-bindings.wgsl). */
export const LORA_PARAMS = {
  columns: 'u32',
  rank: 'u32',
  maps: 'u32',
  stride: 'u32',
  scale: 'f32',
  keep: 'f32',
  epsilon: 'f32',
  first: 'vec4u',
  begin: 'vec4u',
  modules: 'vec4u',
} as const;
export type LoraParams = FieldValues<typeof LORA_PARAMS>;

const upToThree = ([a, b, c]: readonly number[], rest = 0) => [a ?? rest, b ?? rest, c ?? rest, rest] as const;

/** The parameters of a group. */
export function loraParams(shape: LoraShape): LoraParams {
  const { columns, rank, stride, scale, keep, epsilon = 0, maps } = shape;
  const begin = maps.map((_, s) => stackedRows({ ...shape, maps: maps.slice(0, s) }));
  return {
    columns,
    rank,
    maps: maps.length,
    stride,
    scale,
    keep,
    epsilon,
    first: upToThree(maps.map(({ first }) => first)),
    begin: upToThree(begin, stackedRows(shape)),
    modules: upToThree(maps.map(({ module }) => module)),
  };
}

/** Tokens and ranks of a thread's tile. */
export const [TILE_N, TILE_R] = [4, 8];
/** Rows of B that a thread takes. */
const TILE_M = 4;
/** Tokens of a tile where no thread shares sums, since outputs are many. */
export const MANY_TOKENS = 8;

/** Snippets that draw dropout masks, or leave values as they are without dropout. */
export const masks = (dropout: boolean): Snippets => (dropout ? { places, dropout: dropoutSource } : { dropoutNone });
/** Snippets with which threads add up sums that they share; none for threads that work alone. */
export const summed = (lanes: number): Snippets => (lanes === 1 ? {} : { laneSums });

/** Elements of shared memory that some lanes need for `sums` sums each. */
export const partials = (lanes: number, sums: number) => lanes * (sums + 1);

/** Rows of the stacked B's of the map that has the most. */
export const mostRows = ({ begin, maps }: LoraParams) =>
  Math.max(...Array.from({ length: maps }, (_, map) => begin[map + 1] - begin[map]));
const allRows = ({ begin, maps }: LoraParams) => begin[maps];

interface CostOf {
  readonly params: LoraParams;
  readonly rows: number;
}

/** FLOP and bytes of a product of A with each token, forward or backward. */
export const costOfA = ({ params: { columns, rank, maps }, rows }: CostOf) => ({
  flops: 2 * columns * rank * maps * rows,
  bytes: 4 * (columns * rank * maps + rows * (columns + rank * maps)),
});
/** FLOP and bytes of a product of B with each token, forward or backward. */
export const costOfB = ({ params: own, rows }: CostOf) => ({
  flops: 2 * allRows(own) * own.rank * rows,
  bytes: 4 * (allRows(own) * own.rank + rows * (allRows(own) + own.rank * own.maps)),
});

interface DownVariant {
  /** Whether there is dropout, for which `places` and `noise` (seed, step) are bound. */
  readonly dropout: boolean;
  /**
   * Whether x goes through an RMSNorm first, whose result is written too; not with dropout, which would bind too many
   * buffers.
   */
  readonly normed?: boolean;
}

/** u [T, J] = A · mask(x), or A · rmsnorm(x) with `normalized` [T, K] and one over the rms of each row. */
export const loraDown = op({
  name: 'lora-down',
  variants: (): DownVariant[] => [{ dropout: true }, { dropout: false }, { dropout: false, normed: true }],
  source({ dropout, normed = false }: DownVariant, { training: { lora } }: KernelTarget) {
    const { lanes, workgroup } = lora.dots;
    return {
      label: `lora-down${normed ? ' rmsnorm' : ''}`,
      definitions: {
        TILE_N,
        TILE_R,
        LANES: lanes,
        WORKGROUP_SIZE: workgroup,
        SHARED: lanes > 1,
        Sum: 'f32',
        PARTIALS: partials(lanes, TILE_N * TILE_R),
        NORMED: normed,
      },
      snippets: { state, loraBindings, ...masks(dropout), ...summed(lanes), loraDown: loraDownSource },
    };
  },
  params: LORA_PARAMS,
  bindings: {
    state: 'read',
    places: 'read?',
    noise: 'read?',
    x: 'read',
    a: 'read',
    u: 'read_write',
    gain: 'read?',
    normalized: 'read_write?',
    inverse: 'read_write?',
  },
  grid({ target, params: { rank, maps }, rows }) {
    const { lanes, workgroup } = target.training.lora.dots;
    return [Math.ceil(rows / (TILE_N * (workgroup / lanes))), Math.ceil(rank / TILE_R), maps];
  },
  cost: costOfA,
  reference: downReference,
});

const elements = ({ workgroup }: LaneShape) => ({ TILE_N: MANY_TOKENS, WORKGROUP_SIZE: workgroup });

/** y += scale · B · u */
export const loraUp = op({
  name: 'lora-up',
  variants: () => [{}],
  source: (_: object, { training: { lora } }: KernelTarget) => ({
    definitions: { ...elements(lora.elements), TILE_M },
    snippets: { state, loraBindings, loraUp: loraUpSource },
  }),
  params: LORA_PARAMS,
  bindings: { state: 'read', u: 'read', b: 'read', y: 'read_write' },
  grid: ({ target, params: own, rows }) => [
    Math.ceil(mostRows(own) / (target.training.lora.elements.workgroup * TILE_M)),
    Math.ceil(rows / MANY_TOKENS),
    own.maps,
  ],
  cost: costOfB,
  reference: upReference,
});

/** Rows of gate and of up that a thread takes. */
const GLU_ROWS = 2;

interface UpGluVariant {
  readonly activation: Activation;
}

/** gate|up [T, 2F] += scale · B · u, and hidden [T, F] = f(gate) · up; both maps are adapted. */
export const loraUpGlu = op({
  name: 'lora-up-glu',
  variants: () => ACTIVATIONS.map((activation): UpGluVariant => ({ activation })),
  source: ({ activation }: UpGluVariant, { training: { lora } }: KernelTarget) => ({
    label: `lora-up ${GLU_LABELS[activation]}`,
    definitions: { ...elements(lora.elements), TILE_M: GLU_ROWS },
    snippets: { state, loraBindings, ...activationSnippet(activation), loraUpGlu: loraUpGluSource },
  }),
  params: LORA_PARAMS,
  bindings: { state: 'read', u: 'read', b: 'read', gate_up: 'read_write', hidden: 'read_write' },
  grid: ({ target, params: { begin }, rows }) => [
    Math.ceil(begin[1] / (target.training.lora.elements.workgroup * GLU_ROWS)),
    Math.ceil(rows / MANY_TOKENS),
  ],
  cost({ params: own, rows }) {
    const { flops, bytes } = costOfB({ params: own, rows });
    return { flops: flops + 4 * allRows(own) * rows, bytes: bytes + 6 * allRows(own) * rows };
  },
  reference: upGluReference,
});
