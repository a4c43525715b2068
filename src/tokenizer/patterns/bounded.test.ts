// Patterns of a tokenizer.json: the same matches as JavaScript's, and none that hangs.
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../index';
import { bounded } from './bounded';
import { power } from './growth';
import { Matcher, compile } from './matcher';
import { parsePattern } from './parse';

const LLAMA3 = String.raw`(?:'[sS]|'[tT]|'[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const THREES = String.raw`\d{1,3}(?=(?:\d{3})*(?!\d))`;

/** All matches by our own matcher, whatever the length. */
function own(source: string, text: string): string[] | undefined {
  const node = parsePattern(source, false);
  const program = node && compile(node);
  if (!program) return undefined;
  const matcher = new Matcher(program, text, () => {});
  const found: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const end = matcher.matchAt(at);
    const step = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    if (end !== undefined) found.push(text.slice(at, end));
    at = end !== undefined && end > at ? end : at + step;
  }
  return found;
}
const native = (source: string, text: string) =>
  Array.from(text.matchAll(new RegExp(source, 'gu')), ([match]) => match);

const TEXTS = [
  '',
  "Hello, world! It's 12345 o'clock.\n\n  Yes'S\t\tindented \r\n end   ",
  '🦙🦙 llamas café 日本語 ١٢٣ \u00a0x\u2028y',
  '1234567 12 1234 x1000000y',
  'aaaaaaaaaaaab',
];

describe('our own matcher finds what JavaScript’s finds', () => {
  test.each([
    LLAMA3,
    GPT2,
    THREES,
    '▁[^▁]*|[^▁]+',
    String.raw`[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+|[\p{Lu}]+`,
    '(?<!a)b|a+?',
    '^a|b$',
    '(?:a+)+$',
    '(a|aa)*?b',
    '(?:a?){3}b',
    'x{2,}|[^x]',
  ])('%s', (source) => {
    for (const text of TEXTS) expect(own(source, text)).toEqual(native(source, text));
  });

  test('2,000 patterns and texts from a seed', () => {
    let seed = 7;
    const draw = (n: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % 65536) % n;
    const atom = (depth: number): string => {
      const kind = draw(depth > 1 ? 4 : 7);
      if (kind < 3) return 'abc'[kind] ?? 'a';
      if (kind === 3) return ['[ab]', '[^a]', '.', String.raw`\s`][draw(4)] ?? '.';
      if (kind === 4) return `(?:${pattern(depth + 1)})`;
      if (kind === 5) return `(?:${pattern(depth + 1)}|${pattern(depth + 1)})`;
      return `(?${'=!'[draw(2)]}${pattern(depth + 1)})`;
    };
    const pattern = (depth: number): string =>
      Array.from({ length: 1 + draw(3) }, () => {
        const one = atom(depth);
        return one.startsWith('(?=') || one.startsWith('(?!')
          ? one
          : one + (['', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}'][draw(9)] ?? '');
      }).join('');
    let compared = 0;
    for (let i = 0; i < 2000; i++) {
      const source = pattern(0);
      const text = Array.from({ length: draw(9) }, () => 'abc '[draw(4)]).join('');
      const found = own(source, text);
      if (!found) continue;
      compared++;
      expect({ source, text, found }).toEqual({ source, text, found: native(source, text) });
    }
    expect(compared).toBeGreaterThan(500);
  });
});

describe('how a pattern’s time grows', () => {
  test.each([
    [String.raw`\p{L}|\p{N}{1,3}`, 0],
    [String.raw` ?\p{L}+`, 1],
    [String.raw`\s*[\r\n]+`, 2],
    ['a*a*a*b', 3],
    [THREES, 1],
    ['(?:a+)+$', undefined],
    ['(a|a)*$', undefined],
    ['(?:a?){30}', undefined],
    ['a?'.repeat(30), undefined],
  ])('%s: %s', (source, wanted) => {
    const node = parsePattern(source, false);
    expect(node && power(node)).toBe(wanted);
  });
});

/** A tokenizer.json of single letters that is split by a pattern. */
function tokenizerWith(parts: object) {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz !Ġ');
  const json = JSON.stringify({
    model: { type: 'BPE', vocab: Object.fromEntries(letters.map((letter, id) => [letter, id])), merges: [] },
    ...parts,
  });
  return createTokenizer({ definition: { kind: 'huggingface', json }, eosIds: [], addBos: false, specialTokens: {} });
}
const splitBy = (Regex: string) => ({
  pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
});

test.each([
  '(?:a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '(?:a?){30}a{30}',
  'a*a*a*a*a*b',
  '(?:(?:a+)+)+$',
  String.raw`(\w+\s?)+!`,
])(
  '%s ends on a text that it takes for ever on',
  (regex) => {
    const tokenizer = tokenizerWith(splitBy(regex));
    for (const length of [32, 3000]) {
      const started = performance.now();
      expect(tokenizer.encode(`${'a'.repeat(length)}!`).length).toBe(length + 1);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  },
  20_000,
);

test('what neither matcher can do in time has a sentence', () => {
  // back references and turns that take nothing are JavaScript’s alone, which may take for ever
  expect(() => tokenizerWith(splitBy('(?:a*)*b'))).toThrow(expect.objectContaining({ code: 'bad-pattern' }));
  expect(() => tokenizerWith(splitBy(String.raw`(a+)+\1$`))).toThrow(expect.objectContaining({ code: 'bad-pattern' }));
  // each place looks to the end
  const far = tokenizerWith(splitBy('(?=(?:(?:a|b)+c)*d)a|(?=(?:[ab]+)+$)b|a(?=a*b)'));
  const text = 'a'.repeat(6000);
  const started = performance.now();
  try {
    far.encode(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-pattern', message: expect.stringContaining('takes too long') as string });
  }
  expect(performance.now() - started).toBeLessThan(20_000);
}, 40_000);

test('normalizers that make a text endless are refused', () => {
  const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  const many = { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => twice) };
  expect(() => tokenizerWith({ normalizer: many })).toThrow(expect.objectContaining({ code: 'unsupported-tokenizer' }));
  expect(() => tokenizerWith({ pre_tokenizer: { type: 'FixedLength', length: 0 } })).toThrow(/no model was trained/);
  expect(tokenizerWith({ normalizer: twice }).encode('ab')).toEqual([0, 0, 1]);
});

test('long texts through a pattern that is not known are cut as by JavaScript', () => {
  const source = String.raw`[a-z]+|\s*\n+|\s+(?!\S)|[^a-z]`;
  const text = 'some words,\n  and more of them. '.repeat(4000);
  const pattern = bounded(new RegExp(source, 'gu'));
  const started = performance.now();
  expect(text.match(pattern)).toEqual(text.match(new RegExp(source, 'gu')));
  expect(performance.now() - started).toBeLessThan(5000);
  expect(text.replace(pattern, 'x')).toBe(text.replace(new RegExp(source, 'gu'), 'x'));
  expect(text.split(pattern)).toEqual(text.split(new RegExp(source, 'gu')));
});
