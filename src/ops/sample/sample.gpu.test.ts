// The sampler against its distribution in float64: every draw lies where its random number says, and their counts fit.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { GREEDY, sample, sampleParams, type Sampling } from './sample';
import { random, runOp, TARGETS } from '../testing/run';

const { device } = (await testDevices())[0];
const THREADS = Object.values(TARGETS).map(({ samplerThreads }) => samplerThreads);
/** No vocabulary is round: fewer ids than threads, one more than a power of two, one more than LLaMA's. */
const VOCABULARIES = [7, 257, 32_001];

const SAMPLED: Record<string, Partial<Sampling>> = {
  temperature: { temperature: 0.7 },
  'top-k': { temperature: 1, topK: 5 },
  'top-p': { temperature: 1, topP: 0.8 },
  'min-p': { temperature: 1, minP: 0.3 },
  'all of them': { temperature: 1.3, topK: 40, topP: 0.95, minP: 0.02, repetitionPenalty: 1.2 },
};

/** Few ids need to be nearly equal for several to be drawn. */
const logitsOf = (vocabulary: number) => random(vocabulary, 5).map((x) => (vocabulary < 10 ? x : 6 * x));

/** `times` draws from the same logits. `seen` grows as ids are drawn. */
async function draw(
  logits: Float32Array<ArrayBuffer>,
  sampling: Sampling,
  { threads = THREADS[0], times = 1, seen = [] as number[] } = {},
) {
  const bits = new Uint32Array(Math.ceil(logits.length / 32));
  for (const id of seen) bits[id >> 5] |= 1 << (id & 31);
  const bind = {
    logits,
    seen: bits,
    probabilities: new Float32Array(logits.length),
    ids: new Uint32Array(1),
    outputs: new Uint32Array(times),
  };
  const work = { bind, params: sampleParams(logits.length, sampling, times), times, position: 10, count: 3 };
  const outputs = ['outputs', 'ids', 'seen', 'state'] as const;
  const result = await runOp(device, sample, { threads }, TARGETS.software, work, outputs);
  return {
    outputs: [...new Uint32Array(result.outputs)],
    next: new Uint32Array(result.ids)[0],
    seen: new Uint32Array(result.seen),
    state: [...new Uint32Array(result.state)],
  };
}

/** The random number of a step: pcg3d (Jarzynski and Olano 2020). */
function uniform(seed: number, step: number): number {
  let [x, y, z] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, step].map(
    (v) => (Math.imul(v, 1664525) + 1013904223) >>> 0,
  ) as [number, number, number];
  const mix = () => {
    x = (x + Math.imul(y, z)) >>> 0;
    y = (y + Math.imul(z, x)) >>> 0;
    z = (z + Math.imul(x, y)) >>> 0;
  };
  mix();
  [x, y, z] = [x ^ (x >>> 16), y ^ (y >>> 16), z ^ (z >>> 16)].map((v) => v >>> 0) as [number, number, number];
  mix();
  return (x >>> 8) / 2 ** 24;
}

/** Σ (seen − expected)² / expected with rare ids in one bin, and its degrees of freedom. */
function chiSquare(outputs: readonly number[], probabilities: Float64Array) {
  const counts = new Float64Array(probabilities.length);
  for (const id of outputs) counts[id]++;
  let [statistic, bins, restSeen, restExpected] = [0, 0, 0, 0];
  probabilities.forEach((p, id) => {
    const expected = p * outputs.length;
    if (expected < 5) {
      restSeen += counts[id];
      restExpected += expected;
      return;
    }
    statistic += (counts[id] - expected) ** 2 / expected;
    bins++;
  });
  if (restExpected >= 5) {
    statistic += (restSeen - restExpected) ** 2 / restExpected;
    bins++;
  }
  return { statistic, freedom: bins - 1 };
}

/** Hardly any right sampler gets beyond: 3.1 deviations, and the skew. */
const limit = (freedom: number) => freedom + 3.1 * Math.sqrt(2 * freedom) + 4;

for (const threads of THREADS) {
  describe(`sampler of ${threads} threads`, () => {
    for (const vocabulary of VOCABULARIES) {
      const logits = logitsOf(vocabulary);

      test(`greedy over ${vocabulary} ids, the lowest among equals`, async () => {
        const best = logits.indexOf(Math.max(...logits));
        expect((await draw(logits, GREEDY, { threads })).outputs).toEqual([best]);
        const tied = Float32Array.from(logits);
        tied[Math.floor(best / 2)] = tied[vocabulary - 1] = logits[best];
        expect((await draw(tied, GREEDY, { threads })).outputs).toEqual([Math.floor(best / 2)]);
      });

      for (const [name, options] of Object.entries(SAMPLED)) {
        test(`${name} over ${vocabulary} ids: each draw is where its random number says`, async () => {
          const sampling = { ...GREEDY, seed: 2 ** 40 + 7, ...options };
          const times = vocabulary > 1000 ? 6 : 24;
          const seen = [2, vocabulary - 1];
          const { outputs } = await draw(logits, sampling, { threads, times, seen });
          outputs.forEach((id, step) => {
            const p = sample.reference(logits, sampling, new Set([...seen, ...outputs.slice(0, step)]));
            const below = p.subarray(0, id).reduce((a, b) => a + b, 0);
            const u = uniform(sampling.seed, step);
            expect(p[id]).toBeGreaterThan(0);
            expect(u).toBeGreaterThan(below - 1e-4);
            expect(u).toBeLessThan(below + p[id] + 1e-4);
          });
          expect((await draw(logits, sampling, { threads, times, seen })).outputs).toEqual(outputs);
          const other = { ...sampling, seed: 8 };
          expect((await draw(logits, other, { threads, times, seen })).outputs).not.toEqual(outputs);
        });
      }
    }

    test('the state moves on: position, count, step, token, the id to read next, the penalty history', async () => {
      const logits = logitsOf(257);
      const { outputs, next, seen, state } = await draw(logits, { ...GREEDY, temperature: 1 }, { threads, times: 4 });
      expect(state).toEqual([10 + 3 + 3, 1, 4, outputs[3]]);
      expect(next).toBe(outputs[3]);
      expect(outputs.every((id) => (seen[id >> 5] >>> (id & 31)) & 1)).toBe(true);
    });
  });
}

test('counts of many draws fit the distribution, and not a warmer one', async () => {
  const logits = logitsOf(257);
  const sampling = { ...GREEDY, temperature: 2, topP: 0.9, seed: 11 };
  const { outputs } = await draw(logits, sampling, { times: 3000 });
  const right = chiSquare(outputs, sample.reference(logits, sampling, new Set()));
  expect(right.statistic).toBeLessThan(limit(right.freedom));
  const wrong = chiSquare(outputs, sample.reference(logits, { ...sampling, temperature: 2.2 }, new Set()));
  expect(wrong.statistic).toBeGreaterThan(limit(wrong.freedom));
});
