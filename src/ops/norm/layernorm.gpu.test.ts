// LayerNorm and its gradient in both forms against float64, at odd shapes, of all tokens and of some.
import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../gpu/kernel';
import { testDevices } from '../../gpu/testing/device';
import type { KernelTarget } from '../tuning';
import { layernorm, layernormBackward } from './layernorm';
import { altered, joined, nowhere, random, relative, run, TARGETS, workOf } from '../testing/run';

interface Case {
  readonly columns: number;
  readonly tokens: number;
  readonly picked?: readonly number[];
}

const CASES: readonly Case[] = [
  { columns: 36, tokens: 1 },
  { columns: 172, tokens: 37 },
  { columns: 172, tokens: 21, picked: [20, 4, 5, 6, 2] },
];
const EPSILON = 0.1;
/** Picked tokens that belong to another batch: it begins behind them. */
const POSITION = 2;

const { device } = (await testDevices())[0];

/** The mean is ten times the deviation, where a variance of squares alone would be off. */
function given({ columns, tokens, picked }: Case) {
  const x = random(tokens * columns, 1).map((value) => value + 10);
  const rows = picked?.length ?? tokens;
  const [gain, shift, dy, dx] = [
    random(columns, 2),
    random(columns, 5),
    random(rows * columns, 3),
    random(tokens * columns, 4),
  ];
  return { x, gain, shift, dy, dx, rows, shape: { columns, epsilon: EPSILON, ...(picked && { picked }) } };
}

async function compute(it: Case, target: KernelTarget, output: 'y' | 'dx', change = (kernel: Kernel) => kernel) {
  const { x, gain, shift, dy, dx, rows } = given(it);
  const { columns, picked } = it;
  const { kernel, work } = workOf(
    output === 'y' ? layernorm : layernormBackward,
    { picked: picked !== undefined },
    target,
    {
      bind: {
        x: joined(x, nowhere(columns)),
        gain,
        shift,
        dy: joined(dy, nowhere(columns)),
        picked: Uint32Array.of(0, 0, ...(picked ?? []), 1),
        [output]: output === 'y' ? new Float32Array(rows * columns) : dx,
      },
      params: { columns, epsilon: EPSILON },
      dealt: rows + 9,
      position: POSITION,
      count: rows,
    },
  );
  return new Float32Array((await run(device, change(kernel), work, [output]))[output]);
}

describe.each(Object.entries(TARGETS))('%s form', (_, target) => {
  test.each(CASES)('$tokens tokens of $columns, picked: $picked', async (it) => {
    const { x, gain, shift, dy, dx, shape } = given(it);
    expect(relative(await compute(it, target, 'y'), layernorm.reference(x, gain, shift, shape))).toBeLessThan(5e-6);
    const expected = layernormBackward.reference(x, gain, dy, dx, shape);
    expect(relative(await compute(it, target, 'dx'), expected)).toBeLessThan(5e-6);
  });
});

test('what is wrong shows', async () => {
  const it = CASES[2];
  const { x, gain, shift, dy, dx, shape } = given(it);
  const off = async (output: 'y' | 'dx', from: string, to: string) => {
    const expected =
      output === 'y' ? layernorm.reference(x, gain, shift, shape) : layernormBackward.reference(x, gain, dy, dx, shape);
    return relative(await compute(it, TARGETS.software, output, (kernel) => altered(kernel, from, to)), expected);
  };
  expect(await off('y', ' + shift[i]', '')).toBeGreaterThan(0.05);
  expect(await off('y', ' + params.epsilon', '')).toBeGreaterThan(1e-3);
  expect(await off('dx', ' - gradient_mean', '')).toBeGreaterThan(1e-3);
  expect(await off('dx', ' - n * product_mean', '')).toBeGreaterThan(1e-3);
});
