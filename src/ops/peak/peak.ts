// Measures a device's peak rates, of which `bench` states speeds as shares.
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { encode, Kernels, type Step } from '../../gpu/kernel';
import { op } from '../../gpu/op';
import { workDone } from '../../gpu/waiting';
import fmaSource from '../../../shaders/peak/fma.wgsl?raw';
import streamSource from '../../../shaders/peak/stream.wgsl?raw';
import { tune } from '../tuning';

export interface Peak {
  /** Bytes a second, read by one kernel over a buffer that no cache holds. */
  readonly bandwidth: number;
  /** f32 FLOP a second in independent chains of fused multiply-adds. */
  readonly flops: number;
}

const WORKGROUP = 64;
/** FLOP of a thread in one iteration of `fma.wgsl`: 8 chains of 4 lanes, 2 each. */
const FMA_FLOP = 64;

/** Reads a buffer; a row is a thread. */
export const stream = op({
  name: 'peak stream',
  variants: () => [{}],
  source: () => ({ definitions: {}, snippets: { stream: streamSource } }),
  params: { quads: 'u32', threads: 'u32' },
  bindings: { values: 'read', sums: 'read_write' },
  grid: ({ rows }) => [rows / WORKGROUP],
  cost: ({ params: { quads } }) => ({ flops: 0, bytes: 16 * quads }),
  reference: undefined,
});

/** Multiplies and adds in registers; a row is a thread. */
export const fma = op({
  name: 'peak fma',
  variants: () => [{}],
  source: () => ({ definitions: {}, snippets: { fma: fmaSource } }),
  params: { iterations: 'u32' },
  bindings: { sums: 'read_write' },
  grid: ({ rows }) => [rows / WORKGROUP],
  cost: ({ params: { iterations }, rows }) => ({ flops: rows * iterations * FMA_FLOP, bytes: 4 * rows }),
  reference: undefined,
});

/** Measures both, each the best of several runs, in about a second. */
export async function measurePeak({ device, features, software }: Gpu): Promise<Peak> {
  const buffers = new Buffers(device);
  const target = tune(features, software, 'exact');
  const { bytes: most, threads, iterations, repeats } = target.peak;
  const context = { kernels: new Kernels(device), buffers, target };
  try {
    const bytes = Math.min(most, device.limits.maxStorageBufferBindingSize);
    const values = buffers.storage('activations', bytes);
    const sums = buffers.storage('activations', threads * 4);
    const reading = await stream.step(context, {}, { values, sums }, { quads: bytes / 16, threads });
    const multiplying = await fma.step(context, {}, { sums }, { iterations });
    const seconds = (step: Step) => leastSeconds(device, step, threads, repeats);
    return {
      bandwidth: reading.cost(threads).bytes / (await seconds(reading)),
      flops: multiplying.cost(threads).flops / (await seconds(multiplying)),
    };
  } finally {
    buffers.destroy();
  }
}

/** Seconds of one dispatch, the least of five timings of `repeats` in a row. */
export async function leastSeconds(device: GPUDevice, step: Step, rows: number, repeats = 1): Promise<number> {
  let least = Infinity;
  // the first two are for warming up
  for (let i = 0; i < 7; i++) {
    const encoder = device.createCommandEncoder();
    for (let n = 0; n < repeats; n++) encode(encoder, [step], rows);
    await workDone(device.queue);
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await workDone(device.queue);
    if (i >= 2) least = Math.min(least, (performance.now() - started) / 1000 / repeats);
  }
  return least;
}
