import { expect, test, vi } from 'vitest';
import { later } from './later';

class Counter {
  #count = 0;

  add(by: number): number {
    return (this.#count += by);
  }

  async refuse(): Promise<never> {
    throw new Error('refused');
  }
}

test('it is made once, at the first call, and calls keep their order', async () => {
  const make = vi.fn(async () => new Counter());
  const counter = later(make);
  expect(make).not.toHaveBeenCalled();
  expect(await Promise.all([counter.add(1), counter.add(2), counter.add(3)])).toEqual([1, 3, 6]);
  expect(make).toHaveBeenCalledOnce();
  await expect(counter.refuse()).rejects.toThrow('refused');
});

test('it can be awaited without being called', async () => {
  const make = vi.fn(async () => new Counter());
  const counter = await later(make);
  expect(make).not.toHaveBeenCalled();
  expect(await counter.add(1)).toBe(1);
});

test('what could not be fetched is fetched at the next call', async () => {
  let broken = true;
  const counter = later(async () => {
    if (broken) throw new Error('no connection');
    return new Counter();
  });
  await expect(counter.add(1)).rejects.toThrow('no connection');
  broken = false;
  expect(await counter.add(1)).toBe(1);
});
