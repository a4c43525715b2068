// Sorted chunks and their masses against the reference in float64.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { altered, random, relative, run, TARGETS, workOf } from '../testing/run';
import { sampleParams } from './sample';
import { GREEDY } from './sampling';
import { inChunks, sortChunks } from './sort-chunks';

const { device } = (await testDevices())[0];
const TEMPERATURE = 0.7;

for (const [chunk, vocabulary] of [
  [1024, 2_599],
  [2048, 2_049],
] as const) {
  test(`chunks of ${chunk}`, async () => {
    const logits = random(vocabulary, 5).map((x) => 9 * x);
    logits[7] = logits[70] = logits[1000];
    const slots = inChunks(vocabulary, { chunk });
    const { kernel, work } = workOf(sortChunks, { chunk }, TARGETS.hardware, {
      bind: {
        logits,
        seen: new Uint32Array(Math.ceil(vocabulary / 32)),
        sorted: new Uint32Array(slots),
        masses: new Float32Array(slots),
      },
      params: sampleParams(vocabulary, { ...GREEDY, temperature: TEMPERATURE }, 1, chunk),
      count: 1,
    });
    const expected = sortChunks.reference(logits, TEMPERATURE, { chunk });
    const distances = async (tried: typeof kernel) => {
      const { sorted, masses } = await run(device, tried, work, ['sorted', 'masses']);
      return expected.map((own, i) => {
        const keys = new Uint32Array(sorted, 4 * chunk * i, own.sorted.length);
        const values = Float32Array.from(keys, logitOf);
        return {
          misplaced: values.filter((value, place) => value !== own.sorted[place]).length,
          mass: relative(new Float32Array(masses, 4 * chunk * i, own.sorted.length), own.masses),
        };
      });
    };
    for (const { misplaced, mass } of await distances(kernel)) {
      expect(misplaced).toBe(0);
      expect(mass).toBeLessThan(1e-5);
    }
    const [wrong] = await distances(altered(kernel, ' / params.temperature), key > 0u', '), key > 0u'));
    expect(wrong.mass).toBeGreaterThan(1e-2);
    const [unsorted] = await distances(altered(kernel, 'stride >= 2u; stride', 'stride >= 4u; stride'));
    expect(unsorted.misplaced).toBeGreaterThan(0);
  });
}

/** The logit of a key, as in shaders/sample/chunks.wgsl. */
function logitOf(key: number): number {
  const bits = key >>> 31 ? (key ^ 0x80000000) >>> 0 : ~key >>> 0;
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}
