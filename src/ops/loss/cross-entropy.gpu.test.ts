// Cross-entropy and its gradient in both forms against float64: vocabularies that are not round, rows in any order.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Kernel } from '../../gpu/kernel';
import type { KernelTarget } from '../tuning';
import { crossEntropy } from './cross-entropy';
import { altered, cheapPipelines, joined, random, relative, run, sameBits, TARGETS, workOf } from '../testing/run';

interface Case {
  readonly vocabulary: number;
  /** Tokens whose rows these are. */
  readonly picked: readonly number[];
  /** Logits lie between ± this. */
  readonly scale?: number;
}

const CASES: readonly Case[] = [
  { vocabulary: 131, picked: [0] },
  { vocabulary: 131, picked: [5, 0, 3, 12, 1, 2, 4, 11, 7, 8, 6] },
  { vocabulary: 512, picked: [2, 9, 1] },
  { vocabulary: 32_000, picked: [6, 4, 2] },
  { vocabulary: 128_256, picked: [1, 0], scale: 1 },
];
const TOKENS = 13;
const WEIGHT = 0.37;
const UNTOUCHED = -5;
/** Rows of a chunk before this one. */
const POSITION = 3;

const [tested] = await testDevices();
const { device } = tested!;

function given({ vocabulary, picked, scale = 8 }: Case) {
  const logits = random(vocabulary * picked.length, 1).map((x) => scale * x);
  // the first and the last id too
  const targets = Int32Array.from(random(TOKENS, 2), (x, t) =>
    t === picked[0] ? vocabulary - 1 : t === picked[1] ? 0 : Math.floor((Math.abs(x) * vocabulary) % vocabulary),
  );
  return { logits, targets, wanted: picked.map((t) => targets[t]) };
}

async function compute(
  it: Case,
  { target, gradient = true }: { target: KernelTarget; gradient?: boolean },
  { logits, targets } = given(it),
  change = (kernel: Kernel) => kernel,
) {
  const { vocabulary, picked } = it;
  const guard = new Float32Array(vocabulary).fill(UNTOUCHED);
  const slots = new Float32Array(POSITION + picked.length + 2).fill(UNTOUCHED);
  const { kernel, work } = workOf(crossEntropy, { gradient, quads: vocabulary % 4 === 0 }, target, {
    bind: {
      picked: Uint32Array.of(9, 9, 9, ...picked, 9),
      targets,
      weight: Float32Array.of(WEIGHT),
      logits: joined(logits, guard),
      loss: slots,
    },
    params: { vocabulary },
    dealt: picked.length + 5,
    position: POSITION,
    count: picked.length,
  });
  const result = await run(device, change(kernel), work, ['logits', 'loss']);
  const [rows, all] = [new Float32Array(result.logits), new Float32Array(result.loss)];
  expect(sameBits(rows.subarray(logits.length), guard)).toBe(true);
  expect([...all.subarray(0, POSITION), ...all.slice(-2)]).toEqual(Array<number>(5).fill(UNTOUCHED));
  return { rows: rows.subarray(0, logits.length), losses: all.subarray(POSITION, POSITION + picked.length) };
}

describe.each(Object.entries(TARGETS))('%s form', (form, target) => {
  const software = form === 'software';
  for (const it of CASES) {
    test(`${it.picked.length} rows over ${it.vocabulary} ids`, async () => {
      const { logits, wanted } = given(it);
      const expected = crossEntropy.reference(logits, wanted, WEIGHT);
      const { rows, losses } = await compute(it, { target });
      expect(relative(losses, expected.losses)).toBeLessThan(2e-6);
      expect(relative(rows, expected.gradient)).toBeLessThan(2e-6);
      // the softmax alone: in most rows the target's one hides it
      const softmax = (gradient: ArrayLike<number>) =>
        Float64Array.from(
          gradient,
          (g, i) => g / WEIGHT + Number(i % it.vocabulary === wanted[Math.floor(i / it.vocabulary)]),
        );
      expect(relative(softmax(rows), softmax(expected.gradient))).toBeLessThan(1e-5);
      const again = await compute(it, { target });
      expect(sameBits(again.rows, rows) && sameBits(again.losses, losses)).toBe(true);
      // without the gradient the same losses, and the logits as they were
      const without = await compute(it, { target, gradient: false });
      expect(sameBits(without.rows, logits) && sameBits(without.losses, losses)).toBe(true);
    });
  }

  test('logits of ±10,000, the target the largest, the least and between', async () => {
    const it = { vocabulary: 131, picked: [5, 0, 3, 12] };
    const { targets, ...made } = given({ ...it, scale: 1e4 });
    const row = made.logits.subarray(0, 131);
    targets[5] = row.indexOf(Math.max(...row));
    made.logits[131 + targets[0]] = -1e4;
    made.logits[131 + 77] = 1e4;
    const expected = crossEntropy.reference(
      made.logits,
      it.picked.map((t) => targets[t]),
      WEIGHT,
    );
    const { rows, losses } = await compute(it, { target }, { targets, ...made });
    expect([...rows, ...losses].every(Number.isFinite)).toBe(true);
    expect(expected.losses[1]).toBe(2e4);
    expect(relative(losses, expected.losses)).toBeLessThan(1e-6);
    expect(relative(rows, expected.gradient)).toBeLessThan(1e-6);
  });

  test('a row has the same bits whatever stands beside it', async () => {
    const it = CASES[1];
    const all = given(it);
    const { rows, losses } = await compute(it, { target });
    const last = it.picked.length - 1;
    const logits = all.logits.slice(last * it.vocabulary);
    const alone = await compute({ ...it, picked: it.picked.slice(last) }, { target }, { ...all, logits });
    expect(alone).toEqual({ rows: rows.subarray(last * it.vocabulary), losses: losses.subarray(last) });
  });

  test.runIf(software || cheapPipelines(tested!))(
    'what is wrong shows (skipped where pipelines take long)',
    async () => {
      const it = CASES[1];
      const { logits, wanted } = given(it);
      const expected = crossEntropy.reference(logits, wanted, WEIGHT);
      for (const [from, to] of [
        ['(p - 1.0)', 'p'],
        ['(p - 1.0)', '(p + 1.0)'],
        [' * scale;', ';'],
        ['targets[picked[slot]]', 'targets[slot]'],
        // the sums of the blocks before, each relative to its own largest
        ['sums *= exp(old_max - lane_max)', 'sums *= 1.0'],
      ] as const) {
        const { rows } = await compute(it, { target }, given(it), (kernel) => altered(kernel, from, to));
        // a lane of the tree has one block of so few
        const same = !software && from.startsWith('sums');
        if (!same) expect(relative(rows, expected.gradient), from).toBeGreaterThan(1e-3);
      }
      const { losses } = await compute(it, { target }, given(it), (kernel) =>
        altered(kernel, '(max_logit - target_logit', '(-target_logit'),
      );
      expect(relative(losses, expected.losses)).toBeGreaterThan(0.1);
    },
  );
});
