// Which maps of which layers are trained, in groups that share an input, and where their matrices lie in the pools.
import type { ModelConfig } from '../../core/model-config';
import { LINEAR_MAPS, type LinearMap, linearMapsOf, type Projection, PROJECTIONS } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import type { LoraSpec } from '../lora-types';

/** The projections in the order in which a layer computes them. */
export const PROJECTION_NAMES = Object.keys(PROJECTIONS) as Projection[];

/** Sizes of a group's product. */
export interface GroupShape {
  readonly inputs: number;
  /** Rows of each of its maps, in the order in which they are stacked. */
  readonly rows: Readonly<Partial<Record<LinearMap, number>>>;
  /** Elements of an output row. */
  readonly stride: number;
}

/** Sizes of the four products of a layer. */
export function groupShapes(config: ModelConfig): Record<Projection, GroupShape> {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F } = config;
  return {
    qkv: { inputs: D, rows: { q_proj: H * d, k_proj: K * d, v_proj: K * d }, stride: (H + 2 * K) * d },
    output: { inputs: H * d, rows: { o_proj: D }, stride: D },
    gateUp: config.feedForward
      ? { inputs: D, rows: { up_proj: F }, stride: F }
      : { inputs: D, rows: { gate_proj: F, up_proj: F }, stride: 2 * F },
    down: { inputs: F, rows: { down_proj: D }, stride: D },
  };
}

/** A part of a pool, in floats. */
export interface Region {
  readonly pool: number;
  readonly offset: number;
  readonly length: number;
}

/** One trained map. */
interface AdaptedMapLayout {
  readonly map: LinearMap;
  /** layer · 7 + the map's place: keys its dropout masks. */
  readonly module: number;
  /** Its first row in the product's output row, and how many. */
  readonly first: number;
  readonly rows: number;
}

export interface DoraRegions {
  readonly magnitude: Region;
  readonly inverse: Region;
}

/** The trained maps of one product: A's stacked [J, K], J = maps · R; B's stacked [M, R]. */
export interface AdaptedGroup {
  readonly maps: readonly AdaptedMapLayout[];
  readonly inputs: number;
  readonly stride: number;
  /** J */
  readonly width: number;
  /** M */
  readonly rows: number;
  readonly a: Region;
  readonly b: Region;
  /** DoRA's magnitudes [M], among the B's; and one over the norms of the adapted rows, which are computed. */
  readonly dora?: DoraRegions;
}

type LayerLayout = Readonly<Partial<Record<Projection, AdaptedGroup>>>;

/** Where every trained number is. */
export interface Layout {
  /** One a layer of the model; empty where nothing is trained. */
  readonly layers: readonly LayerLayout[];
  /** The first layer with a trained map: what is below needs no gradient. */
  readonly lowest: number;
  /** Floats of each pool. A's and B's have pools of their own: LoRA+ has a learning rate for each. */
  readonly poolsA: readonly number[];
  readonly poolsB: readonly number[];
  /** One over the norms of DoRA's rows. */
  readonly poolsInverse: readonly number[];
  /** Trained numbers, without what aligns them. */
  readonly parameters: number;
}

/** Storage bindings begin at multiples of 256 bytes. */
const ALIGN = 64;

/**
 * Lays a LoRA out.
 * @param maxPoolBytes what one binding may hold
 * @throws PronkError `bad-config` for targets that the model has not, or none
 */
export function layOut(config: ModelConfig, spec: LoraSpec, maxPoolBytes: number): Layout {
  const shapes = groupShapes(config);
  const wanted = new Set(spec.targets.map(({ layer, map }) => `${layer} ${map}`));
  for (const { layer, map } of spec.targets) {
    if (layer < config.numLayers && layer >= 0 && linearMapsOf(config).includes(map)) continue;
    throw new PronkError(
      'bad-config',
      `Layer ${layer} ${map} cannot be trained: the model has layers 0 to ${config.numLayers - 1}, with ${linearMapsOf(config).join(', ')}.`,
    );
  }
  if (wanted.size === 0) {
    throw new PronkError('bad-config', 'No module is chosen for training: name at least one in target_modules.');
  }
  const [poolsA, poolsB, poolsInverse] = [new Pools(maxPoolBytes), new Pools(maxPoolBytes), new Pools(maxPoolBytes)];
  let parameters = 0;
  const layers = Array.from({ length: config.numLayers }, (_, layer) => {
    const groups = PROJECTION_NAMES.flatMap((name): [Projection, AdaptedGroup][] => {
      const { inputs, rows, stride } = shapes[name];
      let first = 0;
      const maps: AdaptedMapLayout[] = [];
      for (const map of PROJECTIONS[name]) {
        const count = rows[map] ?? 0;
        const module = layer * LINEAR_MAPS.length + LINEAR_MAPS.indexOf(map);
        if (wanted.has(`${layer} ${map}`)) maps.push({ map, module, first, rows: count });
        first += count;
      }
      if (maps.length === 0) return [];
      const width = maps.length * spec.rank;
      const stacked = maps.reduce((sum, map) => sum + map.rows, 0);
      parameters += width * inputs + stacked * (spec.rank + Number(spec.dora ?? false));
      const [a, b] = [poolsA.take(width * inputs), poolsB.take(stacked * spec.rank)];
      const dora = spec.dora && { magnitude: poolsB.take(stacked), inverse: poolsInverse.take(stacked) };
      return [[name, { maps, inputs, stride, width, rows: stacked, a, b, ...(dora && { dora }) }]];
    });
    return Object.fromEntries(groups) as LayerLayout;
  });
  const lowest = Math.min(...spec.targets.map(({ layer }) => layer));
  const sizes = { poolsA: poolsA.sizes, poolsB: poolsB.sizes, poolsInverse: poolsInverse.sizes };
  return { layers, lowest, ...sizes, parameters };
}

/** Fills pools one after another. */
class Pools {
  readonly sizes: number[] = [];
  readonly #most: number;

  constructor(maxBytes: number) {
    this.#most = Math.floor(maxBytes / 4 / ALIGN) * ALIGN;
  }

  take(length: number): Region {
    const padded = Math.ceil(length / ALIGN) * ALIGN;
    if (padded > this.#most) {
      throw new PronkError(
        'out-of-memory',
        'One of the adapter’s matrices exceeds what this device can bind. Choose a smaller r.',
      );
    }
    const last = this.sizes.at(-1);
    if (last === undefined || last + padded > this.#most) this.sizes.push(0);
    const pool = this.sizes.length - 1;
    const offset = this.sizes[pool];
    this.sizes[pool] = offset + padded;
    return { pool, offset, length };
  }
}
