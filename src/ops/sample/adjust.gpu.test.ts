// Penalties, biases and forms on the logits, and the logarithms that a request is told, against float64.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { random, runOp, TARGETS } from '../testing/run';
import { adjust, adjustParams } from './adjust';
import { logprobs, readRecord, RECORD } from './logprobs';
import type { Adjustments } from './sampling';

const { device } = (await testDevices())[0];

const bits = (ids: Iterable<number>, vocabulary: number) => {
  const words = new Uint32Array(Math.ceil(vocabulary / 32));
  for (const id of ids) words[id >> 5] |= 1 << (id & 31);
  return words;
};

for (const vocabulary of [7, 257, 32_001, 262_208]) {
  describe(`${vocabulary} ids`, () => {
    const logits = random(vocabulary, 5).map((x) => 6 * x);
    const last = vocabulary - 2;

    test('penalties, biases and a form', async () => {
      const adjustments: Adjustments = {
        presencePenalty: 0.7,
        frequencyPenalty: -0.4,
        logitBias: { 1: 100, 4: -3.5, [vocabulary - 1]: 2 },
      };
      const counts = new Map([
        [0, 2],
        [3, 1],
      ]);
      const seen = new Set([0, 3, 5, last]);
      const allowed = new Set(
        Array.from({ length: vocabulary }, (_, id) => id).filter((id) => id % 3 !== 1 || id === last),
      );
      const bias = new Float32Array(vocabulary);
      for (const [id, value] of Object.entries(adjustments.logitBias ?? {})) bias[Number(id)] = value;
      const before = new Uint32Array(vocabulary);
      for (const [id, count] of counts) before[id] = count;
      const work = {
        bind: {
          // the third draw of a generation that began with the second: the last id is counted now
          state: Uint32Array.of(10, 1, 2, last),
          logits,
          seen: bits(seen, vocabulary),
          bias,
          allowed: bits(allowed, vocabulary),
          counts: before,
          adjusted: new Float32Array(vocabulary),
        },
        params: adjustParams(vocabulary, 1.3, adjustments, 1),
        count: 1,
      };
      const result = await runOp(device, adjust, {}, TARGETS.software, work, ['adjusted', 'counts']);
      const actual = [...new Float32Array(result.adjusted)].slice(0, vocabulary);
      const written = { seen, counts: new Map([...counts, [last, 1]]), allowed };
      const expected = adjust.reference(logits, 1.3, adjustments, written);
      expect(actual.filter((x) => x <= -1e29).length).toBe(vocabulary - allowed.size);
      const furthest = (other: ArrayLike<number>) =>
        [...allowed].reduce((most, id) => Math.max(most, Math.abs(actual[id] - other[id])), 0);
      expect(furthest(expected)).toBeLessThan(1e-4);
      expect(new Uint32Array(result.counts)[last]).toBe(1);
      for (const wrong of [
        adjust.reference(logits, 1.3, adjustments, { ...written, counts }),
        adjust.reference(logits, 1.2, adjustments, written),
        adjust.reference(logits, 1.3, { ...adjustments, presencePenalty: 0 }, written),
        adjust.reference(logits, 1.3, { ...adjustments, frequencyPenalty: 0 }, written),
      ]) {
        expect(furthest(wrong)).toBeGreaterThan(0.1);
      }
      // before the first draw nothing was drawn
      const params = adjustParams(vocabulary, 1.3, adjustments, 2);
      const first = await runOp(device, adjust, {}, TARGETS.software, { ...work, params }, ['counts']);
      expect([...new Uint32Array(first.counts)].slice(0, vocabulary)).toEqual([...before]);
    });

    for (const [name, target] of Object.entries(TARGETS)) {
      test(`logarithms, ${name}`, async () => {
        const given = Float32Array.from(logits);
        given[2] = given[5]; // of equal ones the lower id comes first
        const top = Math.min(20, vocabulary);
        const work = {
          bind: { state: Uint32Array.of(10, 1, 3, last), logits: given, records: new Uint32Array(2 * RECORD) },
          params: { vocabulary, top, outputs: 2 },
          count: 1,
        };
        const { threads } = target.sampler;
        const { records } = await runOp(device, logprobs, { threads }, target, work, ['records']);
        // the third draw's record lies where the first one's did
        const record = readRecord(records, 0, top);
        const expected = logprobs.reference(given, last, top);
        expect(record.logprob).toBeCloseTo(expected.logprob, 4);
        expect(record.logprob).not.toBeCloseTo(logprobs.reference(given, 0, top).logprob, 3);
        expect(record.top.map(({ id }) => id)).toEqual(expected.top.map(({ id }) => id));
        record.top.forEach(({ logprob }, i) => expect(logprob).toBeCloseTo(expected.top[i].logprob, 4));
        expect([...new Uint32Array(records, RECORD * 4, RECORD)].every((word) => word === 0)).toBe(true);
      });
    }
  });
}
