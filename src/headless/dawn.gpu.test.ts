// Waiting for the device takes little processor time, and delays no other callback.
import { promisify } from 'node:util';
import { afterAll, expect, test, vi } from 'vitest';
import { findAdapter, isDawns } from './dawn';
import { Buffers } from '../gpu/buffers';
import { openAdapter } from '../gpu/device';
import { encode, Kernels } from '../gpu/kernel';
import { fma } from '../ops/peak/peak';
import { tune } from '../ops/tuning';

const atFirst = globalThis.setImmediate;
const { device, features } = await openAdapter(await findAdapter());
const buffers = new Buffers(device);
afterAll(() => buffers.destroy());

test('a thread that waits for a software adapter asks once a millisecond at most', async () => {
  const context = { kernels: new Kernels(device), buffers, target: tune(features, true, 'exact') };
  const sums = buffers.storage('activations', 64 * 4);
  const step = await fma.step(context, {}, { sums }, { iterations: 2 ** 19 });
  /** Times that Dawn asks in each millisecond that it waits. */
  const asked = async (setImmediate: typeof globalThis.setImmediate) => {
    let times = 0;
    const counted = (callback: () => void) => {
      if (isDawns(callback)) times++;
      return setImmediate(callback);
    };
    vi.stubGlobal('setImmediate', counted);
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    encode(encoder, [step], 64);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    vi.unstubAllGlobals();
    return times / (performance.now() - start);
  };
  await asked(globalThis.setImmediate);
  expect(await asked(globalThis.setImmediate)).toBeLessThan(1.5);
  // negative control: Node's own setImmediate
  expect(await asked(atFirst)).toBeGreaterThan(1.5);
});

test('others go on at once, and can be cleared', async () => {
  const seen: string[] = [];
  const immediate = setImmediate(() => seen.push('cleared'));
  clearImmediate(immediate);
  // an object of Node’s own kind, and no timer
  const own = atFirst(() => seen.push('own'));
  expect(immediate.constructor).toBe(own.constructor);
  expect(setTimeout(() => {}, 1).constructor).not.toBe(own.constructor);
  setImmediate((word: string) => seen.push(word), 'passed on');
  expect(await promisify(setImmediate)('promised')).toBe('promised');
  expect(seen).toEqual(['own', 'passed on']);
});

test('functions that are not Dawn’s are not taken for them', async () => {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((taken) => (resolve = taken));
  const others = [resolve, resolve.bind(undefined), setTimeout, () => {}, function () {}];
  expect(others.map(isDawns)).toEqual(others.map(() => false));
  resolve(0);
  await promise;
});
