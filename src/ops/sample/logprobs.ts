import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import logprobsSource from '../../../shaders/sample/logprobs.wgsl?raw';
import type { KernelTarget } from '../tuning';
import { MOST_LOGPROBS } from './sampling';

/** Numbers of a record. */
export const RECORD = 1 + 2 * MOST_LOGPROBS;

/** The log-probability of an id by the model, and the likeliest ids in its place. Logarithms are natural. */
export interface Logprobs {
  readonly logprob: number;
  /** From the likeliest on. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** Writes a record for the id that was drawn last. */
export const logprobs = op({
  name: 'logprobs',
  variants: ({ sampler }: KernelTarget) => [{ threads: sampler.threads }],
  source: ({ threads }: { readonly threads: number }) => ({
    definitions: { WORKGROUP_SIZE: threads },
    snippets: { state, logprobs: logprobsSource },
  }),
  params: { vocabulary: 'u32', top: 'u32', outputs: 'u32' },
  bindings: { state: 'read', logits: 'read', records: 'read_write' },
  grid: () => [1],
  cost: ({ params: { vocabulary, top } }) => ({ flops: (3 + top) * vocabulary, bytes: 4 * vocabulary }),
  reference: logprobsOf,
});

/** The record of an id, in float64. */
function logprobsOf(logits: ArrayLike<number>, id: number, top: number): Logprobs {
  const all = Array.from(logits);
  const largest = all.reduce((a, b) => Math.max(a, b));
  const logOfSum = largest + Math.log(all.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  const sorted = all
    .map((logit, i) => ({ id: i, logprob: logit - logOfSum }))
    .toSorted((a, b) => b.logprob - a.logprob);
  return { logprob: (all[id] ?? NaN) - logOfSum, top: sorted.slice(0, top) };
}

/** Reads a record. @param top pairs that were asked for */
export function readRecord(records: ArrayBuffer, slot: number, top: number): Logprobs {
  const ids = new Uint32Array(records, slot * RECORD * 4, RECORD);
  const values = new Float32Array(records, slot * RECORD * 4, RECORD);
  const pairs = Array.from({ length: top }, (_, n) => ({ id: ids[1 + 2 * n], logprob: values[2 + 2 * n] }));
  return { logprob: values[0], top: pairs };
}
