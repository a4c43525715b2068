// What the device can do at most, measured: the marks that `bench` states speeds as shares of.
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { encode, type Kernel, Kernels, type Step } from '../../gpu/kernel';
import { compose } from '../../gpu/wgsl';
import fma from '../../../shaders/peak/fma.wgsl?raw';
import stream from '../../../shaders/peak/stream.wgsl?raw';

export interface Peak {
  /** Bytes a second, read by one kernel over a buffer that no cache holds. */
  readonly bandwidth: number;
  /** f32 FLOP a second in independent chains of fused multiply-adds. */
  readonly flops: number;
}

export const streamKernel = (): Kernel => ({ label: 'peak stream', wgsl: compose({}, { stream }) });
export const fmaKernel = (): Kernel => ({ label: 'peak fma', wgsl: compose({}, { fma }) });

/** FLOP of a thread in one iteration of `fma.wgsl`: 8 chains of 4 lanes, 2 each. */
const FMA_FLOP = 64;

/** Measures both, each the best of several runs, in about a second. */
export async function measurePeak({ device, software }: Gpu): Promise<Peak> {
  const buffers = new Buffers(device);
  const kernels = new Kernels(device);
  try {
    const bytes = Math.min(software ? 128 << 20 : 1 << 30, device.limits.maxStorageBufferBindingSize);
    const threads = software ? 256 : 1 << 17;
    const groups = threads / 64;
    const values = buffers.storage('activations', bytes);
    const sums = buffers.storage('activations', threads * 4);
    const iterations = software ? 1 << 16 : 1 << 14;
    const stream = await kernels.step(streamKernel(), buffers, { values, sums }, { quads: bytes / 16, threads }, () => [
      groups,
    ]);
    const fma = await kernels.step(fmaKernel(), buffers, { sums }, { iterations }, () => [groups]);
    return {
      bandwidth: bytes / (await best(device, stream, software ? 1 : 10)),
      flops: (threads * iterations * FMA_FLOP) / (await best(device, fma, software ? 1 : 10)),
    };
  } finally {
    buffers.destroy();
  }
}

/** Seconds of one dispatch, the least of five timings of `repeats` in a row. */
async function best(device: GPUDevice, step: Step, repeats: number): Promise<number> {
  let least = Infinity;
  // the first two are for warming up
  for (let i = 0; i < 7; i++) {
    const encoder = device.createCommandEncoder();
    for (let n = 0; n < repeats; n++) encode(encoder, [step], 1);
    await device.queue.onSubmittedWorkDone();
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    if (i >= 2) least = Math.min(least, (performance.now() - started) / 1000 / repeats);
  }
  return least;
}
