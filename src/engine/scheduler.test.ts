import { expect, test } from 'vitest';
import { Scheduler } from './scheduler';

test('one at a time; the most urgent waiter is next, then the first to come', async () => {
  const scheduler = new Scheduler();
  const order: string[] = [];
  const work = async (name: string, kind: 'decode' | 'prefill' | 'training') => {
    const release = await scheduler.turn(kind);
    order.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    order.push(`${name} ends`);
    release();
    release(); // a second call gives nobody a turn
  };
  await Promise.all([
    work('a', 'training'),
    work('b', 'training'),
    work('c', 'prefill'),
    work('d', 'decode'),
    work('e', 'decode'),
  ]);
  expect(order.filter((_, i) => i % 2 === 0).map((line) => line[0])).toEqual(['a', 'd', 'e', 'c', 'b']);
  for (let i = 0; i < order.length; i += 2) expect(order[i][0]).toBe(order[i + 1][0]);
});

test('a waiter that is aborted leaves the queue', async () => {
  const scheduler = new Scheduler();
  const release = await scheduler.turn('decode');
  const controller = new AbortController();
  const waiting = scheduler.turn('decode', controller.signal);
  const next = scheduler.turn('training');
  controller.abort();
  await expect(waiting).rejects.toThrow();
  release();
  (await next)();
  await expect(scheduler.turn('decode', controller.signal)).rejects.toThrow();
});
