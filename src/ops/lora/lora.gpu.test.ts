// LoRA and its gradients, in both forms, against the references in float64: odd shapes, maps left out, dropout.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { dropoutMask } from './dropout';
import { loraParams } from './lora';
import { loraInputBackward } from './lora-backward';
import type { LoraShape } from './shape';
import { GLU_OPS, type LoraCase, LORA_OPS, type LoraOp, loraOff, loraResult } from '../testing/lora';
import { random, runOp, TARGETS } from '../testing/run';

const [{ device }] = await testDevices();
const OPS = Object.keys(LORA_OPS) as (keyof typeof LORA_OPS)[];
const GLU = Object.keys(GLU_OPS) as (keyof typeof GLU_OPS)[];
const NORMED: readonly LoraOp[] = [
  'down behind a norm',
  'the norm before down',
  'its 1 / rms',
  'aGradient behind a norm',
];
const MASKED: readonly LoraOp[] = ['down', 'aGradient', 'aGradient alone', 'aGradient behind a gate', 'downBackward'];
const SCALED: readonly LoraOp[] = ['up', 'upBackward', 'bGradient'];

/** Rows of q|k|v in one row of the group's output: k and v have fewer heads, and no multiple of anything. */
const [Q, K, V] = [
  { first: 0, rows: 41, module: 14 },
  { first: 41, rows: 13, module: 15 },
  { first: 54, rows: 14, module: 16 },
];
const base: LoraShape = { columns: 52, rank: 3, stride: 70, scale: 0.75, keep: 0.8, epsilon: 0.1, maps: [Q, K, V] };
const CASES: Record<string, LoraCase> = {
  'one token, rank 1, v alone': { ...base, rank: 1, maps: [V], tokens: 1, target: TARGETS.software },
  'q, k and v, rank 3': { ...base, tokens: 5, target: TARGETS.software },
  'q and v, rank 8': { ...base, rank: 8, maps: [Q, V], tokens: 67, target: TARGETS.software },
  'wide, rank 64': {
    ...base,
    columns: 300,
    rank: 64,
    stride: 600,
    maps: [
      { first: 0, rows: 300, module: 4 },
      { first: 300, rows: 300, module: 5 },
    ],
    tokens: 37,
    target: TARGETS.software,
  },
};

describe.each([
  ['threads alone', TARGETS.software],
  ['threads that share sums', TARGETS.hardware],
])('%s', (_, target) => {
  describe.each(Object.entries(CASES))('%s', (__, each) => {
    const it = { ...each, target };
    test.each(OPS)('%s', async (op) => {
      expect(await loraOff(device, op, { ...it, dropout: false })).toBeLessThan(1e-5);
      if (MASKED.includes(op)) expect(await loraOff(device, op, { ...it, dropout: true })).toBeLessThan(1e-5);
    });
  });

  const it: LoraCase = { ...CASES['q, k and v, rank 3'], target, dropout: true };
  /** The kernel is told something else than the reference. */
  const wrong = (op: LoraOp, change: Partial<LoraCase>) => loraOff(device, op, { ...it, ...change }, it);

  test.each(SCALED)('%s without the scale, with another sign, a row off', async (op) => {
    expect(await wrong(op, { scale: 1 })).toBeGreaterThan(1e-2);
    expect(await wrong(op, { scale: -it.scale })).toBeGreaterThan(1e-2);
    const shifted = [Q, { ...K, first: K.first + 1 }, V];
    expect(await wrong(op, { maps: shifted })).toBeGreaterThan(1e-2);
  });

  test.each(NORMED)('%s with another epsilon', async (op) => {
    const plain = { ...it, dropout: false };
    expect(await loraOff(device, op, { ...plain, epsilon: 0 }, plain)).toBeGreaterThan(1e-2);
  });

  test.each(GLU)('%s', async (op) => {
    const half = it.stride / 2;
    const maps = [
      { first: 0, rows: half, module: 4 },
      { first: half, rows: half, module: 5 },
    ];
    const right: LoraCase = { ...it, dropout: false, maps };
    expect(await loraOff(device, op, right)).toBeLessThan(1e-5);
    expect(await loraOff(device, op, { ...right, rank: 9, tokens: 19 })).toBeLessThan(1e-5);
    expect(await loraOff(device, op, { ...right, scale: 1 }, right)).toBeGreaterThan(1e-2);
    expect(await loraResult(device, op, { ...right, beyond: 1e30 })).toEqual(await loraResult(device, op, right));
  });

  test.each(MASKED)('%s without the mask, with another module’s, seed’s or step’s', async (op) => {
    expect(await wrong(op, { dropout: false })).toBeGreaterThan(1e-2);
    expect(await wrong(op, { maps: [Q, { ...K, module: K.module + 1 }, V] })).toBeGreaterThan(1e-2);
    expect(await wrong(op, { noise: [8, 2] })).toBeGreaterThan(1e-2);
    expect(await wrong(op, { noise: [7, 3] })).toBeGreaterThan(1e-2);
  });

  test.each(OPS)('%s repeats to the bit, whatever stands beyond the batch', async (op) => {
    const same = { ...it, dropout: MASKED.includes(op) };
    const first = await loraResult(device, op, same);
    expect(await loraResult(device, op, same)).toEqual(first);
    expect(await loraResult(device, op, { ...same, beyond: 1e30 })).toEqual(first);
    // what stands in the batch does matter
    expect(await loraResult(device, op, { ...same, seed: 2 })).not.toEqual(first);
  });
});

describe('dropout', () => {
  const shape: LoraShape = { ...base, columns: 1028, rank: 1, maps: [{ first: 0, rows: 4, module: 9 }], keep: 0.9 };
  const { columns, keep } = shape;
  const [seed, step] = [0xfedcba98, 12];
  /** (position, row) of tokens whose order and neighbours do not matter */
  const tokens = [
    { position: 0, row: 3 },
    { position: 1, row: 3 },
    { position: 0, row: 0xffffffff },
    { position: 1023, row: 0x80000001 },
  ];

  /** Each token's mask times `values`, as the kernel that adds mask(v · a) to zeros gives it. */
  async function masked(of: typeof tokens, values: Float32Array<ArrayBuffer>): Promise<Float32Array[]> {
    const { dx } = await runOp(
      device,
      loraInputBackward,
      { dropout: true, input: 'plain', dx: true },
      TARGETS.software,
      {
        bind: {
          places: Uint32Array.from(of.flatMap(({ position, row }) => [position, 0, of.length, row])),
          noise: Uint32Array.of(seed, step),
          v: new Float32Array(of.length).fill(1),
          a: values,
          x: new Float32Array(of.length * columns),
          da: new Float32Array(columns),
          dx: new Float32Array(of.length * columns),
        },
        params: loraParams(shape),
        count: of.length,
      },
      ['dx'],
    );
    return of.map((_, t) => new Float32Array(dx, 4 * t * columns, columns));
  }

  test('is bit for bit its twin’s, and what is kept is x / keep', async () => {
    const values = random(columns, 5);
    const found = await masked(tokens, values);
    for (const [t, { position, row }] of tokens.entries()) {
      const mask = dropoutMask({ seed, step, row, position, module: 9 }, columns, keep);
      expect(found[t]).toEqual(values.map((value, k) => (mask[k] ? value / Math.fround(keep) : 0)));
      expect(mask.filter((value) => value === 0).length).toBeGreaterThan(columns * 0.05);
    }
    const other = dropoutMask({ seed, step, row: 4, position: 0, module: 9 }, columns, keep);
    expect(found[0]).not.toEqual(values.map((value, k) => (other[k] ? value / Math.fround(keep) : 0)));
  });

  test('of a token does not depend on its place in the batch', async () => {
    const ones = new Float32Array(columns).fill(1);
    const found = await masked(tokens, ones);
    const order = [2, 0, 3, 1];
    const moved = await masked(
      order.map((t) => tokens[t]),
      ones,
    );
    for (const [place, t] of order.entries()) expect(moved[place]).toEqual(found[t]);
    expect(moved[0]).not.toEqual(found[0]);
    expect(await masked([tokens[2]], ones)).toEqual([found[2]]);
  });
});
