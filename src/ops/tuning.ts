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

/** Threads of a kernel: those that share a result, and those of a workgroup. */
export interface LaneShape {
  /** Threads that share a result; 1 is a thread alone, which needs no barrier. */
  readonly lanes: number;
  /** Threads of a workgroup. */
  readonly workgroup: number;
}

/** Shape of the dot-product kernel. */
export interface DotShape extends LaneShape {
  /** Rows of the matrix that a group of threads computes: 8 or 4 where lanes share them. */
  readonly rows: number;
  /** Tokens that a thread group computes. */
  readonly tokens: number;
  /** Lanes that add up by subgroup operations, at least 4 and no more than any subgroup has; 1, or left out, for none. */
  readonly subgroup?: number;
  /**
   * The way in which threads that work alone, in a workgroup that is a subgroup, read x together for matrices in
   * blocks; when left out they do not. For matrices of floats they always do.
   */
  readonly together?: 'unrolled' | 'steps';
  /** Fewest rows of a matrix that the shape is used for. */
  readonly from?: number;
}

/** Shapes of a product's kernel: of dot products by the size of a matrix, those for more rows first, or of tiles. */
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

/** Shape of the kernel with tiles in shared memory, for batches of many tokens: 8 threads along the rows. */
export interface TileShape {
  /** Threads along the tokens; 8 times as many must be a multiple of 64. */
  readonly tokenLanes: number;
  /** Rows of the matrix that a thread computes, or columns where it is transposed: 4 or 8. */
  readonly rows: number;
  /** Tokens that a thread computes. */
  readonly tokens: number;
  /** Whether tiles are f16, and sums too over 16 columns, where f16 surely holds x. */
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
  /** Most quads of queries that a lane holds; it holds as many quads of sums. */
  readonly quads: number;
  /** Scores that a group of lanes computes at a time, of all its queries together. */
  readonly scores: number;
  /** Whether lanes that share a key add up by subgroup operations. */
  readonly subgroups: boolean;
  /** Workgroups that fill the device: keys are split until there are as many. */
  readonly groups: number;
  /** Fewest positions of the context for each part. */
  readonly leastKeys: number;
}

/** Attention by tiles of 64 queries and 32 keys, each of 128 threads. */
export interface FlashTiles {
  readonly form: 'tiles';
  /** Whether the threads of a row of scores find its maximum and sum by subgroup operations. */
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
  /**
   * Threads of A·x, whose few sums lanes share: as many lanes as share a row of RMSNorm, which is folded in to the bit.
   */
  readonly dots: LaneShape;
  /** Threads of B·u, whose many sums have a thread each. */
  readonly elements: LaneShape;
  /** Threads of the gradients of B and of A·x. */
  readonly outputBackward: {
    readonly workgroup: number;
    /** Threads that share the rows of B: one, or the whole workgroup. */
    readonly rowLanes: number;
    /** Threads that share the tokens. */
    readonly tokenLanes: number;
    /** Rows of B that a thread takes. */
    readonly rows: number;
  };
  /** Threads of the gradients of A and of x. */
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

/** Kernel shapes of products in integers. */
interface IntegerTarget {
  readonly decode: DotShape;
  readonly prefill: DotShape | TileShape;
  /** Threads of a workgroup that rounds a product's input. */
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
  /** Size of vocabulary from which many workgroups sort chunks first. */
  readonly chunksFrom: number;
}

/** Everything about a device that decides which kernels it gets. */
export interface KernelTarget {
  readonly precision: Precision;
  /** Whether `shader-f16` is there, so that weights stored in f16 can be read as such. */
  readonly f16: boolean;
  /** WGSL element type of activations between projections. */
  readonly activation: 'f32' | 'f16';
  /** Element type of the KV cache. */
  readonly cache: CacheElement;
  readonly decode: ForwardShape<readonly DotShape[]>;
  readonly prefill: ForwardShape;
  /** Shapes for products whose input is rounded to 8 bits, where the precision has such. */
  readonly integers?: IntegerTarget | undefined;
  readonly sampler: SamplerShape;
  /**
   * Whether an adapter's two products with one token's vector are one dispatch, in which each workgroup computes the
   * first.
   */
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

/**
 * Lanes of lavapipe's vectors, whose compiler is fast at unrolled blocks. SwiftShader's vectors have four, and its
 * compiler takes seconds for such blocks.
 */
const UNROLLING = 8;

/**
 * Shapes of products with one token and with many on software adapters. Threads read x together where their workgroup
 * can be a subgroup.
 */
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

/**
 * Tiles of 64 tokens × 64 rows: 96 registers on paper, so that 8 waves fit on RDNA 3; a multiply-add reads 1.5 bytes of
 * shared memory.
 */
const TILES: TileShape = { tokenLanes: 16, rows: 8, tokens: 4 };

/** Whether so many lanes side by side are sure to be of one subgroup; where its size is unknown, they are not. */
const sharesSubgroups = ({ subgroups, subgroupSize = 4 }: Features, lanes: number): boolean =>
  subgroups && subgroupSize >= lanes;

/** Split attention with two quads a lane for heads of up to 128, where subgroups are sure to be wide enough. */
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
 * Teams of lanes for products with one token: where many rows fill a GPU, each team takes 8, so that x is read once for
 * them. Where there are few, as in an adapter's A, a whole workgroup shares 4.
 */
function teams({ subgroups, subgroupSize = 4 }: Features): readonly DotShape[] {
  const subgroup = subgroups ? Math.min(32, subgroupSize) : 1;
  // where subgroups are tiny, or of unknown size, shared memory adds up the parts of a team
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

/**
 * Shapes of integer products on software adapters: threads of a subgroup of eight read x together, since memory is read
 * lane by lane.
 */
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
 * The fixed table of kernel shapes. Without `shader-f16`, `fast` computes as `exact` does, since a precision is a lower
 * bound; `int8` needs no feature, since WGSL has integer dot products where it unpacks codes.
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
