import { expect, test } from 'vitest';
import { readTyped } from './typed-number';
import { fieldGroups, typedBounds } from '../train/training-fields';

const rank = { min: 1, max: 256, whole: true };

test('within bounds it is taken', () => {
  expect(readTyped(' 16 ', rank)).toEqual({ value: 16 });
  expect(readTyped('1e-4', { min: 0, max: 1 })).toEqual({ value: 0.0001 });
  expect(readTyped('', { min: 1, max: 64, mayBeEmpty: true })).toEqual({ value: null });
});

test('out of bounds, or no number, it is refused with the bounds', () => {
  for (const text of ['0', '257', '8.5', '', 'many', '-3', 'Infinity']) {
    expect(readTyped(text, rank)).toEqual({
      problem: 'A whole number from 1 to 256 is needed. The plan keeps its previous value.',
    });
  }
  expect(readTyped('2', { min: 0, max: 0.9 })).toMatchObject({
    problem: expect.stringMatching(/^A number from 0 to 0.9 is/) as string,
  });
  expect(readTyped('', { min: 0, whole: true })).toMatchObject({
    problem: expect.stringMatching(/from 0 is/) as string,
  });
});

test('each field of the form has bounds that its own value keeps', async () => {
  const { initialConfig } = await import('../train/training-config');
  for (const field of fieldGroups.flatMap(({ fields }) => fields)) {
    const { key, control } = field;
    if (control !== 'number') continue;
    const bounds = typedBounds(field);
    expect(readTyped(String(initialConfig[key] ?? ''), bounds), key).not.toHaveProperty('problem');
    expect(readTyped(String((bounds.max ?? 0) + 1), bounds), key).toHaveProperty('problem');
  }
});
