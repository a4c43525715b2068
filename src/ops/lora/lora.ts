// Low-rank updates y += scale · B·A·mask(x) of a group of linear maps that share their input (q|k|v, o, gate|up or down), and
// their gradients. The references are in lora-reference.ts.
import { compose, type Definitions, type Snippets } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import dropout from '../../../shaders/lora/dropout.wgsl?raw';
import dropoutNone from '../../../shaders/lora/dropout-none.wgsl?raw';
import laneSums from '../../../shaders/lora/lane-sums.wgsl?raw';
import loraBindings from '../../../shaders/lora/lora-bindings.wgsl?raw';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import loraAGradient from '../../../shaders/lora/lora-a-gradient.wgsl?raw';
import loraBGradient from '../../../shaders/lora/lora-b-gradient.wgsl?raw';
import loraDownBackward from '../../../shaders/lora/lora-down-backward.wgsl?raw';
import loraDown from '../../../shaders/lora/lora-down.wgsl?raw';
import loraUpBackward from '../../../shaders/lora/lora-up-backward.wgsl?raw';
import loraUp from '../../../shaders/lora/lora-up.wgsl?raw';

/** One adapted map of a group. */
export interface LoraMap {
  /** Element of a row of the group's output where the map's rows begin. */
  readonly first: number;
  readonly rows: number;
  /** Its number in the model, by which dropout masks differ: layer · 7 + index in LINEAR_MAPS. */
  readonly module: number;
}

/** The adapted maps of a group. A's are stacked [J, K] with J = maps · R, B's [M, R] with M = Σ rows, u and v are [T, J]. */
export interface LoraShape {
  /** K, width of what the maps read: a multiple of 4. */
  readonly columns: number;
  /** R */
  readonly rank: number;
  /** Elements of a row of the group's output, adapted or not. */
  readonly stride: number;
  readonly scale: number;
  /** 1 − the probability that dropout drops an input; 1 without dropout. */
  readonly keep: number;
  /** One to three, in the order in which A's and B's are stacked. */
  readonly maps: readonly LoraMap[];
}

/** Which form a device gets. */
export interface LoraForm {
  /** A CPU that plays a GPU: threads work alone, without barriers. */
  readonly software: boolean;
}

export interface LoraVariant extends LoraForm {
  /** With it, `places` and `noise` (seed, step) are bound; without it neither is. */
  readonly dropout: boolean;
}

/** M */
export const stackedRows = ({ maps }: LoraShape) => maps.reduce((sum, { rows }) => sum + rows, 0);

const upToThree = (values: readonly number[], rest = 0) => [...values, rest, rest, rest].slice(0, 4);

/** Parameters of all six kernels. */
export function loraParams(shape: LoraShape): Record<string, number | readonly number[]> {
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

/** Of a thread's tile. */
const [TILE_N, TILE_R, TILE_M] = [4, 8, 4];
/** Tokens of a tile where no thread shares sums, since outputs are many. */
const MANY_TOKENS = 8;
/** Threads that share a sum, on hardware. */
const [LANES, SLICES] = [32, 8];

const lanes = ({ software }: LoraForm, own: Definitions): Definitions => ({ ...own, SHARED: !software });
const summed = ({ software }: LoraForm): Snippets => (software ? {} : { laneSums });
const masks = (variant: LoraVariant): Snippets => (variant.dropout ? { places, dropout } : { dropoutNone });
const solo = ({ software }: LoraForm) => (software ? 8 : 64);

function kernel(label: string, definitions: Definitions, own: Snippets): Kernel {
  return { label, wgsl: compose(definitions, { state, loraBindings, ...own }) };
}

/** Dot products of many tokens with few rows: TILE_N × TILE_R of them a group of lanes. */
const dots = (form: LoraForm) => {
  const count = form.software ? 1 : LANES;
  const workgroup = form.software ? 8 : LANES;
  const definitions = { TILE_N, TILE_R, LANES: count, WORKGROUP_SIZE: workgroup, SUMS: TILE_N * TILE_R, Sum: 'f32' };
  return { definitions: lanes(form, definitions), tokens: (TILE_N * workgroup) / count };
};

const dotsGrid = (form: LoraForm, { rank, maps }: LoraShape, tokens: number): Grid => [
  Math.ceil(tokens / dots(form).tokens),
  Math.ceil(rank / TILE_R),
  maps.length,
];

/** u = A · mask(x); binds state, x, a, u, and with dropout places and noise. */
export function loraDownKernel(variant: LoraVariant): Kernel {
  return kernel('lora-down', dots(variant).definitions, { ...masks(variant), ...summed(variant), loraDown });
}
export const loraDownGrid = dotsGrid;

/** v = scale · Bᵀ · dy, the gradient of u; binds state, dy, b, v. */
export function loraUpBackwardKernel(form: LoraForm): Kernel {
  return kernel('lora-up-backward', dots(form).definitions, { ...summed(form), loraUpBackward });
}
export const loraUpBackwardGrid = dotsGrid;

/** y += scale · B · u; binds state, u, b, y. */
export function loraUpKernel(form: LoraForm): Kernel {
  return kernel('lora-up', { TILE_N: MANY_TOKENS, TILE_M, WORKGROUP_SIZE: solo(form) }, { loraUp });
}

const mostRows = ({ maps }: LoraShape) => Math.max(...maps.map(({ rows }) => rows));

export function loraUpGrid(form: LoraForm, shape: LoraShape, tokens: number): Grid {
  return [Math.ceil(mostRows(shape) / (solo(form) * TILE_M)), Math.ceil(tokens / MANY_TOKENS), shape.maps.length];
}

/** How B's rows are dealt out: threads side by side, lanes behind one another, rows of each thread. */
const bTile = ({ software }: LoraForm) =>
  software ? { span: 8, count: 1, rows: TILE_M } : { span: 16, count: SLICES, rows: 1 };

/** dB += scale · dyᵀ · u; binds state, dy, u, db. */
export function loraBGradientKernel(form: LoraForm): Kernel {
  const { span, count, rows } = bTile(form);
  const own = {
    TILE_M: rows,
    TILE_R,
    LANES: count,
    WORKGROUP_SIZE: span * count,
    SUMS: rows * TILE_R * span,
    Sum: 'f32',
  };
  return kernel('lora-b-gradient', lanes(form, own), { ...summed(form), loraBGradient });
}

export function loraBGradientGrid(form: LoraForm, shape: LoraShape): Grid {
  const { span, rows } = bTile(form);
  return [Math.ceil(mostRows(shape) / (span * rows)), Math.ceil(shape.rank / TILE_R), shape.maps.length];
}

/** Quads of A's columns side by side in a workgroup. */
const A_SPAN = 8;

/** dA += vᵀ · mask(x); binds state, x, v, da, and with dropout places and noise. */
export function loraAGradientKernel(variant: LoraVariant): Kernel {
  const count = variant.software ? 1 : SLICES;
  const own = { TILE_R, LANES: count, WORKGROUP_SIZE: A_SPAN * count, SUMS: TILE_R * A_SPAN, Sum: 'vec4f' };
  return kernel('lora-a-gradient', lanes(variant, own), { ...masks(variant), ...summed(variant), loraAGradient });
}

export function loraAGradientGrid(_: LoraForm, { columns, rank, maps }: LoraShape): Grid {
  return [Math.ceil(columns / 4 / A_SPAN), Math.ceil(rank / TILE_R), maps.length];
}

/** dx += mask(Aᵀ · v); binds state, v, a, dx, and with dropout places and noise. */
export function loraDownBackwardKernel(variant: LoraVariant): Kernel {
  const own = { TILE_N: MANY_TOKENS, WORKGROUP_SIZE: solo(variant) };
  return kernel('lora-down-backward', own, { ...masks(variant), loraDownBackward });
}

export function loraDownBackwardGrid(form: LoraForm, { columns }: LoraShape, tokens: number): Grid {
  return [Math.ceil(columns / 4 / solo(form)), Math.ceil(tokens / MANY_TOKENS)];
}
