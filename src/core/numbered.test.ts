import { expect, test } from 'vitest';
import { numbered } from './numbered';

test('the first number that is free', () => {
  expect(numbered('Rows', [])).toBe('Rows');
  expect(numbered('Rows', ['rows', 'Rows 2'])).toBe('Rows');
  expect(numbered('Rows', ['Rows'])).toBe('Rows (2)');
  expect(numbered('Rows', ['Rows', 'Rows (2)', 'Rows (4)'])).toBe('Rows (3)');
  // one that was numbered counts on, and a name's own figure stays what it is
  expect(numbered('Rows (2)', ['Rows', 'Rows (2)'])).toBe('Rows (3)');
  expect(numbered('Llama 3', ['Llama 3'])).toBe('Llama 3 (2)');
});
