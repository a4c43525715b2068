import { op } from '../../gpu/op';
import chunks from '../../../shaders/sample/chunks.wgsl?raw';
import sampling from '../../../shaders/sample/sampling.wgsl?raw';
import sortChunksSource from '../../../shaders/sample/sort-chunks.wgsl?raw';
import type { KernelTarget } from '../tuning';
import { SAMPLING_FIELDS } from './sample';

/** Most chunks: the draw has a thread for each. */
const MOST_CHUNKS = 256;
/** Ids of a chunk. */
const CHUNKS = [1024, 2048] as const;

export interface ChunksVariant {
  readonly chunk: (typeof CHUNKS)[number];
}

/** Variants for the devices that sample by chunks. */
export const chunksVariants = ({ sampler }: KernelTarget): ChunksVariant[] =>
  Number.isFinite(sampler.chunksFrom) ? CHUNKS.map((chunk) => ({ chunk })) : [];

/** The variant that samples a vocabulary by chunks; undefined where one workgroup draws from it at once. */
export function chunksOf(vocabulary: number, { sampler }: KernelTarget): ChunksVariant | undefined {
  if (vocabulary < sampler.chunksFrom) return undefined;
  const chunk = CHUNKS.find((each) => vocabulary <= MOST_CHUNKS * each);
  return chunk && { chunk };
}

/** Ids of a vocabulary, rounded up to whole chunks. */
export const inChunks = (vocabulary: number, { chunk }: ChunksVariant): number => Math.ceil(vocabulary / chunk) * chunk;

/** Sorts chunks of the logits for `sampleChunks`, and sums their probabilities along that order. */
export const sortChunks = op({
  name: 'sort-chunks',
  variants: chunksVariants,
  source: ({ chunk }: ChunksVariant) => ({
    definitions: { CHUNK: chunk },
    snippets: { sampling, chunks, sortChunks: sortChunksSource },
  }),
  params: SAMPLING_FIELDS,
  bindings: { seen: 'read_write', logits: 'read', sorted: 'read_write', masses: 'read_write' },
  grid: ({ variant: { chunk }, params: { vocabulary } }) => [Math.ceil(vocabulary / chunk)],
  // the cost of greedy sampling
  cost: ({ params: { vocabulary } }) => ({ flops: vocabulary, bytes: 4 * vocabulary }),
  reference: sortedChunks,
});

/** Each chunk's logits, largest first, and the prefix sums of their probabilities, relative to the first one's. */
function sortedChunks(logits: ArrayLike<number>, temperature: number, { chunk }: ChunksVariant) {
  return Array.from({ length: Math.ceil(logits.length / chunk) }, (_, i) => {
    const sorted = Array.from(logits).slice(i * chunk, (i + 1) * chunk);
    sorted.sort((a, b) => b - a);
    let sum = 0;
    const masses = sorted.map((logit) => (sum += Math.exp((logit - sorted[0]) / temperature)));
    return { sorted, masses };
  });
}
