// Waiting for the device takes little of the processor.
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { findAdapter } from './dawn';
import { Buffers } from '../gpu/buffers';
import { openAdapter } from '../gpu/device';
import { encode, Kernels } from '../gpu/kernel';
import { fma } from '../ops/peak/peak';
import { tune } from '../ops/tuning';

test('a thread that waits for a software adapter leaves the processor to it', async () => {
  const { device, features } = await openAdapter(await findAdapter());
  const buffers = new Buffers(device);
  const context = { kernels: new Kernels(device), buffers, target: tune(features, true, 'exact') };
  const sums = buffers.storage('activations', 64 * 4);
  const step = await fma.step(context, {}, { sums }, { iterations: 2 ** 19 });
  /** The share of the time in which the thread that waits is at work. */
  const share = async (wait: (done: Promise<unknown>) => Promise<unknown>) => {
    const before = performance.eventLoopUtilization();
    const encoder = device.createCommandEncoder();
    encode(encoder, [step], 64);
    device.queue.submit([encoder.finish()]);
    await wait(device.queue.onSubmittedWorkDone());
    return performance.eventLoopUtilization(before).utilization;
  };
  await share((done) => done);
  expect(await share((done) => done)).toBeLessThan(0.5);
  const busy = async (done: Promise<unknown>) => {
    let open = true;
    void done.then(() => (open = false));
    while (open) await setImmediate();
  };
  expect(await share(busy)).toBeGreaterThan(0.8);
  buffers.destroy();
});
