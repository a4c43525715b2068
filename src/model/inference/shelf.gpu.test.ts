// Several conversations in turn: one that was read before is not read again, goes on as if it were alone, and what is kept of
// all of them has its bounds.
import { afterEach, expect, test, vi } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { GREEDY } from '../../ops/sample/sampling';
import { randomModel, randomPairs, TINY } from '../testing/random-model';
import { cacheBytes } from './kv-cache';
import type { Precision } from '../../ops/tuning';
import { createSession, type Session } from './session';

const CONTEXT = 128;
const SHARED = 24;
const [gpu] = await testDevices();
const { tensors } = randomModel(TINY, 'f32');
const ROW = cacheBytes(TINY, 1, 'f32');

/** Ids of a conversation; all of them begin alike. */
const conversation = (seed: number, length: number) =>
  Array.from({ length }, (_, i) => (i < SHARED ? i + 1 : (i * i * (seed + 2) + seed * 29) % TINY.vocabSize));

const open = (contexts = 2, precision: Precision = 'exact') =>
  createSession(gpu, TINY, tensors, { precision, context: CONTEXT, keep: { contexts, bytes: 1 << 20 } });

/** Goes on with a conversation by some tokens; tells what was sampled, and how many ids were read as a prompt. */
async function say(session: Session, ids: readonly number[], count = 6) {
  const spied = vi.spyOn(gpu.device.queue, 'writeBuffer');
  const sampled: number[] = [];
  const foretold = ids.length - session.cachedPrefix(ids);
  for await (const id of session.generate(ids, GREEDY, count)) sampled.push(id);
  // a batch is the ids that are written
  const batches = spied.mock.calls.filter(([buffer]) => buffer.label === 'ids').map(([, , data]) => data);
  const read = batches.reduce((sum, each) => sum + (each as Uint32Array).length, 0);
  spied.mockRestore();
  expect(read).toBe(foretold);
  return { sampled, read };
}

const kept = (session: Session) => session.memory['conversations'] ?? 0;
afterEach(() => vi.restoreAllMocks());

test('codes and scales of a cache in q8 are kept and brought back', async () => {
  const [session, alone] = [await open(2, 'int8'), await open(0, 'int8')];
  const [a, b] = [conversation(1, 60), conversation(2, 70)];
  const { sampled } = await say(session, a);
  await say(session, b);
  const more = [...a, ...sampled, 7, 8, 9];
  const again = await say(session, more);
  expect(again.read).toBe(4);
  expect(again.sampled).toEqual((await say(alone, more)).sampled);
  expect((await say(alone, b)).sampled).not.toEqual(again.sampled);
  session.destroy();
  alone.destroy();
});

test('going back to a conversation reads what is new of it, and goes on as if there were no other', async () => {
  const [session, alone] = [await open(), await open(0)];
  const [a, b, c] = [conversation(1, 60), conversation(2, 70), conversation(3, 50)];
  const first = await say(session, a);
  expect(first.read).toBe(60);
  // what all conversations begin with is there already
  expect((await say(session, b)).read).toBe(70 - SHARED);
  expect((await say(session, c)).read).toBe(50 - SHARED);
  const more = [...a, ...first.sampled, 7, 8, 9];
  const again = await say(session, more);
  // the last sampled id is read with the three
  expect(again.read).toBe(4);
  expect((await say(session, [...b, 5])).read).toBeLessThan(8);
  expect((await say(session, [...more, 5])).read).toBeLessThan(10);
  // without a place beside the cache all but the beginning is read again, to the same end
  await say(alone, a);
  await say(alone, c);
  const whole = await say(alone, more);
  expect(whole.read).toBe(more.length - SHARED);
  expect(again.sampled).toEqual(whole.sampled);
  expect((await say(alone, c)).sampled).not.toEqual(whole.sampled);
  expect(kept(alone)).toBe(0);
  session.destroy();
  alone.destroy();
});

test('what conversations share is kept once, and what was used least recently makes way', async () => {
  const create = vi.spyOn(gpu.device, 'createBuffer');
  const session = await open();
  const proto = Object.getPrototypeOf(create.mock.results[0]?.value) as GPUBuffer;
  const destroy = vi.spyOn(proto, 'destroy');
  const budget = 2 * CONTEXT * ROW;
  const all = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => conversation(seed, 60));
  for (const [i, ids] of all.entries()) {
    await say(session, ids, 1);
    expect(kept(session)).toBeLessThanOrEqual(budget);
    // one is in the cache; the first brings the shared rows, each other one its own
    if (i > 0 && i < 5) expect(kept(session)).toBe((SHARED + i * (60 - SHARED)) * ROW);
  }
  // the newest are there, the first ones have to be read
  expect(session.cachedPrefix([...conversation(7, 60), 1])).toBe(60);
  expect(session.cachedPrefix([...conversation(2, 60), 1])).toBe(SHARED);
  expect((await say(session, [...conversation(7, 60), 1], 1)).read).toBe(1);
  const made = create.mock.calls.filter(([{ label }]) => label === 'conversation').length;
  const freed = () => destroy.mock.contexts.filter((buffer) => (buffer as GPUBuffer).label === 'conversation').length;
  expect(made).toBeGreaterThan(7);
  expect(freed()).toBeGreaterThan(0);
  expect(freed()).toBeLessThan(made);
  session.destroy();
  expect(freed()).toBe(made);
  expect(kept(session)).toBe(0);
});

test('base and adapters have their own, and other values under an old key have none', async () => {
  const session = await open(4);
  const pairs = randomPairs(TINY, { rank: 4, scale: 1, maps: ['q_proj', 'v_proj'] });
  const [a, b] = [conversation(1, 60), conversation(2, 60)];
  const use = (values: typeof pairs, strength = 1) => session.setAdapters([{ key: 'one', pairs: values, strength }]);
  await say(session, a);
  await say(session, b);
  await use(pairs);
  expect(session.cachedPrefix(a)).toBe(0);
  const adapted = await say(session, a);
  await say(session, b);
  await use(pairs, 0.5);
  expect((await say(session, a)).read).toBe(60);
  await use(pairs.map((pair) => ({ ...pair })));
  expect((await say(session, a)).read).toBe(60);
  await use(pairs);
  const again = await say(session, a);
  expect(again).toEqual({ sampled: adapted.sampled, read: 1 });
  await session.setAdapters([]);
  const base = await say(session, a);
  expect(base.read).toBe(1);
  expect(base.sampled).not.toEqual(adapted.sampled);
  session.destroy();
});

test('logits of another text in between cost a conversation nothing', async () => {
  const session = await open();
  const a = conversation(1, 60);
  const before = await say(session, a);
  await session.logits(conversation(9, 40));
  expect(await say(session, a)).toEqual({ sampled: before.sampled, read: 1 });
  session.destroy();
});
