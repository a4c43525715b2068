// The tokenizer of OpenLLaMA, on top of what the repository's own models are tested for: published ids, and the oracle's.
import { existsSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { open, openOracle, seed, texts } from './testing/sentencepiece';
import type { Tokenizer } from './tokenizer';

const OPEN_LLAMA = '../shared/data/tokenizer/open_llama_3b-tokenizer.model';

describe.skipIf(!existsSync(OPEN_LLAMA))('OpenLLaMA (skipped without ../shared/data)', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await open(OPEN_LLAMA);
  });

  // published: openlm-research/open_llama issue 40, huggingface/transformers issue 25069
  test.each([
    ['hello world', [27701, 924]],
    ['hello     world', [27701, 924]],
    ['hello\nworld', [27701, 13, 7904]],
    ['hello\n       world', [27701, 13, 924]],
    ['hello\n\n\nworld', [27701, 13, 13, 13, 7904]],
    ['a    b', [260, 284]],
    ['1234.56', [31822, 31853, 31855, 31878, 31882, 31843, 31880, 31887]],
  ])('golden ids of %j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  test('without a dummy prefix the heading has its published ids', () => {
    expect(tokenizer.encode('### Response:')).toEqual([16121, 13166, 31871]);
    expect([tokenizer.bosId, tokenizer.eosIds, tokenizer.vocabSize]).toEqual([1, [2], 32000]);
  });

  test('text in both directions equals the oracle’s', async () => {
    const oracle = await openOracle(OPEN_LLAMA);
    const property = fc.property(texts, (text) => {
      const ids = tokenizer.encode(text);
      expect(ids).toEqual(Array.from(oracle.encodeIds(text)));
      expect(tokenizer.decode(ids)).toBe(oracle.decodeIds(ids));
    });
    fc.assert(property, { seed, numRuns: 300 });
  });

  test('1 MB does not take long', () => {
    const words = readFileSync('../shared/data/instruct/alpaca_en_demo.json', 'utf8');
    const large = words.repeat(Math.ceil(1e6 / words.length)).slice(0, 1e6);
    const started = performance.now();
    expect(tokenizer.encode(large).length).toBeGreaterThan(1e5);
    expect(performance.now() - started).toBeLessThan(15_000);
    const endless = '日本語とabc'.repeat(20_000);
    const restarted = performance.now();
    expect(tokenizer.decode(tokenizer.encode(endless))).toBe(endless);
    expect(performance.now() - restarted).toBeLessThan(15_000);
  });
});
