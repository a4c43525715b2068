import { expect, test } from 'vitest';
// Imported first: it sets WebGPU's constants
import '../../gpu/testing/device';
import { kernelsFor } from './catalog';
import { findVariants, nameVariants } from './variants';

const front = (rows: number, type: string) => `enable f16;\nconst ROWS = ${rows}u;\nalias T = ${type};\n`;
const body = '//: snippet main\nconst ROWS2 = 9u;\nfn main() {}';
const kernel = (label: string, rows: number, type: string, overrides = {}) => ({
  label,
  wgsl: `${front(rows, type)}${body}`,
  overrides,
  bindings: [],
});
const VARIANTS = nameVariants([
  kernel('gemm q4', 8, 'f16', { NORM: 1 }),
  kernel('gemm q4', 8, 'f32', { NORM: 1 }),
  kernel('gemm q4', 8, 'f32', { NORM: 0 }),
  kernel('gemm transposed q4', 8, 'f32'),
]);

const titles = (...words: string[]) => findVariants(VARIANTS, words).map((each) => each.words.join(' '));

test('kernels are named by their label and by what tells them from others of this label', () => {
  expect(titles()).toEqual([
    'gemm q4 T=f16 NORM=1',
    'gemm q4 T=f32 NORM=1',
    'gemm q4 T=f32 NORM=0',
    'gemm transposed q4',
  ]);
});

test('words find the kernels that have all of them, and a whole label those of no other', () => {
  expect(titles('gemm')).toHaveLength(4);
  expect(titles('gemm', 'q4')).toHaveLength(3);
  expect(titles('transposed')).toEqual(['gemm transposed q4']);
  expect(titles('gemm', 'T=f32', 'NORM=0')).toEqual(['gemm q4 T=f32 NORM=0']);
  expect(titles('q4', 'NORM=1')).toEqual(['gemm q4 T=f16 NORM=1', 'gemm q4 T=f32 NORM=1']);
  expect(titles('gem')).toEqual([]);
});

// composing thousands of kernels takes longer on a busy machine than other tests may
test('every kernel of the catalogue can be named', () => {
  const all = nameVariants(kernelsFor({ f16: true, subgroups: true }));
  const names = all.map((each) => each.words.join(' '));
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  expect(twice).toEqual([]);
  // kernels that only autotuning chooses are there too
  expect(names.some((name) => name.startsWith('gemm q4 32x64 half'))).toBe(true);
  // each thirteenth: to look all of them up takes seconds
  for (const { words } of all.filter((_, i) => i % 13 === 0)) expect(findVariants(all, words)).toHaveLength(1);
}, 120_000);
