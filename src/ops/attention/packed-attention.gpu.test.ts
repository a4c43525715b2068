// Attention of training, forward and backward in both forms, against float64: sequences side by side, groups, windows, odd sizes.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Kernel } from '../../gpu/kernel';
import { ropeInplace } from '../rope/rope-inplace';
import { attendPacked, type Departure, UNTOUCHED } from '../testing/attention';
import { cheapPipelines, relative, TARGETS } from '../testing/run';
import { type PackedCase, packedInputs, packedReference, type PackedResult, placesOf } from '../testing/sequences';

const NAMES = ['out', 'lse', 'delta', 'd_qkv'] as const;
const SMALL = { heads: 6, kvHeads: 2, headDim: 20 };

/** One token; groups of 1, 3 and 8; nothing a multiple of a tile; windows within, of and beyond a tile. */
const CASES: readonly PackedCase[] = [
  { ...SMALL, lengths: [1] },
  { ...SMALL, lengths: [5, 37, 1, 30] },
  { ...SMALL, lengths: [70, 4], window: 7 },
  { ...SMALL, lengths: [3, 70], window: 33 },
  { heads: 2, kvHeads: 2, headDim: 64, lengths: [40, 33] },
  { heads: 3, kvHeads: 1, headDim: 100, lengths: [35, 2] },
  { heads: 8, kvHeads: 1, headDim: 128, lengths: [9, 26] },
];

/** The relative error of each result. */
const errors = (actual: PackedResult, expected: PackedResult) =>
  Object.fromEntries(NAMES.map((name) => [name, relative(actual[name], expected[name])]));
const worst = (actual: PackedResult, expected: PackedResult) => Math.max(...Object.values(errors(actual, expected)));

/** The kernel with a line changed, where it has that line; the test counts how often that was so. */
function changed(from: string | RegExp, to: string) {
  const found: string[] = [];
  const kernel = (given: Kernel): Kernel => {
    const wgsl = given.wgsl.replace(from, to);
    if (wgsl !== given.wgsl) found.push(given.label);
    return { ...given, wgsl };
  };
  return { kernel, found };
}

/** Title, what is changed in a kernel, and in how many: a run with it must come out wrong. */
type Change = readonly [string, RegExp, string, number];
const CHANGES: readonly Change[] = [
  ['a scale of the wrong sign', /let scale = inverseSqrt/g, 'let scale = -inverseSqrt', 3],
  ['scores that are not scaled', /let scale = inverseSqrt\(f32\(4u \* HEAD_QUADS\)\)/g, 'let scale = 1.0', 3],
];
const SOLO_CHANGES: readonly Change[] = [
  ['the future seen', /(key(?:_\d)?) <= token/g, '$1 <= min(token + 1u, state.count - 1u)', 2],
  ['the past seen by k and v', /t >= token/g, 't + 1u >= token', 1],
  ['a sequence seen by the next one', /key(_\d)? >= first_key/g, 'true', 2],
  ['a sequence that sees the next one', /t < query_end/g, 'true', 1],
  ['one head of a group left out', /\(kv_head \+ 1u\) \* heads_per_kv/g, '(kv_head + 1u) * heads_per_kv - 1u', 1],
];
const TILED_CHANGES: readonly Change[] = [
  ['the future seen', /<= tokens\)/g, '<= tokens + 1u)', 2],
  ['the past seen by k and v', />= keys\)/g, '+ 1u >= keys)', 1],
  ['a sequence seen by the next one', /vec4<bool>\(key_\d < end_key\)/g, 'vec4<bool>(true)', 1],
  [
    'one head of a group left out',
    /let visible_(\d) = (?=\(vec4u\(token)/g,
    'let visible_$1 = vec4<bool>(head_$1 % heads_per_kv > 0u) & ',
    1,
  ],
];

const { device, name: driver } = (await testDevices())[0];
const long = Boolean(process.env['PRONK_LONG']);
const cheap = cheapPipelines({ name: driver });

/** A pipeline by tiles takes a software driver seconds: without time, 64 threads on each, and 128 on the one without changes. */
const tried = ({ headDim }: PackedCase) => long || headDim === 20 || (headDim === 128 && !cheap);

describe.each(Object.entries(TARGETS))('%s form', (form, target) => {
  const software = form === 'software';
  for (const it of software ? CASES : CASES.filter(tried)) {
    const { heads, kvHeads, headDim, lengths, window } = it;
    const limit = window === undefined ? '' : `, a window of ${window}`;
    test(`${heads}/${kvHeads} heads of ${headDim}, sequences of ${lengths.join(', ')}${limit}`, async () => {
      const expected = packedReference(it);
      const { tails, ...actual } = await attendPacked(device, target, it);
      for (const [name, error] of Object.entries(errors(actual, expected))) expect(error, name).toBeLessThan(1e-5);
      // nothing is written beyond the batch, and no not-a-number came from there
      expect(tails.every((x) => x === UNTOUCHED)).toBe(true);
    });
  }

  test('gradients that are turned back by their positions', async () => {
    const it: PackedCase = { ...SMALL, lengths: [5, 37] };
    const { heads, kvHeads, headDim } = it;
    const frequencies = Float64Array.from({ length: headDim / 2 - 1 }, (_, i) => 2 ** -i);
    const angle = (position: number, i: number) => position * (frequencies[i] ?? 0);
    const table = Float32Array.from({ length: 40 * headDim }, (_, i) => {
      const of = angle(Math.floor(i / headDim), (i % headDim) >> 1);
      return i % 2 ? Math.sin(of) : Math.cos(of);
    });
    const given = packedInputs(it);
    const plain = packedReference(it);
    const shape = { heads, kvHeads, headDim };
    const rotation = { frequencies, magnitude: 1 };
    const [expected, wrong] = ([-1, 1] as const).map((way) =>
      ropeInplace.reference(plain.d_qkv, given.places, shape, rotation, way),
    );
    const { d_qkv } = await attendPacked(device, target, it, { ...given, table });
    expect(relative(d_qkv, expected)).toBeLessThan(1e-5);
    for (const other of [wrong, plain.d_qkv]) expect(relative(d_qkv, other)).toBeGreaterThan(1e-2);
  });

  describe('what must not pass', () => {
    const it: PackedCase = { ...SMALL, lengths: [5, 37, 1, 30] };
    const expected = packedReference(it);
    const off = async (departure: Departure, of = it, wanted = expected) =>
      errors(await attendPacked(device, target, of, packedInputs(of), departure), wanted);

    test('one sequence that sees the one before it', async () => {
      expect(Math.min(...Object.values(await off({ places: placesOf([73]) })))).toBeGreaterThan(1e-2);
    });

    test('a window that is one too wide or too narrow', async () => {
      const narrow = { ...SMALL, lengths: [40], window: 33 };
      for (const window of [32, 34]) {
        const found = await off({ window }, narrow, packedReference(narrow));
        expect(Math.min(...Object.values(found))).toBeGreaterThan(1e-4);
      }
    });

    test('delta left out', async () => {
      expect((await off({ delta: (delta) => delta.fill(0) }))['d_qkv']).toBeGreaterThan(1e-2);
    });

    const changes = software ? SOLO_CHANGES : TILED_CHANGES;
    test.runIf(cheap).each(software || long ? [...changes, ...CHANGES] : changes)(
      '%s (skipped where pipelines take long)',
      async (_title, from, to, kernels) => {
        const { kernel, found } = changed(from, to);
        const result = await off({ kernel });
        expect(new Set(found).size).toBe(kernels);
        expect(result['d_qkv']).toBeGreaterThan(1e-3);
      },
    );
  });

  test('a run repeats bit for bit', async () => {
    const it: PackedCase = { ...SMALL, lengths: [33, 20] };
    const [a, b] = [await attendPacked(device, target, it), await attendPacked(device, target, it)];
    for (const name of NAMES) expect(a[name]).toEqual(b[name]);
  });

  test('a sequence gives the same bits alone and behind others', async () => {
    const it: PackedCase = { ...SMALL, lengths: [5, 37, 1, 70], window: 50 };
    const packed = await attendPacked(device, target, it);
    let first = 0;
    for (const [i, length] of it.lengths.entries()) {
      const own: PackedCase = { ...it, lengths: [length] };
      const alone = await attendPacked(device, target, own, packedInputs(own, [i]));
      for (const name of NAMES) {
        const width = alone[name].length / length;
        expect(packed[name].slice(first * width, (first + length) * width), name).toEqual(alone[name]);
      }
      first += length;
    }
  });

  test('the gradient of another sequence is seen to differ', () => {
    const [a, b] = [[1], [2]].map((seeds) => {
      const it: PackedCase = { ...SMALL, lengths: [9] };
      return packedReference(it, packedInputs(it, seeds));
    });
    expect(worst(a!, b!)).toBeGreaterThan(0.1);
  });
});
