import { describe, expect, test } from 'vitest';
import { openTokenizer } from '../formats/checkpoint/open';
import { sortFiles } from '../formats/checkpoint/files';
import { parseJson, parseObject } from './json';
import { bytesSource } from './source';

describe('JSON as Python writes it', () => {
  test('numbers that are none', () => {
    const text =
      '{"a": NaN, "b": [Infinity, -Infinity, 1e400], "c": "NaN, -Infinity \\" NaN", "number": "numberNaN", "NaN": 1}';
    expect(parseJson(text)).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity, Infinity],
      c: 'NaN, -Infinity " NaN',
      number: 'numberNaN',
      NaN: 1,
    });
    expect(parseJson('-Infinity')).toBe(-Infinity);
  });

  test('nothing else becomes JSON by it', () => {
    for (const text of [
      '{"a": nan}',
      '{"a": NaN,}',
      '{NaN: 1}',
      '{"a": NaNa}',
      '{"a": "NaN}',
      '[1,]',
      '{"a": +Infinity}',
      '',
    ]) {
      expect(() => parseJson(text), text).toThrow(SyntaxError);
    }
  });

  test('a long text with one such number does not take long', () => {
    const long = JSON.stringify({ text: 'a\\"'.repeat(1e6), list: Array.from({ length: 1e5 }, (_, i) => i) });
    const started = performance.now();
    expect(parseJson(`[NaN, ${long}]`)).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('a damaged side file is named', () => {
  const source = (text: string, name: string) => bytesSource(new TextEncoder().encode(text), name);

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['<!doctype html><html>404</html>', 'a web page'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:1', 'Git LFS'],
    ['{"a": 1, "b": {"c": [', 'ends within'],
    ['{"a": 1,}', 'not a JSON object'],
    ['[1, 2]', 'not a JSON object'],
  ])('%j', (text, said) => {
    expect(() => parseObject(text, 'a.json')).toThrow(said);
  });

  test.each([
    'config',
    'params',
    'generation_config',
    'tokenizer_config',
    'special_tokens_map',
    'added_tokens',
    'vocab',
  ])('%s.json', async (stem) => {
    for (const text of ['{"a": 1,}', '<html>', '']) {
      const sorted = sortFiles([source(text, `${stem}.json`)]);
      await expect(sorted).rejects.toMatchObject({
        code: 'corrupt-file',
        message: expect.stringContaining(`${stem}.json`),
      });
    }
    await sortFiles([source('{"eta": Infinity, "model_max_length": NaN}', `${stem}.json`)]);
  });

  test('tokenizer.json', async () => {
    await expect(openTokenizer([source('<html>', 'tokenizer.json')])).rejects.toThrow('tokenizer.json');
  });
});
