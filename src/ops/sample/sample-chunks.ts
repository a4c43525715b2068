import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import advance from '../../../shaders/sample/advance.wgsl?raw';
import chunks from '../../../shaders/sample/chunks.wgsl?raw';
import sampleChunksSource from '../../../shaders/sample/sample-chunks.wgsl?raw';
import sampling from '../../../shaders/sample/sampling.wgsl?raw';
import { sample, SAMPLING_FIELDS } from './sample';
import { type ChunksVariant, chunksVariants } from './sort-chunks';

/** Draws the next id from the chunks that `sortChunks` sorted, and advances the batch's state. */
export const sampleChunks = op({
  name: 'sample-chunks',
  variants: chunksVariants,
  source: ({ chunk }: ChunksVariant) => ({
    definitions: { CHUNK: chunk },
    snippets: { state, sampling, advance, chunks, sampleChunks: sampleChunksSource },
  }),
  params: SAMPLING_FIELDS,
  bindings: {
    state: 'read_write',
    logits: 'read',
    seen: 'read_write',
    ids: 'read_write',
    outputs: 'read_write',
    sorted: 'read',
    masses: 'read',
  },
  grid: () => [1],
  // the largest of each chunk
  cost: ({ variant: { chunk }, params: { vocabulary } }) => ({ flops: 0, bytes: 16 * Math.ceil(vocabulary / chunk) }),
  reference: sample.reference,
});
