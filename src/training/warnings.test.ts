import { expect, test } from 'vitest';
import type { TokenizedRow } from '../data/types';
import { DEFAULT_CONFIG } from './config';
import { trainingWarnings } from './warnings';

const row = (length: number, truncated: boolean): TokenizedRow => ({
  row: 0,
  ids: Array.from({ length }, () => 1),
  labels: Array.from({ length }, () => 1),
  truncated,
});

/** Messages for 100 rows that a cutoff has shortened, of which some keep their end. */
function advice(cutoff: number, ended: number): string {
  const train = Array.from({ length: 100 }, (_, i) => row(cutoff, i >= ended));
  const facts = { train, validationRows: [], skipped: [], units: 100, ended, stepsPerEpoch: 100 };
  const config = { ...DEFAULT_CONFIG, cutoff_len: cutoff };
  return trainingWarnings(config, facts, 512)
    .map(({ message }) => message)
    .join('\n');
}

test('a higher cutoff is advised as far as the model was trained, and never where a lower one is asked for', () => {
  for (const ended of [0, 50]) {
    expect(advice(256, ended)).toMatch(/Raise cutoff_len/);
    for (const cutoff of [512, 1024]) {
      expect(advice(cutoff, ended)).not.toMatch(/Raise cutoff_len/);
      expect(advice(cutoff, ended)).toMatch(/trained for 512 tokens, so a higher cutoff_len does not help/);
    }
  }
  expect(advice(1024, 50)).toMatch(/Lower cutoff_len to 512/);
});
