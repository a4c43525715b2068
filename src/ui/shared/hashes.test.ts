import { expect, test } from 'vitest';
import { shortHashes } from './hashes';

test.each([
  [`config.json.${'0123456789abcdef'.repeat(4)}.enc`, 'config.json.01234567…cdef.enc'],
  [
    `its SHA256 is ${'a'.repeat(64)}, and should be ${'b'.repeat(64)}.`,
    'its SHA256 is aaaaaaaa…aaaa, and should be bbbbbbbb…bbbb.',
  ],
  [`owner/name@${'0f'.repeat(20)}`, 'owner/name@0f0f0f0f…0f0f'],
  ['deadbeef and model-00001-of-00002', 'deadbeef and model-00001-of-00002'],
])('%s', (text, short) => {
  expect(shortHashes(text)).toBe(short);
});
