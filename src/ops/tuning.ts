// Which form of each kernel a device gets, and the element types that a precision names. This table is the only place that
// chooses: ops take its fields and never ask what the device is.
import type { Features } from '../gpu/device';
import type { CacheElement } from './attention/cache-rows';

/**
 * `exact`: f32 everywhere. `fast`: f16 activations and KV cache, f32 accumulation and residual stream. `int8`: as `fast`, and
 * what enters a product with codes of 4 or 8 bits, and the KV cache, are rounded to 8 bits in blocks.
 */
export const PRECISIONS = ['exact', 'fast', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** How threads are dealt out. */
export interface LaneShape {
  /** Threads that share a result; 1 is a thread alone, which needs no barrier. */
  readonly lanes: number;
  /** Threads of a workgroup. */
  readonly workgroup: number;
}

/** Shape of the dot-product kernel. */
export interface DotShape extends LaneShape {
  /** Rows of the matrix that a thread group computes: 8 or 4 where lanes share them. */
  readonly rows: number;
  /** Tokens that a thread group computes. */
  readonly tokens: number;
  /** Lanes that add up by subgroup operations, at least 4 and no more than any subgroup has; 1, or left out, for none. */
  readonly subgroup?: number;
  /**
   * How threads that work alone, in a workgroup that is a subgroup, read x together for matrices in blocks; not at all when
   * left out. For matrices of floats they do.
   */
  readonly together?: 'unrolled' | 'steps';
  /** Rows of a matrix, from which on the shape is used. */
  readonly from?: number;
}

/** The dot-product kernel's shapes by the size of a matrix, those for more rows first; or tiles. */
export type LinearShape = readonly DotShape[] | TileShape;

/** The shape for a matrix of so many rows. */
export function shapeFor(shapes: LinearShape, rows: number): DotShape | TileShape {
  if ('tokenLanes' in shapes) return shapes;
  const found = shapes.find(({ from = 0 }) => rows >= from);
  if (!found) throw new Error(`no shape of the dot-product kernel is for ${rows} rows`);
  return found;
}

/** Shape of the kernel of a product with a transposed matrix, whose threads work alone. */
interface ColumnShape extends LaneShape {
  /** Tokens that a thread computes. */
  readonly tokens: number;
  /** Quads of columns that a thread computes. */
  readonly quads: number;
}

/** Shape of the kernel that goes over tiles in shared memory, for batches of many tokens: 8 threads along the rows. */
export interface TileShape {
  /** Threads along the tokens: with those along the rows a multiple of 64. */
  readonly tokenLanes: number;
  /** Rows of the matrix that a thread computes, or columns where it is transposed: 4 or 8. */
  readonly rows: number;
  /** Tokens that a thread computes. */
  readonly tokens: number;
  /** Tiles are f16, and so are sums over 16 columns, where f16 surely holds x. */
  readonly half?: boolean;
}

/** Attention by threads that work alone: each takes a query. */
interface FlashAlone extends LaneShape {
  readonly form: 'alone';
}

/** Attention over parts of the keys. */
export interface FlashSplit {
  readonly form: 'split';
  /** Threads of a workgroup. */
  readonly workgroup: number;
  /** Most lanes that share a key. */
  readonly keyLanes: number;
  /** Most quads of queries that a lane holds, and as many of sums. */
  readonly quads: number;
  /** Scores that lanes compute at a time: of so many keys for each query. */
  readonly scores: number;
  /** Lanes that share a key add up by subgroup operations. */
  readonly subgroups: boolean;
  /** Workgroups that keep the device busy: keys are split until there are as many. */
  readonly groups: number;
  /** Fewest positions of the context that a part is made for. */
  readonly leastKeys: number;
}

/** Attention by tiles of 64 queries and 32 keys, each of 128 threads. */
export interface FlashTiles {
  readonly form: 'tiles';
  /** Threads of a row of scores agree by subgroup operations. */
  readonly subgroups: boolean;
}

/** Shape of the attention kernel. */
export type FlashShape = FlashAlone | FlashSplit | FlashTiles;

/** Kernel shapes of a forward pass. */
export interface ForwardShape<Linear = LinearShape> {
  readonly linear: Linear;
  readonly attention: FlashShape;
}

/** Kernel shapes of LoRA's forward and backward pass. */
interface LoraTarget {
  /** A·x: few sums, which lanes share: as many as share a row of RMSNorm, which is folded in to the bit. */
  readonly dots: LaneShape;
  /** B·u: many sums, each of one thread. */
  readonly elements: LaneShape;
  /** The gradients of B and of A·x. */
  readonly outputBackward: {
    readonly workgroup: number;
    /** Threads that share the rows of B: one, or the workgroup. */
    readonly rowLanes: number;
    /** Threads that share the tokens. */
    readonly tokenLanes: number;
    /** Rows of B that a thread takes. */
    readonly rows: number;
  };
  /** The gradients of A and of x. */
  readonly inputBackward: { readonly workgroup: number; readonly tokenLanes: number };
}

/** Kernel shapes of training. */
interface TrainingTarget {
  readonly linear: LinearShape;
  readonly linearBackward: ColumnShape | TileShape;
  /** Attention over packed sequences, forward and backward. */
  readonly attention: LaneShape | 'tiles';
  /** Both directions of RMSNorm: lanes share a row. */
  readonly rmsnorm: LaneShape;
  /** Lanes share a row of logits. */
  readonly crossEntropy: LaneShape;
  /** Lanes share a piece of the gradient. */
  readonly gradientNorm: LaneShape;
  /** One workgroup sums a whole buffer. */
  readonly sum: LaneShape;
  readonly lora: LoraTarget;
}

/** Kernel shapes of products of whole numbers. */
interface IntegerTarget {
  readonly decode: DotShape;
  readonly prefill: DotShape | TileShape;
  /** Threads of a workgroup that rounds what enters a product. */
  readonly quantizeThreads: number;
}

/** Sizes that the peaks of a device are measured with. */
interface PeakTarget {
  readonly bytes: number;
  readonly threads: number;
  readonly iterations: number;
  /** Dispatches in a row. */
  readonly repeats: number;
}

interface SamplerShape {
  /** Threads of the one workgroup. */
  readonly threads: number;
  /** Vocabulary from which many workgroups sort chunks first. */
  readonly chunksFrom: number;
}

/** Everything about a device that decides which kernels it gets. */
export interface KernelTarget {
  readonly precision: Precision;
  /** `shader-f16` is there: f16 that weights are stored in can be read as what it is. */
  readonly f16: boolean;
  /** WGSL element type of activations between projections. */
  readonly activation: 'f32' | 'f16';
  /** Element type of the KV cache. */
  readonly cache: CacheElement;
  readonly decode: ForwardShape<readonly DotShape[]>;
  readonly prefill: ForwardShape;
  /** Where what enters products is rounded to 8 bits. */
  readonly integers?: IntegerTarget | undefined;
  readonly sampler: SamplerShape;
  /** An adapter's two products with one token's vector are one dispatch, in which each workgroup computes the first. */
  readonly lowRank: boolean;
  /** Lanes share a head of q or k that is normalized. */
  readonly headNorm: LaneShape;
  /** Most tokens of a prompt in one batch. */
  readonly batch: number;
  readonly training: TrainingTarget;
  readonly peak: PeakTarget;
}

type Shapes = Omit<KernelTarget, 'precision' | 'f16' | 'activation' | 'cache' | 'integers'>;

/**
 * Threads that work alone come in groups of a CPU's vector width: what one group reads is read once for all of them, and
 * small groups spread over the cores.
 */
const ALONE: LaneShape = { lanes: 1, workgroup: 8 };
const ONE_THREAD: LaneShape = { lanes: 1, workgroup: 1 };
const together = (lanes: number): LaneShape => ({ lanes, workgroup: lanes });

/** Lanes of a vector of lavapipe, whose compiler takes an unrolled block well. SwiftShader has four, and takes seconds. */
const UNROLLING = 8;

/** Products of one token, and of many. Threads read x together where their workgroup can be a subgroup. */
function softwareProducts({ subgroups, subgroupSize: subgroup = 0 }: Features): Record<'one' | 'many', DotShape[]> {
  if (!subgroups || ![4, UNROLLING].includes(subgroup)) {
    return { one: [{ ...ALONE, rows: 8, tokens: 1 }], many: [{ ...ALONE, rows: 4, tokens: 8 }] };
  }
  const joined = { lanes: 1, workgroup: subgroup, subgroup } as const;
  return subgroup === UNROLLING
    ? {
        one: [{ ...joined, rows: 2, tokens: 1, together: 'unrolled' }],
        many: [{ ...joined, rows: 8, tokens: 8, together: 'unrolled' }],
      }
    : { one: [{ ...joined, rows: 8, tokens: 1 }], many: [{ ...joined, rows: 4, tokens: 8, together: 'steps' }] };
}

/** A CPU that plays a GPU: each thread works alone, since barriers cost it 5 to 10 times the work. */
const softwareShapes = (features: Features): Shapes => ({
  decode: { linear: softwareProducts(features).one, attention: { ...ALONE, form: 'alone' } },
  prefill: { linear: softwareProducts(features).many, attention: { ...ALONE, form: 'alone' } },
  sampler: { threads: 8, chunksFrom: Infinity },
  lowRank: false,
  headNorm: ALONE,
  batch: 64,
  training: {
    linear: softwareProducts(features).many,
    linearBackward: { ...ALONE, tokens: 8, quads: 2 },
    attention: ALONE,
    rmsnorm: ALONE,
    crossEntropy: ALONE,
    gradientNorm: ALONE,
    sum: ONE_THREAD,
    lora: {
      dots: ALONE,
      elements: ALONE,
      outputBackward: { workgroup: 8, rowLanes: 1, tokenLanes: 1, rows: 4 },
      inputBackward: { workgroup: 8, tokenLanes: 1 },
    },
  },
  peak: { bytes: 128 * 2 ** 20, threads: 256, iterations: 2 ** 16, repeats: 1 },
});

/** Tiles of 64 tokens × 64 rows: 96 registers, so that 8 waves fit on RDNA 3; shared memory gives a multiply-add 1.5 bytes. */
const TILES: TileShape = { tokenLanes: 16, rows: 8, tokens: 4 };

/** Whether so many lanes side by side are sure to be of one subgroup; where its size is unknown, they are not. */
const sharesSubgroups = ({ subgroups, subgroupSize = 4 }: Features, lanes: number): boolean =>
  subgroups && subgroupSize >= lanes;

/** Two quads a lane in heads of up to 128, where subgroups are sure to be wide enough. */
function splitFlash(features: Features): FlashSplit {
  const subgroups = sharesSubgroups(features, 8);
  return {
    form: 'split',
    workgroup: 128,
    keyLanes: sharesSubgroups(features, 16) ? 16 : 8,
    quads: 16,
    scores: subgroups ? 32 : 8,
    subgroups,
    groups: 64,
    leastKeys: 32,
  };
}

/**
 * Teams of lanes for products with one token. Many rows fill a GPU by themselves: then x is read once for 8 of them. Where
 * there are few, as in an adapter's A, whole workgroups share 4.
 */
function teams({ subgroups, subgroupSize = 4 }: Features): readonly DotShape[] {
  const subgroup = subgroups ? Math.min(32, subgroupSize) : 1;
  // where subgroups are tiny, or of unknown size, parts of a team meet in shared memory
  const shape = { lanes: subgroup < 8 ? 32 : subgroup, workgroup: 64, tokens: 1, subgroup };
  return [
    { ...shape, rows: 8, from: 4096 },
    { ...shape, rows: 4, from: 512 },
    { ...shape, rows: 4, lanes: 256, workgroup: 256 },
  ];
}

const hardware = (features: Features, half: boolean): Shapes => ({
  decode: { linear: teams(features), attention: splitFlash(features) },
  prefill: { linear: { ...TILES, half }, attention: { form: 'tiles', subgroups: sharesSubgroups(features, 8) } },
  sampler: { threads: 256, chunksFrom: 8192 },
  lowRank: true,
  headNorm: together(32),
  batch: 256,
  training: {
    linear: TILES,
    linearBackward: TILES,
    attention: 'tiles',
    rmsnorm: together(64),
    crossEntropy: together(256),
    gradientNorm: together(256),
    sum: together(256),
    lora: {
      dots: together(64),
      elements: { lanes: 1, workgroup: 64 },
      outputBackward: { workgroup: 64, rowLanes: 64, tokenLanes: 4, rows: 1 },
      inputBackward: { workgroup: 64, tokenLanes: 8 },
    },
  },
  peak: { bytes: 2 ** 30, threads: 2 ** 17, iterations: 2 ** 14, repeats: 10 },
});

/** Threads of a subgroup of eight read x together: memory is read lane by lane. */
function softwareIntegers({ subgroups, subgroupSize }: Features): IntegerTarget {
  const joined = subgroups && subgroupSize === UNROLLING;
  const shape = { ...ALONE, subgroup: joined ? UNROLLING : 1 };
  return {
    decode: { ...shape, rows: joined ? 2 : 4, tokens: 1 },
    prefill: { ...shape, rows: 4, tokens: joined ? 8 : 4 },
    quantizeThreads: 8,
  };
}

const HARDWARE_INTEGERS: IntegerTarget = {
  decode: { ...together(32), rows: 4, tokens: 1 },
  prefill: { tokenLanes: 8, rows: 8, tokens: 4 },
  quantizeThreads: 64,
};

/**
 * The fixed table. Without `shader-f16`, `fast` computes what `exact` does: the precision is a promise of at least that.
 * `int8` needs no feature: integer dot products belong to the same part of WGSL as the unpacking of codes.
 * @param software a CPU that plays a GPU
 */
export function tune(features: Features, software: boolean, precision: Precision): KernelTarget {
  const element = precision !== 'exact' && features.f16 ? 'f16' : 'f32';
  const { f16 } = features;
  const integers = precision === 'int8' ? (software ? softwareIntegers(features) : HARDWARE_INTEGERS) : undefined;
  return {
    precision,
    f16,
    activation: element,
    cache: precision === 'int8' ? 'q8' : element,
    integers,
    ...(software ? softwareShapes(features) : hardware(features, element === 'f16')),
  };
}
