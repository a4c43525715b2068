import { expect, test } from 'vitest';
import { compose, unroll } from './wgsl';

test('loops are unrolled, also within each other', () => {
  const source = '//: for i in N\na_$i;\n  //: for j in 2\n  b_$i_$j;\n  //: end j\n//: end i\n';
  const lines = unroll(source, { N: 2 }).split('\n');
  expect(lines.map((line) => line.trim())).toEqual(['a_0;', 'b_0_0;', 'b_0_1;', 'a_1;', 'b_1_0;', 'b_1_1;', '']);
  expect(() => unroll(source, { N: 'f32' })).toThrow('N is not a defined number');
});

test('many turns stay a loop, where a bound is given', () => {
  const source = '//: for i in N or params.n\nx[$i] = y[at + $i];\n//: end i\n';
  expect(unroll(source, { N: 2 })).toBe('x[0] = y[at + 0];\nx[1] = y[at + 1];\n');
  expect(unroll(source, { N: 17 })).toBe('for (var i = 0u; i < params.n; i++) {\nx[i] = y[at + i];\n}\n');
  expect(unroll(source.replace(' or params.n', ''), { N: 17 }).split('\n')).toHaveLength(18);
});

test('what must come first does: extensions, then constants and aliases', () => {
  expect(compose({ N: 2, T: 'f16' }, 'fn main() { let x = subgroupAdd(1); }').split('\n').slice(0, 4)).toEqual([
    'enable f16;',
    'enable subgroups;',
    'const N = 2u;',
    'alias T = f16;',
  ]);
});
