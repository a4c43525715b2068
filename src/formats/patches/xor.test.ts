import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { type Source, bytesSource } from '../../core/source';
import { windows } from '../../core/stream';
import { encSource, keyStream, sha256Of, xorInto, xorSource } from './xor';

const MiB = 1 << 20;

/** Bytes of the generator that the golden values were made with. */
function generated(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    let v = Math.imul(i + seed, 2654435761) >>> 0;
    v ^= v >>> 15;
    v = Math.imul(v, 2246822519) >>> 0;
    v ^= v >>> 13;
    bytes[i] = v;
  }
  return bytes;
}

async function sha256(source: Source): Promise<string> {
  const hash = createHash('sha256');
  for await (const { bytes } of windows(source)) hash.update(bytes);
  return hash.digest('hex');
}

async function encrypted(data: Uint8Array, key: Source): Promise<Source> {
  const plain = bytesSource(data, 'data.bin');
  return encSource(plain, key, await sha256(plain));
}

// Made by point-alpaca's own encrypt.py: SHA-256 of the whole .enc file. The second and fourth wrap around.
const GOLDEN = [
  [5, 1, '35385acdfc4c9f51ea3420aceb7f5a094a977c8dfebe0a043dc12dce2abeaba3', false],
  [3_000_001, 25 * MiB + 123, '7391c9bfda5621a38edbd7e0d0b19c6c23100e2be904cddd69bddf35fd031866', true],
  [10 * MiB, 36 * MiB + 5, '0089086a2a9efc2feca497f7903b85d6f187495bd5e7e033cd65a5a028b2881e', false],
  [12 * MiB + 7, 36 * MiB + 5, '8f2b553997a040d2cec7e6c537543b2cd807df31c4945161222c4365bbe74b96', true],
] as const;

const KEY_SEED = 1_000_003;

describe.each(GOLDEN)('a key of %i bytes and data of %i', (keyLength, dataLength, golden, wraps) => {
  const data = generated(1, dataLength);
  const keyBytes = generated(KEY_SEED, keyLength);
  const key = bytesSource(keyBytes, 'key');

  test('encrypts to what the original program wrote, and back', async () => {
    const enc = await encrypted(data, key);
    expect(enc.size).toBe(32 + dataLength);
    expect(await sha256(enc)).toBe(golden);
    const whole = bytesSource(await enc.read(0, enc.size), enc.name);
    expect(await sha256(xorSource(whole, key, 'data.bin'))).toBe(await sha256(bytesSource(data)));
  });

  test('key[p mod length] gives something else where the key ends within a chunk', async () => {
    const stream = await keyStream(key, dataLength).read(0, dataLength);
    let naive = true;
    for (let p = 0; p < dataLength && naive; p++) naive = stream[p] === keyBytes[p % keyLength];
    expect(naive).toBe(!wraps);
  });
});

test('the generator is the one of the golden values', () => {
  expect(Buffer.from(generated(1, 8)).toString('hex')).toBe('222c8520b28f7f39');
  expect(Buffer.from(generated(KEY_SEED, 8)).toString('hex')).toBe('90a7f6c5f8e88283');
});

describe('read at random', () => {
  // keys around a chunk's length, and shorter than what is read
  const lengths = [1, 2, 3, 1000, 10 * MiB - 1, 10 * MiB, 10 * MiB + 1, 20 * MiB + 5];
  const keyBytes = generated(7, 20 * MiB + 5);
  const size = 41 * MiB + 3;

  /** The format's rule, byte by byte. */
  function expected(keyLength: number, p: number): number {
    const C = 10 * MiB;
    const kc = Math.floor(p / C) % Math.ceil(keyLength / C);
    return keyBytes[kc * C + ((p % C) % Math.min(C, keyLength - kc * C))];
  }

  test('every range is what the rule says', async () => {
    const edges = [10, 20, 30, 40].flatMap((n) => [n * MiB - 3, n * MiB, n * MiB + 2]);
    const start = fc.oneof(fc.constantFrom(...edges), fc.nat(size));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...lengths), start, fc.nat(5000), async (keyLength, from, count) => {
        const stream = keyStream(bytesSource(keyBytes.subarray(0, keyLength)), size);
        const to = Math.min(size, from + count);
        const bytes = await stream.read(from, to);
        expect(bytes.length).toBe(to - from);
        expect(bytes.findIndex((byte, i) => byte !== expected(keyLength, from + i))).toBe(-1);
      }),
      { numRuns: 300 },
    );
  });

  test('pieces are the whole, and twice is nothing', async () => {
    const data = generated(3, 30_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(30_032),
        fc.nat(30_032),
        async (keyLength, one, other) => {
          const key = bytesSource(keyBytes.subarray(0, keyLength));
          const enc = await encrypted(data, key);
          const whole = await enc.read(0, enc.size);
          const [start, end] = [Math.min(one, other), Math.max(one, other)];
          expect(Buffer.compare(await enc.read(start, end), whole.subarray(start, end))).toBe(0);
          const plain = xorSource(bytesSource(whole), key, 'plain');
          const to = Math.min(end, plain.size);
          const from = Math.min(start, to);
          expect(Buffer.compare(await plain.read(from, to), data.subarray(from, to))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('words and bytes give the same, wherever they lie', () => {
  for (const [a, b, length] of [
    [0, 0, 17],
    [1, 0, 17],
    [4, 8, 3],
    [2, 3, 64],
    [0, 4, 0],
  ]) {
    const one = generated(1, 100);
    const other = generated(2, 100);
    const expected = one.slice(a, a + length).map((byte, i) => byte ^ other[b + i]);
    xorInto(one.subarray(a, a + length), other.subarray(b, b + length));
    expect(one.slice(a, a + length)).toEqual(expected);
    expect(one.slice(a + length)).toEqual(generated(1, 100).slice(a + length));
  }
});

test('an empty plaintext is legal; an empty key and half a header are not', async () => {
  const key = bytesSource(generated(1, 10), 'key');
  const empty = await encrypted(new Uint8Array(0), key);
  expect(empty.size).toBe(32);
  expect(empty.name).toBe(`data.bin.${await sha256Of(bytesSource(new Uint8Array(0)))}.enc`);
  expect(await xorSource(empty, key, 'x').read(0, 0)).toEqual(new Uint8Array(0));
  const nothing = bytesSource(new Uint8Array(0), 'key.pth');
  expect(() => xorSource(empty, nothing, 'x')).toThrow(expect.objectContaining({ code: 'empty-key' }));
  const short = bytesSource(new Uint8Array(31), 'a.enc');
  expect(() => xorSource(short, key, 'x')).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
});
