// The sampler on the GPU, and its distribution on the CPU, with which tests compare it. Large vocabularies on hardware
// are sampled by sort-chunks.ts and sample-chunks.ts.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import advance from '../../../shaders/sample/advance.wgsl?raw';
import sampleSource from '../../../shaders/sample/sample.wgsl?raw';
import sampling from '../../../shaders/sample/sampling.wgsl?raw';
import type { KernelTarget } from '../tuning';
import type { Sampling } from './sampling';

/** A number near the largest f32: no logit is that far below another. */
const LARGEST = 3e38;

/** Fields of `Params` in sampling.wgsl. */
export const SAMPLING_FIELDS = {
  vocabulary: 'u32',
  temperature: 'f32',
  top_k: 'u32',
  top_p: 'f32',
  min_p: 'f32',
  min_logit: 'f32',
  penalty: 'f32',
  outputs: 'u32',
  seed: 'vec2u',
  chunk: 'u32',
  threads: 'u32',
  key_bits: 'u32',
} as const;

/** Draws the next id from the logits of one token, and moves the batch's state on. */
export const sample = op({
  name: 'sample',
  variants: ({ sampler }: KernelTarget) => [{ threads: sampler.threads }],
  source: ({ threads }: { readonly threads: number }) => ({
    definitions: { WORKGROUP_SIZE: threads },
    snippets: { state, sampling, advance, sample: sampleSource },
  }),
  params: SAMPLING_FIELDS,
  bindings: {
    state: 'read_write',
    logits: 'read',
    seen: 'read_write',
    probabilities: 'read_write',
    ids: 'read_write',
    outputs: 'read_write',
  },
  grid: () => [1],
  // what greedy sampling does: all others go over the logits more often
  cost: ({ params: { vocabulary } }) => ({ flops: vocabulary, bytes: 4 * vocabulary }),
  reference: distribution,
});

/**
 * Parameters of the sampler's kernels.
 * @param outputs length of the ring of sampled ids @param chunk ids of a chunk, where the vocabulary is in chunks
 */
export function sampleParams(vocabulary: number, sampling: Sampling, outputs: number, chunk = 0) {
  const { temperature, topK, topP, minP, repetitionPenalty, seed } = sampling;
  return {
    vocabulary,
    temperature,
    top_k: topK,
    top_p: topP,
    min_p: minP,
    min_logit: minP > 0 ? temperature * Math.log(Math.min(1, minP)) : -LARGEST,
    penalty: repetitionPenalty,
    outputs,
    seed: [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0],
    chunk,
    threads: 256,
    key_bits: 32,
  } as const;
}

/**
 * The distribution that the sampler draws from, in float64: penalty, temperature, top-k, top-p, min-p, renormalised.
 * @param seen ids that the repetition penalty applies to
 */
function distribution(logits: ArrayLike<number>, sampling: Sampling, seen: ReadonlySet<number>): Float64Array {
  const penalised = Float64Array.from(logits, (logit, id) => {
    if (!seen.has(id)) return logit;
    return logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty;
  });
  const largest = penalised.reduce((a, b) => Math.max(a, b));
  if (sampling.temperature === 0) {
    const out = new Float64Array(penalised.length);
    out[penalised.indexOf(largest)] = 1;
    return out;
  }
  let p = penalised.map((logit) => Math.exp((logit - largest) / sampling.temperature));
  const sorted = [...p].toSorted((a, b) => b - a);
  let least = sampling.topK > 0 && sampling.topK < p.length ? sorted[sampling.topK - 1] : 0;
  if (sampling.topP < 1) {
    const kept = sorted.filter((value) => value >= least);
    const target = sampling.topP * kept.reduce((a, b) => a + b, 0);
    let sum = 0;
    least = Math.max(least, kept.find((value) => (sum += value) >= target) ?? 0);
  }
  least = Math.max(least, sampling.minP);
  p = p.map((value) => (value >= least ? value : 0));
  const total = p.reduce((a, b) => a + b, 0);
  return p.map((value) => value / total);
}
