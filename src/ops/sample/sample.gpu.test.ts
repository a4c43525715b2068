// The sampler against its distribution in float64: every draw lies where its random number says, and their counts fit.
import { describe, expect, test } from 'vitest';
import { Buffers, read } from '../../gpu/buffers';
import { encode, Kernels } from '../../gpu/kernel';
import { testDevices } from '../../gpu/testing/device';
import { random, TARGETS } from '../testing/run';
import { sample, sampleParams } from './sample';
import { GREEDY, type Sampling } from './sampling';
import { sampleChunks } from './sample-chunks';
import { type ChunksVariant, inChunks, sortChunks } from './sort-chunks';

const { device } = (await testDevices())[0];

/** The sampler's form: one workgroup of so many threads, or one for each chunk and one more. */
type Form = { readonly threads: number } | ChunksVariant;

/** No vocabulary is round: fewer ids than threads, one more than a power of two, one more than LLaMA's. */
const FORMS: readonly { form: Form; vocabularies: readonly number[] }[] = [
  ...Object.values(TARGETS).map(({ sampler: { threads } }) => ({ form: { threads }, vocabularies: [7, 257, 32_001] })),
  { form: { chunk: 1024 }, vocabularies: [7, 257, 32_001, 151_936] },
  { form: { chunk: 2048 }, vocabularies: [257, 262_208] },
];

const SAMPLED: Record<string, Partial<Sampling>> = {
  temperature: { temperature: 0.7 },
  'top-k': { temperature: 1, topK: 5 },
  'top-p': { temperature: 1, topP: 0.8 },
  'min-p': { temperature: 1, minP: 0.3 },
  'all of them': { temperature: 1.3, topK: 40, topP: 0.95, minP: 0.02, repetitionPenalty: 1.2 },
};

/** Few ids need to be nearly equal for several to be drawn. */
const logitsOf = (vocabulary: number) => random(vocabulary, 5).map((x) => (vocabulary < 10 ? x : 6 * x));

const kernels = new Kernels(device);

/** `times` draws from the same logits. `seen` grows as ids are drawn. */
async function draw(
  logits: Float32Array<ArrayBuffer>,
  sampling: Sampling,
  { form = FORMS[0].form, times = 1, seen = [] as number[] } = {},
) {
  const bits = new Uint32Array(Math.ceil(logits.length / 32));
  for (const id of seen) bits[id >> 5] |= 1 << (id & 31);
  const buffers = new Buffers(device);
  const context = { kernels, buffers, target: TARGETS.hardware };
  const make = (data: ArrayBufferView) => buffers.from('activations', data);
  const bound = {
    state: make(Uint32Array.of(10, 3, 0, 0)),
    logits: make(logits),
    seen: make(bits),
    ids: make(new Uint32Array(1)),
    outputs: make(new Uint32Array(times)),
  };
  const params = sampleParams(logits.length, sampling, times, 'chunk' in form ? form.chunk : 0);
  device.pushErrorScope('validation');
  try {
    const steps = [];
    if ('threads' in form) {
      const probabilities = make(new Float32Array(logits.length));
      steps.push(await sample.step(context, form, { ...bound, probabilities }, params));
    } else {
      const [sorted, masses] = [0, 1].map(() => make(new Float32Array(inChunks(logits.length, form))));
      const { seen: known, logits: given } = bound;
      steps.push(
        await sortChunks.step(context, form, { seen: known, logits: given, sorted, masses }, params),
        await sampleChunks.step(context, form, { ...bound, sorted, masses }, params),
      );
    }
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < times; i++) encode(encoder, steps, 1);
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    const words = async (buffer: GPUBuffer, length: number) =>
      new Uint32Array(await read(device, buffer, 0, 4 * length));
    return {
      outputs: [...(await words(bound.outputs, times))],
      next: (await words(bound.ids, 1))[0],
      seen: await words(bound.seen, bits.length),
      state: [...(await words(bound.state, 4))],
    };
  } finally {
    buffers.destroy();
  }
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

/** Logits of which half differ in their last bits only and are larger than the other half. */
function close(vocabulary: number): Float32Array<ArrayBuffer> {
  const logits = random(vocabulary, 9);
  const bits = new Uint32Array(logits.buffer);
  const nine = new Uint32Array(Float32Array.of(9).buffer)[0];
  for (let i = 0; i < vocabulary; i += 2) bits[i] = nine + ((i * 7919) % vocabulary);
  return logits;
}

for (const { form, vocabularies } of FORMS) {
  describe(`sampler ${JSON.stringify(form)}`, () => {
    for (const vocabulary of vocabularies) {
      const logits = logitsOf(vocabulary);

      test(`greedy over ${vocabulary} ids, the lowest among equals`, async () => {
        const best = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
        expect((await draw(logits, GREEDY, { form })).outputs).toEqual([best]);
        const tied = Float32Array.from(logits);
        tied[Math.floor(best / 2)] = tied[vocabulary - 1] = logits[best];
        expect((await draw(tied, GREEDY, { form })).outputs).toEqual([Math.floor(best / 2)]);
        const zeros = logits.map(() => -1);
        zeros[Math.floor(vocabulary / 3)] = -0;
        zeros[vocabulary - 1] = 0;
        expect((await draw(zeros, GREEDY, { form })).outputs).toEqual([Math.floor(vocabulary / 3)]);
        const penalised = await draw(logits, { ...GREEDY, repetitionPenalty: 100 }, { form, seen: [best] });
        expect(penalised.outputs).not.toEqual([best]);
      });

      for (const [name, options] of Object.entries(SAMPLED)) {
        test(`${name} over ${vocabulary} ids: each draw is where its random number says`, async () => {
          const sampling = { ...GREEDY, seed: 2 ** 40 + 7, ...options };
          const times = vocabulary > 100_000 ? 3 : vocabulary > 1000 ? 6 : 24;
          const seen = [2, vocabulary - 1];
          const { outputs } = await draw(logits, sampling, { form, times, seen });
          let p = sample.reference(logits, sampling, new Set(seen));
          outputs.forEach((id, step) => {
            if (sampling.repetitionPenalty !== 1 && step > 0) {
              p = sample.reference(logits, sampling, new Set([...seen, ...outputs.slice(0, step)]));
            }
            const below = p.subarray(0, id).reduce((a, b) => a + b, 0);
            const u = uniform(sampling.seed, step);
            expect(p[id]).toBeGreaterThan(0);
            expect(u).toBeGreaterThan(below - 1e-4);
            expect(u).toBeLessThan(below + p[id] + 1e-4);
          });
          expect((await draw(logits, sampling, { form, times, seen })).outputs).toEqual(outputs);
          const other = { ...sampling, seed: 8 };
          expect((await draw(logits, other, { form, times, seen })).outputs).not.toEqual(outputs);
        });
      }
    }

    if ('chunk' in form) {
      test('top-k and top-p keep the right ids to the last bit of a logit', async () => {
        const vocabulary = 32_001;
        const logits = close(vocabulary);
        const likeliest = Array.from(logits, (_, id) => id).toSorted((a, b) => logits[b] - logits[a] || a - b);
        for (const kept of [12, 1500]) {
          const settings: Partial<Sampling>[] = [{ topK: kept }];
          // the half with larger logits is equally likely but for rounding in f32
          const half = Math.ceil(vocabulary / 2);
          const share = Math.exp(9) * half + (vocabulary - half);
          if (kept === 1500) settings.push({ topP: (Math.exp(9) * (kept - 0.5)) / share });
          for (const options of settings) {
            const sampling = { ...GREEDY, temperature: 1, seed: 3, ...options };
            const { outputs } = await draw(logits, sampling, { form, times: kept === 12 ? 150 : 300 });
            const places = outputs.map((id) => likeliest.indexOf(id));
            const slack = options.topP === undefined ? 0 : 40;
            expect(Math.max(...places)).toBeLessThan(kept + slack);
            expect(Math.max(...places)).toBeGreaterThan(kept === 12 ? 10 : 0.97 * kept);
            if (kept === 12) expect(new Set(places).size).toBe(kept);
          }
        }
      });
    }

    test('the state moves on: position, count, step, token, the id to read next, the penalty history', async () => {
      const logits = logitsOf(257);
      const { outputs, next, seen, state } = await draw(logits, { ...GREEDY, temperature: 1 }, { form, times: 4 });
      expect(state).toEqual([10 + 3 + 3, 1, 4, outputs[3]]);
      expect(next).toBe(outputs[3]);
      expect(outputs.every((id) => (seen[id >> 5] >>> (id & 31)) & 1)).toBe(true);
    });
  });
}

for (const { form } of FORMS.slice(0, 3)) {
  test(`counts of many draws fit the distribution, and not a warmer one: ${JSON.stringify(form)}`, async () => {
    const logits = logitsOf(257);
    const sampling = { ...GREEDY, temperature: 2, topP: 0.9, seed: 11 };
    const { outputs } = await draw(logits, sampling, { form, times: 3000 });
    const right = chiSquare(outputs, sample.reference(logits, sampling, new Set()));
    expect(right.statistic).toBeLessThan(limit(right.freedom));
    const wrong = chiSquare(outputs, sample.reference(logits, { ...sampling, temperature: 2.2 }, new Set()));
    expect(wrong.statistic).toBeGreaterThan(limit(wrong.freedom));
  });
}
