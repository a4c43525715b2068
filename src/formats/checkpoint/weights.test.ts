import type { ElementType } from '../../core/weight-kinds';
import { expect, test } from 'vitest';
import type { Tensor } from '../../core/checkpoint';
import { keepRounds } from './weights';

test('what is rounded though it is kept is said, and nothing else', () => {
  const of = (...types: readonly ElementType[]) => keepRounds(types.map((type) => ({ type }) as Tensor));
  expect(of('F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1')).toBeUndefined();
  expect(of('IQ4_NL', 'MXFP4', 'NVFP4', 'TQ1_0', 'TQ2_0', 'Q2_0', 'Q1_0')).toBeUndefined();
  expect(of('F32', 'Q6_K', 'Q4_K', 'Q6_K')).toMatch(/codes of Q4_K and Q6_K .*16 bits.*0\.05/);
  expect(of('IQ4_NL', 'IQ4_XS', 'IQ2_XXS')).toMatch(/codes of IQ2_XXS and IQ4_XS .*16 bits/);
  expect(of('Q4_K', 'Q5_K', 'Q6_K')).toMatch(/codes of Q4_K, Q5_K and Q6_K as/);
  expect(of('F64', 'F32')).toBe('F64 rounded to F32');
});
