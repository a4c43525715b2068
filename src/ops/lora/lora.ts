// Low-rank updates y += scale · B·A·mask(x) of a group of linear maps that share their input (q|k|v, o, gate|up or down), and
// their gradients. The references are in lora-reference.ts.
import { op } from '../../gpu/op';
import type { FieldValues } from '../../gpu/struct';
import type { Snippets } from '../../gpu/wgsl';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import dropoutSource from '../../../shaders/lora/dropout.wgsl?raw';
import dropoutNone from '../../../shaders/lora/dropout-none.wgsl?raw';
import laneSums from '../../../shaders/lora/lane-sums.wgsl?raw';
import loraAGradientSource from '../../../shaders/lora/lora-a-gradient.wgsl?raw';
import loraBGradientSource from '../../../shaders/lora/lora-b-gradient.wgsl?raw';
import loraBindings from '../../../shaders/lora/lora-bindings.wgsl?raw';
import loraDownBackwardSource from '../../../shaders/lora/lora-down-backward.wgsl?raw';
import loraDownSource from '../../../shaders/lora/lora-down.wgsl?raw';
import loraUpBackwardSource from '../../../shaders/lora/lora-up-backward.wgsl?raw';
import loraUpSource from '../../../shaders/lora/lora-up.wgsl?raw';
import type { KernelTarget, LaneShape } from '../tuning';
import {
  aGradientReference,
  bGradientReference,
  downBackwardReference,
  downReference,
  upBackwardReference,
  upReference,
} from './lora-reference';
import { type LoraShape, stackedRows } from './shape';

export interface LoraVariant {
  /** With it, `places` and `noise` (seed, step) are bound; without it neither is. */
  readonly dropout: boolean;
}

/** Parameters of all kernels of low-rank updates (shaders/lora/lora-bindings.wgsl). */
export const LORA_PARAMS = {
  columns: 'u32',
  rank: 'u32',
  maps: 'u32',
  stride: 'u32',
  scale: 'f32',
  keep: 'f32',
  first: 'vec4u',
  begin: 'vec4u',
  modules: 'vec4u',
} as const;
type Params = FieldValues<typeof LORA_PARAMS>;

const upToThree = ([a, b, c]: readonly number[], rest = 0) => [a ?? rest, b ?? rest, c ?? rest, rest] as const;

/** The parameters of a group. */
export function loraParams(shape: LoraShape): Params {
  const { columns, rank, stride, scale, keep, maps } = shape;
  const begin = maps.map((_, s) => stackedRows({ ...shape, maps: maps.slice(0, s) }));
  return {
    columns,
    rank,
    maps: maps.length,
    stride,
    scale,
    keep,
    first: upToThree(maps.map(({ first }) => first)),
    begin: upToThree(begin, stackedRows(shape)),
    modules: upToThree(maps.map(({ module }) => module)),
  };
}

/** Tokens, ranks and rows of a thread's tile. */
const [TILE_N, TILE_R, TILE_M] = [4, 8, 4];
/** Tokens of a tile where no thread shares sums, since outputs are many. */
const MANY_TOKENS = 8;

const bothMasks = () => [{ dropout: true }, { dropout: false }];
const masks = ({ dropout }: LoraVariant): Snippets => (dropout ? { places, dropout: dropoutSource } : { dropoutNone });
const summed = ({ lanes }: LaneShape): Snippets => (lanes === 1 ? {} : { laneSums });

/** What lanes that share `sums` sums are composed with. */
const shared = ({ lanes, workgroup }: LaneShape, sums: number, type: 'f32' | 'vec4f') => ({
  LANES: lanes,
  WORKGROUP_SIZE: workgroup,
  SUMS: sums,
  Sum: type,
  SHARED: lanes > 1,
});

/** Threads of a workgroup that do not share sums with one another. */
const span = ({ lanes, workgroup }: LaneShape) => workgroup / lanes;

/** Rows of the stacked B's of the map that has the most. */
const mostRows = ({ begin, maps }: Params) =>
  Math.max(...Array.from({ length: maps }, (_, map) => begin[map + 1] - begin[map]));
const allRows = ({ begin, maps }: Params) => begin[maps];

/** Dot products of many tokens with few rows: TILE_N × TILE_R of them a group of lanes. */
const dots = (shape: LaneShape) => ({ TILE_N, TILE_R, ...shared(shape, TILE_N * TILE_R, 'f32') });
const dotsGrid = ({ target, params: { rank, maps }, rows }: { target: KernelTarget; params: Params; rows: number }) =>
  [Math.ceil(rows / (TILE_N * span(target.training.lora.dots))), Math.ceil(rank / TILE_R), maps] as const;

/** FLOP and bytes of a product of A with each token, forward or backward. */
const costOfA = ({ params: { columns, rank, maps }, rows }: { params: Params; rows: number }) => ({
  flops: 2 * columns * rank * maps * rows,
  bytes: 4 * (columns * rank * maps + rows * (columns + rank * maps)),
});
/** FLOP and bytes of a product of B with each token, forward or backward. */
const costOfB = ({ params: own, rows }: { params: Params; rows: number }) => ({
  flops: 2 * allRows(own) * own.rank * rows,
  bytes: 4 * (allRows(own) * own.rank + rows * (allRows(own) + own.rank * own.maps)),
});

/** u = A · mask(x) */
export const loraDown = op({
  name: 'lora-down',
  variants: bothMasks,
  source(variant: LoraVariant, { training: { lora } }: KernelTarget) {
    const own = { ...masks(variant), ...summed(lora.dots), loraDown: loraDownSource };
    return { definitions: dots(lora.dots), snippets: { state, loraBindings, ...own } };
  },
  params: LORA_PARAMS,
  bindings: { state: 'read', places: 'read?', noise: 'read?', x: 'read', a: 'read', u: 'read_write' },
  grid: dotsGrid,
  cost: costOfA,
  reference: downReference,
});

/** v = scale · Bᵀ · dy, the gradient of u */
export const loraUpBackward = op({
  name: 'lora-up-backward',
  variants: () => [{}],
  source(_: object, { training: { lora } }: KernelTarget) {
    const own = { ...summed(lora.dots), loraUpBackward: loraUpBackwardSource };
    return { definitions: dots(lora.dots), snippets: { state, loraBindings, ...own } };
  },
  params: LORA_PARAMS,
  bindings: { state: 'read', dy: 'read', b: 'read', v: 'read_write' },
  grid: dotsGrid,
  cost: costOfB,
  reference: upBackwardReference,
});

/** y += scale · B · u */
export const loraUp = op({
  name: 'lora-up',
  variants: () => [{}],
  source: (_: object, { training: { lora } }: KernelTarget) => ({
    definitions: { TILE_N: MANY_TOKENS, TILE_M, WORKGROUP_SIZE: lora.elements.workgroup },
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

/** dB += scale · dyᵀ · u; the grid is over B's elements, and rows are tokens. */
export const loraBGradient = op({
  name: 'lora-b-gradient',
  variants: () => [{}],
  source(_: object, { training: { lora } }: KernelTarget) {
    const { rows, ...shape } = lora.bGradient;
    return {
      definitions: { TILE_M: rows, TILE_R, ...shared(shape, rows * TILE_R * span(shape), 'f32') },
      snippets: { state, loraBindings, ...summed(shape), loraBGradient: loraBGradientSource },
    };
  },
  params: LORA_PARAMS,
  bindings: { state: 'read', dy: 'read', u: 'read', db: 'read_write' },
  grid({ target, params: own }) {
    const { rows, ...shape } = target.training.lora.bGradient;
    return [Math.ceil(mostRows(own) / (span(shape) * rows)), Math.ceil(own.rank / TILE_R), own.maps];
  },
  cost: costOfB,
  reference: bGradientReference,
});

/** dA += vᵀ · mask(x); the grid is over A's elements, and rows are tokens. */
export const loraAGradient = op({
  name: 'lora-a-gradient',
  variants: bothMasks,
  source(variant: LoraVariant, { training: { lora } }: KernelTarget) {
    const shape = lora.aGradient;
    const own = { ...masks(variant), ...summed(shape), loraAGradient: loraAGradientSource };
    return {
      definitions: { TILE_R, ...shared(shape, TILE_R * span(shape), 'vec4f') },
      snippets: { state, loraBindings, ...own },
    };
  },
  params: LORA_PARAMS,
  bindings: { state: 'read', places: 'read?', noise: 'read?', x: 'read', v: 'read', da: 'read_write' },
  grid: ({ target, params: { columns, rank, maps } }) => [
    Math.ceil(columns / 4 / span(target.training.lora.aGradient)),
    Math.ceil(rank / TILE_R),
    maps,
  ],
  cost: costOfA,
  reference: aGradientReference,
});

/** dx += mask(Aᵀ · v) */
export const loraDownBackward = op({
  name: 'lora-down-backward',
  variants: bothMasks,
  source: (variant: LoraVariant, { training: { lora } }: KernelTarget) => ({
    definitions: { TILE_N: MANY_TOKENS, WORKGROUP_SIZE: lora.elements.workgroup },
    snippets: { state, loraBindings, ...masks(variant), loraDownBackward: loraDownBackwardSource },
  }),
  params: LORA_PARAMS,
  bindings: { state: 'read', places: 'read?', noise: 'read?', v: 'read', a: 'read', dx: 'read_write' },
  grid: ({ target, params: { columns }, rows }) => [
    Math.ceil(columns / 4 / target.training.lora.elements.workgroup),
    Math.ceil(rows / MANY_TOKENS),
  ],
  cost: costOfA,
  reference: downBackwardReference,
});
