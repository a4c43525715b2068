import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nudged } from './waiting';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue that reports finished work only when something is submitted, and whose work takes 20 ms. */
function sleepyQueue() {
  const started = Date.now();
  let resolve: (value: string) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<string>((...ends) => ([resolve, reject] = ends));
  const submit = vi.fn(() => {
    if (Date.now() - started >= 20) resolve('done');
  });
  return { queue: { submit: submit as GPUQueue['submit'] }, submit, promise, fail: () => reject(new Error('lost')) };
}

test('work is seen soon after it is done, and nothing is submitted afterwards', async () => {
  const { queue, submit, promise } = sleepyQueue();
  const seen = nudged(queue, promise).then((value) => [value, Date.now()] as const);
  const before = Date.now();
  await vi.advanceTimersByTimeAsync(100);
  const [value, when] = await seen;
  expect(value).toBe('done');
  expect(when - before).toBeLessThan(25);
  expect(submit.mock.calls.length).toBeLessThan(25);
});

test('without empty submissions it is not seen', async () => {
  const { promise } = sleepyQueue();
  const late = new Promise((resolve) => setTimeout(resolve, 100, 'late'));
  const first = Promise.race([promise, late]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await first).toBe('late');
});

test('a lost device ends the submissions', async () => {
  const { queue, submit, promise, fail } = sleepyQueue();
  setTimeout(fail, 10);
  const lost = expect(nudged(queue, promise)).rejects.toThrow('lost');
  await vi.advanceTimersByTimeAsync(10);
  await lost;
  const calls = submit.mock.calls.length;
  await vi.advanceTimersByTimeAsync(100);
  expect(submit.mock.calls).toHaveLength(calls);
});
