// Kernels whose threads share memory, with their threads in other orders. Software drivers run a workgroup's threads a few
// at a time, each up to the next barrier: what one thread reads of another's without a barrier between is there in one
// order and not in the other. So all orders must agree to the bit; and with any barrier taken out, some order must not.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../gpu/testing/device';
import type { Kernel } from '../gpu/kernel';
import { attention as flash } from './attention/attention';
import { linear, NO_HEADS } from './matmul/linear';
import { logprobs, RECORD } from './sample/logprobs';
import { sample, sampleParams } from './sample/sample';
import type { Sampling } from './sample/sampling';
import { type RaceCase, rowRaces } from './testing/races';
import { attentionRaces } from './testing/races-attention';
import { linearRaces } from './testing/races-linear';
import { sampleRaces } from './testing/races-sample';
import { type FlashShape, tune } from './tuning';
import { cheapPipelines, random, run, TARGETS, workOf } from './testing/run';
import { shapeFor } from './tuning';

/** Which thread's work a thread takes, of `size`: a permutation. */
const ORDERS: Record<string, (raw: string, size: string) => string> = {
  reversed: (raw, size) => `${size} - 1u - ${raw}`,
  scattered: (raw, size) => `(${raw} * 5u + 3u) % ${size}`,
};

const MAIN =
  /@workgroup_size\((\w+)\)\s*fn main\(([^{]*)@builtin\(local_invocation_index\) (\w+): u32([^{]*)\) \{(?:\n|$)/;

/** A kernel with its threads' work dealt out in another order. */
function reordered(kernel: Kernel, order: (raw: string, size: string) => string): Kernel {
  const wgsl = kernel.wgsl.replace(
    MAIN,
    (_, size: string, before: string, name: string, after: string) =>
      `@workgroup_size(${size}) fn main(${before}@builtin(local_invocation_index) raw_${name}: u32${after}) {\n` +
      `let ${name} = ${order(`raw_${name}`, size)};\n`,
  );
  if (wgsl === kernel.wgsl) throw new Error(`${kernel.label}: no thread number to permute`);
  return { ...kernel, wgsl };
}

const BARRIER = /\b(workgroup|storage)Barrier\(\);/g;
const barriers = ({ wgsl }: Kernel) => [...wgsl.matchAll(BARRIER)].length;
const withoutBarrier = (kernel: Kernel, n: number): Kernel => {
  let seen = 0;
  return { ...kernel, wgsl: kernel.wgsl.replace(BARRIER, (whole) => (seen++ === n ? '' : whole)) };
};

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

const matvec = (): RaceCase => {
  const [rows, columns, tokens] = [13, 96, 3];
  const shape = { rows: 4, tokens: 2, lanes: 32, workgroup: 32 };
  return {
    ...workOf(linear, { kind: 'f32', shape, input: 'f32', output: 'f32', norm: true }, TARGETS.hardware, {
      bind: {
        x: random(tokens * columns, 1),
        gain: random(columns, 2),
        codes: random(rows * columns, 3),
        y: new Float32Array(tokens * rows),
      },
      params: { rows, columns, row_start: 0, out_stride: rows, half: 0, last_only: 0, epsilon: 1e-5, ...NO_HEADS },
      count: tokens,
    }),
    outputs: ['y'],
    // barriers 0 and 2 stand between what lane 0 writes and lane 1 reads: no order parts these two
    needed: [1],
  };
};

const gemm = (): RaceCase => {
  const [rows, columns, tokens] = [66, 96, 65];
  const variant = {
    kind: 'f32',
    shape: shapeFor(TARGETS.hardware.prefill.linear, rows),
    input: 'f32',
    output: 'f32',
    norm: true,
  } as const;
  const { kernel, work } = workOf(linear, variant, TARGETS.hardware, {
    bind: {
      x: random(tokens * columns, 1),
      gain: random(columns, 2),
      codes: random(rows * columns, 3),
      y: new Float32Array(tokens * rows),
    },
    params: { rows, columns, row_start: 0, out_stride: rows, half: 0, last_only: 0, epsilon: 1e-5, ...NO_HEADS },
    count: tokens,
  });
  return {
    kernel,
    work,
    outputs: ['y'],
    // its pipelines take SwiftShader four seconds each
    needed: process.env['PRONK_LONG'] ? upTo(barriers(kernel)) : [],
  };
};

/** @param idle barriers that no order of threads shows: others stand between the same reads and writes here */
const attention =
  (shape: FlashShape, idle: readonly number[] = []) =>
  (): RaceCase => {
    const [heads, kvHeads, width, context, tokens] = [6, 2, 20, 140, 5];
    const variant = { shape, headDim: width, group: heads / kvHeads, parted: false };
    const { kernel, work } = workOf(flash, variant, TARGETS.hardware, {
      bind: {
        qkv: random(tokens * (heads + 2 * kvHeads) * width, 1),
        keys: random(kvHeads * context * width, 2),
        values: random(kvHeads * context * width, 3),
        out: new Float32Array(tokens * heads * width),
      },
      params: { heads, kv_heads: kvHeads, context, quads: width / 4, window: context, splits: 1 },
      position: 130,
      count: tokens,
    });
    const needed = upTo(barriers(kernel)).filter((n) => !idle.includes(n));
    // each of its pipelines takes SwiftShader seconds
    return { kernel, work, outputs: ['out'], needed: process.env['PRONK_LONG'] ? needed : [] };
  };

const sampler = (): RaceCase => {
  const vocabulary = 257;
  const sampling: Sampling = { temperature: 1, topK: 50, topP: 0.9, minP: 0.01, repetitionPenalty: 1.1, seed: 3 };
  return {
    ...workOf(sample, { threads: 32 }, TARGETS.hardware, {
      bind: {
        logits: random(vocabulary, 1),
        seen: new Uint32Array(Math.ceil(vocabulary / 32)),
        probabilities: new Float32Array(vocabulary),
        ids: new Uint32Array(1),
        outputs: new Uint32Array(4),
      },
      params: sampleParams(vocabulary, sampling, 4),
      count: 1,
    }),
    outputs: ['outputs'],
    // that of a sum; what follows the others waits in workgroupUniformLoad anyway
    needed: [0],
  };
};

const likeliest = (): RaceCase => {
  const vocabulary = 257;
  return {
    ...workOf(logprobs, { threads: 32 }, TARGETS.hardware, {
      bind: { state: Uint32Array.of(9, 1, 1, 200), logits: random(vocabulary, 1), records: new Uint32Array(RECORD) },
      params: { vocabulary, top: 20, outputs: 1 },
      count: 1,
    }),
    outputs: ['records'],
    // those of partial results; what follows the others waits in workgroupUniformLoad, or is the first thread's alone
    needed: [0, 2],
  };
};

const [tested] = await testDevices();
const { device } = tested!;
/** One driver that takes threads a few at a time is enough. */
const cheap = cheapPipelines(tested!);

const result = async ({ work, outputs }: RaceCase, kernel: Kernel) =>
  Object.values(await run(device, kernel, work, outputs))
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .join();

const { decode, prefill } = tune({ f16: false, subgroups: false }, false, 'exact');
const CASES = {
  matvec,
  gemm,
  'attention by tiles': attention(prefill.attention, [2, 6]),
  'attention by parts': attention(decode.attention),
  sampler,
  likeliest,
  ...rowRaces,
  ...linearRaces,
  ...attentionRaces,
  ...sampleRaces,
};

for (const [label, make] of Object.entries(CASES)) {
  describe.runIf(cheap)(`${label}, threads in another order (skipped where pipelines take long)`, () => {
    const it = make();
    const orders = Object.values(ORDERS);
    test('gives the same bits', async () => {
      const right = await result(it, it.kernel);
      for (const order of orders) expect(await result(it, reordered(it.kernel, order))).toBe(right);
    });
    for (const n of it.needed) {
      test(`without barrier ${n} gives other bits`, async () => {
        const broken = withoutBarrier(it.kernel, n);
        const forms = [broken, ...orders.map((order) => reordered(broken, order))];
        const right = await result(it, it.kernel);
        const found = [];
        for (const form of forms) found.push((await result(it, form)) === right);
        expect(found).toContain(false);
      });
    }
  });
}
