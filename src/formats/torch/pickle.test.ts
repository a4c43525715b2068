import { describe, expect, test } from 'vitest';
import { PronkError } from '../../core/errors';
import { type PickleWorld, readPickle } from './pickle';

const world: PickleWorld = {
  global: (name) => (name === 'collections.OrderedDict' ? 'dict' : undefined),
  call: (callee) => (callee === 'dict' ? new Map() : undefined),
  persistent: (id) => id,
};
const bytes = (...parts: (string | number | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? Array.from(part, (each) => each.charCodeAt(0)) : part)),
  );
const read = (...parts: Parameters<typeof bytes>) => readPickle(bytes(0x80, 2, ...parts), 'x', world);
const code = (...parts: Parameters<typeof bytes>) => {
  try {
    read(...parts);
  } catch (error) {
    return error instanceof PronkError ? error.code : `a raw error: ${String(error)}`;
  }
  return 'nothing';
};

describe('values', () => {
  test('numbers', () => {
    expect(read('(K', 7, 'M', 1, 2, 'J', 0xff, 0xff, 0xff, 0xff, 0x8a, 1, 0xfe, 0x8a, 0, 't.')).toEqual([
      7, 513, -1, -2, 0,
    ]);
    expect(read(0x8a, 5, 0, 0, 0, 0, 1, '.')).toBe(2 ** 32);
    expect(read('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, '.')).toBe(1.5);
  });

  test('lists, dicts, tuples, sets and what the memo keeps', () => {
    expect(read(']q', 0, '(K', 1, 'K', 2, 'eh', 0, 'a0h', 0, '.')).toHaveLength(3);
    expect(read('}(U', 1, 'aK', 1, 'U', 1, 'bNu.')).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', null],
      ]),
    );
    expect(read(0x8f, '(K', 1, 0x90, '.')).toEqual(new Set([1]));
    expect(read('K', 1, 'K', 2, 0x86, '.')).toEqual([1, 2]);
  });

  test('the state of a dict is let go', () => {
    expect(read('ccollections\nOrderedDict\n)R}b.')).toEqual(new Map());
  });
});

describe('what is refused', () => {
  test('globals that nobody knows, however they are spelled', () => {
    expect(code('cposix\nsystem\n.')).toBe('unsafe-pickle');
    expect(code('U', 5, 'posixU', 6, 'system', 0x93, '.')).toBe('unsafe-pickle');
    expect(code('(iposix\nsystem\n.')).toBe('unsafe-pickle');
    expect(code('(icollections\nOrderedDict\n.')).toBe('unsafe-pickle');
    expect(code('c__proto__\nconstructor\n.')).toBe('unsafe-pickle');
    expect(() => read('cbuiltins\neval\n.')).toThrow(/builtins\.eval/);
  });

  test('calls, constructors, states and extensions', () => {
    expect(code('K', 1, ')R.')).toBe('unsafe-pickle');
    expect(code('ccollections\nOrderedDict\n)', 0x81, '.')).toBe('unsafe-pickle');
    expect(code('(ccollections\nOrderedDict\no.')).toBe('unsafe-pickle');
    expect(code(']}b.')).toBe('unsafe-pickle');
    expect(code(0x82, 1, '.')).toBe('unsafe-pickle');
  });

  test('nonsense', () => {
    const nonsense = ['', '0.', '1.', 't.', 'a.', 's.', 'h', 'R.', ')K', '(((', '}K', 'X', 'Q.', '\xff'];
    for (const text of nonsense) expect(code(text), JSON.stringify(text)).toBe('corrupt-file');
    expect(code(']K', 1, 's.')).toBe('corrupt-file');
    expect(code(')K', 1, 'a.')).toBe('corrupt-file');
    expect(code('X', 0xff, 0xff, 0xff, 0xff, 'abc.')).toBe('corrupt-file');
    expect(code(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '.')).toBe('corrupt-file');
    expect(() => readPickle(bytes(0x80, 9, 'N.'), 'x', world)).toThrow(PronkError);
  });

  test('a million nested lists and a memo that doubles itself cost what their bytes cost', () => {
    expect(read(']'.repeat(500_000) + 'a'.repeat(499_999) + '.')).toHaveLength(1);
    const doubling = Array.from({ length: 200 }, () => ['2', 0x86] as const).flat();
    expect(read(')', ...doubling, '.')).toHaveLength(2);
  });
});
