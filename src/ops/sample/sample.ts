// The sampler: on the GPU, and its twin on the CPU that tests compare distributions with.
import { compose } from '../../gpu/wgsl';
import type { Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import sample from '../../../shaders/sample/sample.wgsl?raw';

/** Sampling controls; names and meanings as in Hugging Face transformers. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is off. */
  readonly topK: number;
  /** 1 is off. */
  readonly topP: number;
  /** 0 is off. */
  readonly minP: number;
  /** 1 is off. */
  readonly repetitionPenalty: number;
  readonly seed: number;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };

export function sampleKernel(threads: number): Kernel {
  return { label: 'sample', wgsl: compose({ WORKGROUP_SIZE: threads }, { state, sample }) };
}

/** Uniform bytes of the sampler's `Params`, for a buffer that is rewritten at each generation. */
export function sampleParams(vocabulary: number, sampling: Sampling, outputs: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(40));
  view.setUint32(0, vocabulary, true);
  view.setFloat32(4, sampling.temperature, true);
  view.setUint32(8, sampling.topK, true);
  view.setFloat32(12, sampling.topP, true);
  view.setFloat32(16, sampling.minP, true);
  view.setFloat32(20, sampling.repetitionPenalty, true);
  view.setUint32(24, sampling.seed >>> 0, true);
  view.setUint32(28, Math.floor(sampling.seed / 2 ** 32) >>> 0, true);
  view.setUint32(32, outputs, true);
  return view.buffer;
}

/**
 * The distribution that the sampler draws from, in float64: penalty, temperature, top-k, top-p, min-p, renormalised.
 * @param seen ids that the repetition penalty applies to
 */
export function sampleReference(
  logits: ArrayLike<number>,
  sampling: Sampling,
  seen: ReadonlySet<number>,
): Float64Array {
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
