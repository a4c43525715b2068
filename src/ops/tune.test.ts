import { describe, expect, test } from 'vitest';
import { type Answer, fastest, FIXED, QUESTIONS } from './tune';
import { tune } from './tuning';

const target = tune({ f16: true, subgroups: true }, false, 'fast');
const answers = (...names: string[]): Answer[] => names.map((name) => ({ name, target }));

/** A device whose runs take the given times, by which its clock advances. */
function device(times: Record<string, number | (() => number)>, until = Infinity) {
  let time = 0;
  const runs: string[] = [];
  const run = async ({ name }: Answer) => {
    runs.push(name);
    const each = times[name];
    const took = typeof each === 'function' ? each() : each;
    time += took;
    return took;
  };
  return { runs, clock: { run, over: () => time > until } };
}

describe('the fastest of several shapes', () => {
  test('is taken where it is clearly faster', async () => {
    const { clock } = device({ [FIXED]: 10, a: 9, b: 7 });
    const found: string[] = [];
    const told = { ...clock, found: ({ name }: Answer) => void found.push(name) };
    expect((await fastest(answers(FIXED, 'a', 'b'), told)).name).toBe('b');
    expect(found).toEqual(['a', 'b']);
  });

  test('is the table’s where others are slower, or as fast but for noise', async () => {
    const { clock } = device({ [FIXED]: 10, a: 10.1, b: 9.7, c: 30 });
    expect((await fastest(answers(FIXED, 'a', 'b', 'c'), clock)).name).toBe(FIXED);
  });

  test('does not hang on one run: a lucky one beside two slow ones changes nothing', async () => {
    const lucky = [10, 10, 1, 12, 12];
    const { clock } = device({ [FIXED]: 10, a: () => lucky.shift() ?? 12 });
    expect((await fastest(answers(FIXED, 'a'), clock)).name).toBe(FIXED);
  });

  test('is never one that does not compile', async () => {
    const { clock } = device({
      [FIXED]: 10,
      broken: () => {
        throw new Error('no pipeline');
      },
      b: 5,
    });
    expect((await fastest(answers(FIXED, 'broken', 'b'), clock)).name).toBe('b');
  });

  test('is not looked for beyond the time', async () => {
    const { clock, runs } = device({ [FIXED]: 10, a: 10, b: 1 }, 50);
    expect((await fastest(answers(FIXED, 'a', 'b'), clock)).name).toBe(FIXED);
    expect(runs).not.toContain('b');
  });

  test('runs in turn with the best one', async () => {
    const { clock, runs } = device({ [FIXED]: 10, a: 9 });
    await fastest(answers(FIXED, 'a'), clock);
    expect(runs.slice(-6)).toEqual([FIXED, 'a', FIXED, 'a', FIXED, 'a']);
  });

  test('is not asked to run again where it was much slower at once', async () => {
    const { clock, runs } = device({ [FIXED]: 10, a: 20 });
    await fastest(answers(FIXED, 'a'), clock);
    expect(runs.filter((name) => name === 'a')).toHaveLength(2);
  });
});

test('shapes are of the same precision, and leave training alone', () => {
  for (const subgroups of [true, false]) {
    const table = tune({ f16: true, subgroups }, false, 'fast');
    const others = QUESTIONS.flatMap(({ others: of }) => of(table));
    expect(others.length).toBeGreaterThan(4);
    for (const { target: other } of others) {
      expect({ ...other, decode: 0, prefill: 0 }).toEqual({ ...table, decode: 0, prefill: 0 });
      expect([other.decode, other.prefill]).not.toEqual([table.decode, table.prefill]);
      // f16 tiles are compared with f16 tiles
      expect(other.prefill.linear).toMatchObject({ half: true });
    }
  }
});

test('products of whole numbers have one shape, and what they take the place of is left alone', () => {
  const table = tune({ f16: true, subgroups: true }, false, 'int8');
  const asked = (target: typeof table) => QUESTIONS.filter(({ others }) => others(target).length > 0);
  expect(asked(table).map(({ name }) => name)).toEqual(['decode attention']);
  expect(asked({ ...table, integers: undefined })).toEqual(QUESTIONS);
});

test('a software adapter has nothing to choose', () => {
  const table = tune({ f16: true, subgroups: true }, true, 'exact');
  expect(QUESTIONS.flatMap(({ others }) => others(table))).toEqual([]);
});
