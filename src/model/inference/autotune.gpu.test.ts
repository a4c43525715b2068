// Kernel shapes that a device may be given, on software drivers that are made to choose: what is computed stays the same.
import { beforeAll, describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Gpu } from '../../gpu/device';
import { GREEDY } from '../../ops/sample/sampling';
import { FIXED, QUESTIONS } from '../../ops/tune';
import { relative } from '../../ops/testing/run';
import { tune } from '../../ops/tuning';
import { randomModel, TINY } from '../testing/random-model';
import type { Choices, Tuning } from './autotune';
import { createSession, type Session } from './session';

const IDS = Array.from({ length: 41 }, (_, i) => (i * 37 + 5) % 131);
/** Matrices of few rows, of 512 and more, and of 4,096 and more, which have shapes of their own. */
const MODEL = { ...TINY, vocabSize: 4131, intermediateSize: 352 };
const { tensors } = randomModel(MODEL, 'q4');
const OPTIONS = { precision: 'exact', context: 64 } as const;

/** A place that remembers, and what was asked of it. */
function memory(given?: Choices) {
  const kept = new Map<string, Choices>();
  const tuning: Tuning = {
    kept: {
      get: async (key) => kept.get(key) ?? given,
      set: async (key, choices) => void kept.set(key, choices),
    },
    software: true,
  };
  return { kept, tuning };
}

/** A clock by which each run takes as long as any other, so that nothing is clearly faster. */
function even(): Pick<Tuning, 'now' | 'budget'> {
  let time = 0;
  return { now: () => (time += 5), budget: Infinity };
}

/** Logits of a text, logarithms of the likeliest tokens behind it as they are decoded, and what was chosen. */
async function logitsWith(gpu: Gpu, tuning: Tuning | undefined) {
  const session = await createSession(gpu, MODEL, tensors, { ...OPTIONS, tuning });
  try {
    const logits = await session.logits(IDS);
    return { logits, decoded: await decoded(session, IDS), choices: session.choices };
  } finally {
    session.destroy();
  }
}

/** Logarithms of the five likeliest of six tokens. */
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
    expect([...kept.values()]).toEqual([first.choices]);
    const again = await logitsWith(hardware, {
      ...tuning,
      now: () => {
        throw new Error('nothing may be measured');
      },
    });
    expect(again.choices).toEqual(first.choices);
  }, 400_000);

  test('computes the same with every shape that it may choose', async () => {
    const table = await logitsWith(hardware, undefined);
    expect(table.choices).toEqual({});
    const target = tune(hardware.features, false, 'exact');
    for (const { name, others } of QUESTIONS) {
      for (const other of others(target)) {
        const { tuning } = memory({ [name]: other.name });
        const tuned = await logitsWith(hardware, tuning);
        expect(tuned.choices).toEqual({ [name]: other.name });
        expect(relative(tuned.logits, table.logits), `${name}: ${other.name}`).toBeLessThan(1e-5);
        expect(relative(tuned.decoded, table.decoded), `${name}: ${other.name}`).toBeLessThan(1e-5);
      }
    }
    // another text is told apart
    const session = await createSession(hardware, MODEL, tensors, OPTIONS);
    const swapped = [IDS[1], IDS[0], ...IDS.slice(2)];
    expect(relative(await session.logits(swapped), table.logits)).toBeGreaterThan(1e-3);
    expect(relative(await decoded(session, swapped), table.decoded)).toBeGreaterThan(1e-4);
    session.destroy();
  }, 400_000);

  test('takes the table after it was lost among shapes', async () => {
    const { kept, tuning } = memory();
    const lost = Promise.resolve({ reason: 'unknown', message: '' } as GPUDeviceLostInfo);
    // no time for any shape
    const short = { ...tuning, ...even(), budget: 0 };
    await expect(logitsWith({ ...hardware, lost }, short)).rejects.toThrow('lost');
    expect([...kept.values()]).toEqual([{}]);
    const now = () => {
      throw new Error('nothing may be measured');
    };
    expect((await logitsWith(hardware, { ...tuning, now })).choices).toEqual({});
  }, 400_000);

  test('measures anew where a choice is of a shape that there is no longer', async () => {
    const { tuning } = memory({ 'decode product': 'a shape of long ago' });
    const { choices } = await logitsWith(hardware, { ...tuning, ...even() });
    expect(choices['decode product']).toBe(FIXED);
  }, 400_000);
});
