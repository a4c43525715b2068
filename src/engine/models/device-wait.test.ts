import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PronkError } from '../../core/errors';
import type { Gpu } from '../../gpu/device';
import { DeviceWait, type Waiting } from './device-wait';

const gpu = { name: 'Here' } as Gpu;
const none = () => Promise.reject<Gpu>(new PronkError('no-adapter', 'None for now.'));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function waits(refusals: number) {
  const told: (Waiting | undefined)[] = [];
  let asked = 0;
  const wait = new DeviceWait(
    () => (++asked > refusals ? Promise.resolve(gpu) : none()),
    (waiting) => told.push(waiting),
    [1, 2, 4],
  );
  return { wait, told, asked: () => asked };
}

test('asks less and less often, says when, and says that it is over', async () => {
  const { wait, told, asked } = waits(4);
  wait.seen();
  const device = wait.device();
  await vi.advanceTimersByTimeAsync(14_900);
  expect(asked()).toBe(4);
  await vi.advanceTimersByTimeAsync(100);
  expect(await device).toBe(gpu);
  expect(told.map((waiting) => waiting?.seconds)).toEqual([1, 2, 4, 4, 4, undefined]);
  expect(told[0]).toEqual({ seconds: 1, lost: true });
});

test('asks at once when told to, and not in a storm', async () => {
  const { wait, asked } = waits(99);
  const device = wait.device().catch(() => {});
  await vi.advanceTimersByTimeAsync(3100);
  expect(asked()).toBe(2);
  for (let n = 0; n < 50; n++) {
    wait.now();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(asked()).toBe(3);
  void device;
});

test('who gives up waits no longer; the others do', async () => {
  const { wait } = waits(1);
  const controller = new AbortController();
  const mine = wait.device(controller.signal);
  const other = wait.device();
  controller.abort(new Error('Not wanted'));
  await expect(mine).rejects.toThrow('Not wanted');
  await vi.advanceTimersByTimeAsync(3000);
  expect(await other).toBe(gpu);
});

test('what else is wrong is not waited for', async () => {
  const wait = new DeviceWait(() => Promise.reject(new PronkError('no-webgpu', 'Never.')), () => {}, [1]);
  const device = expect(wait.device()).rejects.toMatchObject({ code: 'no-webgpu' });
  await vi.advanceTimersByTimeAsync(1000);
  await device;
});
