// Autotuning's kernel shapes on software drivers that are made to choose: what is computed stays the same.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Gpu } from '../../gpu/device';
import { GREEDY } from '../../ops/sample/sampling';
import { FIXED, QUESTIONS } from '../../ops/tune';
import { relative } from '../../ops/testing/run';
import { tune } from '../../ops/tuning';
import { randomModel, TINY } from '../testing/random-model';
import type { Asked, Choices, Tuning } from './autotune';
import { createSession, type Session } from './session';

const IDS = Array.from({ length: 41 }, (_, i) => (i * 37 + 5) % 131);
/**
 * A model with matrices of fewer than 512 rows, of 512 and more, and of 4,096 and more, each of which has shapes of its
 * own.
 */
const MODEL = { ...TINY, vocabSize: 4131, intermediateSize: 352 };
const { tensors } = randomModel(MODEL, 'q4');
const OPTIONS = { precision: 'exact', context: 64 } as const;
const ATTEMPTS = 3;

/** A store of choices, with the records that it was asked to keep. */
function memory(given?: Asked) {
  const kept = new Map<string, Asked>();
  const tuning: Tuning = {
    kept: {
      get: async (key) => kept.get(key) ?? given,
      set: async (key, asked) => void kept.set(key, asked),
    },
    software: true,
  };
  return { kept, tuning };
}

/** The record of a device that chose so and has no attempts left. */
const settled = (choices: Choices): Asked => ({ choices, tried: {}, attempts: ATTEMPTS });

/** A clock that fails a test that reads it. */
const unmeasured: Pick<Tuning, 'now'> = {
  now: () => {
    throw new Error('nothing may be measured');
  },
};

/** A clock by which all runs take equally long, so that no shape is clearly faster. */
function even(): Pick<Tuning, 'now' | 'budget'> {
  let time = 0;
  return { now: () => (time += 5), budget: Infinity };
}

/** Logits of a text, log-probabilities of the likeliest tokens behind it as they are decoded, and the chosen shapes. */
async function logitsWith(gpu: Gpu, tuning: Tuning | undefined) {
  const session = await createSession(gpu, MODEL, tensors, { ...OPTIONS, tuning });
  try {
    const logits = await session.logits(IDS);
    return { logits, decoded: await decoded(session, IDS), choices: session.choices };
  } finally {
    session.destroy();
  }
}

/** The kernel shapes that a load chooses. */
async function chosenBy(gpu: Gpu, tuning: Tuning, signal?: AbortSignal): Promise<Choices> {
  const session = await createSession(gpu, MODEL, tensors, { ...OPTIONS, tuning, ...(signal && { signal }) });
  session.destroy();
  return session.choices;
}

/** Names of the shapes that each question offers. */
const namesOf = (gpu: Gpu) => {
  const target = tune(gpu.features, false, 'exact');
  return Object.fromEntries(QUESTIONS.map(({ name, others }) => [name, others(target).map((other) => other.name)]));
};

/** Log-probabilities of the five likeliest ids at each of six tokens. */
async function decoded(session: Session, ids: readonly number[]): Promise<number[]> {
  const result: number[] = [];
  for await (const { logprobs } of session.sample(ids, GREEDY, 6, { topLogprobs: 5 })) {
    result.push(...(logprobs?.top.map(({ logprob }) => logprob) ?? []));
  }
  expect(result).toHaveLength(30);
  return result;
}

let software: Gpu;
let hardware: Gpu;
beforeAll(async () => {
  const devices = await testDevices();
  software = devices[0];
  hardware = { ...(devices.at(-1) ?? devices[0]), software: false };
});

test('a software adapter is not asked unless it is told to be', async () => {
  const { kept, tuning } = memory();
  await logitsWith(software, { ...tuning, software: false });
  expect(kept.size).toBe(0);
});

describe('a device that is asked', () => {
  test('chooses once, and another load finds its choices', async () => {
    const { kept, tuning } = memory();
    const first = await logitsWith(hardware, { ...tuning, ...even() });
    expect(first.choices).toEqual(Object.fromEntries(QUESTIONS.map(({ name }) => [name, FIXED])));
    expect([...kept.values()]).toEqual([{ choices: first.choices, tried: namesOf(hardware), attempts: 1 }]);
    expect(await chosenBy(hardware, { ...tuning, ...unmeasured })).toEqual(first.choices);
  }, 400_000);

  test('is asked anew where kernels are written otherwise', async () => {
    const { kept, tuning } = memory();
    expect(import.meta.env.VITE_KERNELS).toMatch(/^[0-9a-f]{12}$/);
    await chosenBy(hardware, { ...tuning, ...even() });
    vi.stubEnv('VITE_KERNELS', 'others');
    try {
      await expect(chosenBy(hardware, { ...tuning, ...unmeasured })).rejects.toThrow('measured');
    } finally {
      vi.unstubAllEnvs();
    }
    expect(kept.size).toBe(1);
  }, 400_000);

  test('is asked at later loads what there was no time for, in so many of them', async () => {
    const { kept, tuning } = memory();
    const count = ({ tried }: Asked) => Object.values(tried).flat().length;
    let before = 0;
    for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
      await chosenBy(hardware, { ...tuning, ...even(), budget: 100 });
      const [asked] = kept.values();
      expect(asked.attempts).toBe(attempts);
      expect(count(asked)).toBeGreaterThan(before);
      before = count(asked);
      for (const names of Object.values(asked.tried)) expect(new Set(names).size).toBe(names.length);
    }
    expect(before).toBeLessThan(Object.values(namesOf(hardware)).flat().length);
    expect(await chosenBy(hardware, { ...tuning, ...unmeasured })).toEqual({ 'decode product': FIXED });
  }, 400_000);

  test('counts a load that never came to an end', async () => {
    const begun = (attempts: number) => ({ ...memory({ choices: {}, tried: {}, attempts }).tuning, ...unmeasured });
    await expect(chosenBy(hardware, begun(ATTEMPTS - 1))).rejects.toThrow('measured');
    expect(await chosenBy(hardware, begun(ATTEMPTS))).toEqual({});
  }, 400_000);

  test('is let go between two passes when a load is cut off, and asked again', async () => {
    const { kept, tuning } = memory();
    const cut = new AbortController();
    let looks = 0;
    const now = () => {
      if (++looks === 16) cut.abort(new Error('cut off'));
      return looks * 5;
    };
    const submitted = vi.spyOn(hardware.device.queue, 'submit');
    const errors: string[] = [];
    hardware.device.addEventListener('uncapturederror', ({ error }) => void errors.push(error.message));
    await expect(chosenBy(hardware, { ...tuning, now, budget: Infinity }, cut.signal)).rejects.toThrow('cut off');
    const passes = submitted.mock.calls.length;
    submitted.mockRestore();
    expect(looks).toBeLessThan(20);
    expect(passes).toBeLessThan(10);
    await hardware.device.queue.onSubmittedWorkDone();
    expect(errors).toEqual([]);
    const [asked] = kept.values();
    expect(asked).toEqual({ choices: {}, tried: { 'decode product': [] }, attempts: 0 });
    // a load that nothing cuts off reads the clock many more times
    const all = await chosenBy(hardware, { ...tuning, now: () => ++looks * 5, budget: Infinity });
    expect(looks).toBeGreaterThan(100);
    expect(Object.keys(all)).toHaveLength(QUESTIONS.length);
  }, 400_000);

  test('computes the same with every shape that it may choose', async () => {
    const table = await logitsWith(hardware, undefined);
    expect(table.choices).toEqual({});
    const target = tune(hardware.features, false, 'exact');
    for (const { name, others } of QUESTIONS) {
      for (const other of others(target)) {
        const { tuning } = memory(settled({ [name]: other.name }));
        const tuned = await logitsWith(hardware, tuning);
        expect(tuned.choices).toEqual({ [name]: other.name });
        expect(relative(tuned.logits, table.logits), `${name}: ${other.name}`).toBeLessThan(1e-5);
        expect(relative(tuned.decoded, table.decoded), `${name}: ${other.name}`).toBeLessThan(1e-5);
      }
    }
    // negative control: another text's logits differ
    const session = await createSession(hardware, MODEL, tensors, OPTIONS);
    const swapped = [IDS[1], IDS[0], ...IDS.slice(2)];
    expect(relative(await session.logits(swapped), table.logits)).toBeGreaterThan(1e-3);
    expect(relative(await decoded(session, swapped), table.decoded)).toBeGreaterThan(1e-4);
    session.destroy();
  }, 400_000);

  test('keeps nothing of what it was lost in', async () => {
    const { kept, tuning } = memory();
    const lost = Promise.resolve({ reason: 'unknown', message: '' } as GPUDeviceLostInfo);
    await expect(chosenBy({ ...hardware, lost }, { ...tuning, ...even() })).rejects.toThrow('lost');
    expect([...kept.values()]).toEqual([{ choices: {}, tried: {}, attempts: 1 }]);
  }, 400_000);

  test('measures anew where a choice is of a shape that there is no longer', async () => {
    const { tuning } = memory(settled({ 'decode product': 'a shape of long ago' }));
    const { choices } = await logitsWith(hardware, { ...tuning, ...even() });
    expect(choices['decode product']).toBe(FIXED);
  }, 400_000);
});
