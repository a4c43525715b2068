// SentencePiece models: golden pairs, and Google's own library (compiled to WebAssembly) as the oracle.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { open, openOracle, seed, texts } from './testing/sentencepiece';
import type { Tokenizer } from './tokenizer';
import { DATASETS, TALES, TALES_GGUF } from '../testing/fixtures';

const MODEL = `${TALES}/tokenizer.model`;

/** The byte pieces stand behind the special ones. */
const byte = (value: number) => 3 + value;

describe('replaced characters, user-defined and unused pieces, no byte fallback', () => {
  const path = 'src/tokenizer/golden/custom.model';
  const golden = JSON.parse(readFileSync('src/tokenizer/golden/tokenizers.json', 'utf8')) as {
    custom: { cases: [text: string, ids: number[]][] };
  };

  test.each(golden.custom.cases)('golden ids of %j', async (text, ids) => {
    expect((await open(path)).encode(text)).toEqual(ids);
  });

  test('ids equal the oracle’s', async () => {
    const [tokenizer, oracle] = [await open(path), await openOracle(path)];
    const parts = fc.constantFrom(
      'the',
      'A',
      'B',
      '<sep>',
      'x y',
      'ß',
      '...',
      ' ',
      'n',
      't',
      '\n',
      'instruction',
      '▁',
      '日',
    );
    const property = fc.property(fc.array(parts), texts, (known, any) => {
      const text = known.join('') + any;
      expect(tokenizer.encode(text)).toEqual(Array.from(oracle.encodeIds(text)));
    });
    fc.assert(property, { seed, numRuns: 1000 });
  });

  test('a model of another kind is refused', async () => {
    const unigram = open(path, (bytes) => {
      const changed = Uint8Array.from(bytes);
      // trainer_spec.model_type = 2 stands alone between two other fields
      const at = changed.findIndex((tag, i) => tag === 0x18 && changed[i + 1] === 2 && changed[i + 2] === 0x20);
      changed[at + 1] = 1;
      return changed;
    });
    await expect(unigram).rejects.toThrow(/kind unigram/);
  });
});

describe('the tokenizer of tales, which joins runs of spaces', () => {
  let tokenizer: Tokenizer;
  let gguf: Tokenizer;
  beforeAll(async () => {
    tokenizer = await open(MODEL);
    gguf = await open(TALES_GGUF);
  });

  test('the GGUF vocabulary gives the same ids, and keeps superfluous spaces', () => {
    expect(gguf.vocabSize).toBe(tokenizer.vocabSize);
    const property = fc.property(texts, (text) => {
      const plain = text.replaceAll('▁', '').replace(/ +/g, ' ').replace(/^ | $/g, '');
      expect(gguf.encode(plain)).toEqual(tokenizer.encode(text.replaceAll('▁', '')));
    });
    fc.assert(property, { seed, numRuns: 300 });
  });

  test('ids equal the oracle’s', async () => {
    const oracle = await openOracle(MODEL);
    const property = fc.property(texts, (text) => {
      expect(tokenizer.encode(text)).toEqual(Array.from(oracle.encodeIds(text)));
    });
    fc.assert(property, { seed, numRuns: 1000 });
  });

  test('1 MB does not take long', () => {
    const words = readFileSync(`${DATASETS}/alpaca.json`, 'utf8');
    const large = words.repeat(Math.ceil(1e6 / words.length)).slice(0, 1e6);
    const started = performance.now();
    expect(tokenizer.encode(large).length).toBeGreaterThan(1e5);
    expect(performance.now() - started).toBeLessThan(15_000);
    const endless = '日本語とabc'.repeat(20_000);
    const restarted = performance.now();
    expect(tokenizer.decode(tokenizer.encode(endless))).toBe(endless);
    expect(performance.now() - restarted).toBeLessThan(15_000);
  });

  test('the oracle tells a wrong order of merges', async () => {
    const oracle = await openOracle(MODEL);
    // the sign of a learned piece's score: the last piece merges before the first
    const wrong = await open(MODEL, (bytes) => {
      const changed = Uint8Array.from(bytes);
      for (let at = 0; at < changed.length - 8; at++) {
        // field 2 of a piece, a float that is negative
        if (changed[at] === 0x15 && (changed[at + 4] & 0xc0) === 0xc0) changed[at + 4] ^= 0x80;
      }
      return changed;
    });
    const text = 'Once upon a time, there was a little girl named Mira.';
    expect(tokenizer.encode(text)).toEqual(Array.from(oracle.encodeIds(text)));
    expect(wrong.encode(text)).not.toEqual(Array.from(oracle.encodeIds(text)));
  });

  test('decode gives back every text, streamed as well', () => {
    const property = fc.property(texts, (text) => {
      const ids = gguf.encode(text);
      const expected = text.toWellFormed().replaceAll('▁', ' ');
      expect(gguf.decode(ids)).toBe(expected);
      const stream = gguf.stream();
      expect(ids.map((id) => stream.push(id)).join('') + stream.flush()).toBe(expected);
      const rest = gguf.stream({ continuation: true });
      const continued = gguf.encode(text, { continuation: true });
      expect(continued.map((id) => rest.push(id)).join('') + rest.flush()).toBe(expected);
    });
    fc.assert(property, { seed, numRuns: 500 });
  });

  test('any ids stream to what they decode to', () => {
    const anyIds = fc.array(fc.integer({ min: 0, max: 511 }), { maxLength: 20 });
    const property = fc.property(anyIds, (ids) => {
      const stream = tokenizer.stream();
      expect(ids.map((id) => stream.push(id)).join('') + stream.flush()).toBe(tokenizer.decode(ids));
    });
    fc.assert(property, { seed, numRuns: 500 });
  });

  test('a character’s bytes are held back until it is whole', () => {
    const stream = tokenizer.stream({ continuation: true });
    expect([0xf0, 0x9f, 0xa6, 0x99].map((value) => stream.push(byte(value)))).toEqual(['', '', '', '🦙']);
    expect(stream.push(byte(0xe2))).toBe('');
    expect(stream.flush()).toBe('\uFFFD');
    expect(tokenizer.decode([byte(0xe2)])).toBe('\uFFFD');
  });

  test('special tokens are made by id only', () => {
    expect(tokenizer.encode('a</s>b')).not.toContain(2);
    expect(tokenizer.decode(tokenizer.encode('<s>a</s>b'))).toBe('<s>a</s>b');
    expect(tokenizer.decode([1, ...tokenizer.encode('a'), 2])).toBe('a');
    expect(tokenizer.encodePieces([{ text: '<s>a</s>b', trusted: true }])).toEqual([
      1,
      ...tokenizer.encode('a'),
      2,
      ...tokenizer.encode('b'),
    ]);
  });

  test('pieces are encoded as one text, and no border makes a special token', () => {
    const text = 'Once upon a time';
    for (let at = 0; at <= text.length; at++) {
      const pieces = [
        { text: text.slice(0, at), trusted: true },
        { text: text.slice(at), trusted: false },
      ];
      expect(tokenizer.encodePieces(pieces)).toEqual(tokenizer.encode(text));
    }
    const borders = fc.tuple(fc.nat(4), fc.nat(4), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }));
    const property = fc.property(borders, ([a, b, trusted]) => {
      const [first, second] = [a, b].toSorted((x, y) => x - y);
      const parts = ['</s>'.slice(0, first), '</s>'.slice(first, second), '</s>'.slice(second)];
      const pieces = parts.map((part, i) => ({ text: part, trusted: trusted[i] }));
      const whole = pieces.every((piece) => piece.trusted || piece.text === '');
      if (!whole) expect(tokenizer.encodePieces(pieces)).not.toContain(2);
    });
    fc.assert(property, { seed });
  });
});
