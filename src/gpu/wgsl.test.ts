import { describe, expect, test } from 'vitest';
import { readNames } from './declarations';
import { compose, type Definitions, expand, needsOf } from './wgsl';

/** Trimmed lines of an expanded snippet. */
const lines = (source: string, definitions: Definitions = {}) =>
  expand('snippet', source, definitions)
    .split('\n')
    .map((line) => line.trim());

describe('loops', () => {
  test('are unrolled, also within each other', () => {
    const source = '//: for i in N\na_$i;\n  //: for j in 2\n  b_$i_$j;\n  //: end\n//: end\n';
    expect(lines(source, { N: 2 })).toEqual(['a_0;', 'b_0_0;', 'b_0_1;', 'a_1;', 'b_1_0;', 'b_1_1;', '']);
    expect(() => expand('tile', source, { N: 'f32' })).toThrow('tile, line 1: N is not a defined number');
  });

  test('stand behind a line that they repeat; the last index runs fastest', () => {
    expect(lines('a($iu, x_$j); //: for i in N, j in 2\nb;', { N: 2 })).toEqual([
      'a(0u, x_0);',
      'a(0u, x_1);',
      'a(1u, x_0);',
      'a(1u, x_1);',
      'b;',
    ]);
    expect(lines('//: for i in 2, j in 2\na_$i_$j;\n//: end')).toEqual(['a_0_0;', 'a_0_1;', 'a_1_0;', 'a_1_1;']);
  });

  test('of many turns stay loops where a bound is given', () => {
    const source = '//: for i in N or params.n\nx[$i] = y[at + $i];\n//: end\n';
    expect(expand('s', source, { N: 2 })).toBe('x[0] = y[at + 0];\nx[1] = y[at + 1];\n');
    expect(expand('s', source, { N: 17 })).toBe('for (var i = 0u; i < params.n; i++) {\nx[i] = y[at + i];\n}\n');
    expect(expand('s', source.replace(' or params.n', ''), { N: 17 }).split('\n')).toHaveLength(18);
  });

  test('of no turn leave nothing', () => expect(lines('a;\n//: for i in 0\nb_$i;\n//: end\nc;')).toEqual(['a;', 'c;']));
});

describe('conditions', () => {
  const source =
    '//: if A\n  a;\n  //: if B\n  ab;\n  //: else\n  a_only;\n  //: end\n//: else\n  other;\n//: end\nlast;';

  test('choose one of two texts, also within each other', () => {
    expect(lines(source, { A: true, B: true })).toEqual(['a;', 'ab;', 'last;']);
    expect(lines(source, { A: true, B: false })).toEqual(['a;', 'a_only;', 'last;']);
    expect(lines(source, { A: false, B: true })).toEqual(['other;', 'last;']);
  });

  test('without else leave nothing when they do not hold', () =>
    expect(lines('//: if A\na;\n//: end\nb;', { A: false })).toEqual(['b;']));

  test('and loops stand within each other', () => {
    const mixed = '//: for i in 2\n//: if A\na_$i; //: for j in 2\n//: else\nb_$i;\n//: end\n//: end';
    expect(lines(mixed, { A: true })).toEqual(['a_0;', 'a_0;', 'a_1;', 'a_1;']);
    expect(lines(mixed, { A: false })).toEqual(['b_0;', 'b_1;']);
  });
});

describe('what is wrong names the snippet and the line', () => {
  const WRONG: Readonly<Record<string, readonly [source: string, message: string]>> = {
    'a condition without end': ['a;\n//: if A\nb;', 'line 2: "if A" has no end'],
    'a loop without end': ['//: for i in 2\nb;\n//: if A\n//: end', 'line 1: "for i in 2" has no end'],
    'an unknown condition': ['a;\n//: if C\nb;\n//: end', 'line 2: C is not defined as true or false'],
    'a number as a condition': ['//: if N\nb;\n//: end', 'line 1: N is not defined as true or false'],
    'a condition as a count': ['a_$i; //: for i in A', 'line 1: A is not a defined number'],
    'else without if': ['a;\n//: else\nb;', 'line 2: else without if'],
    'else in a loop': ['//: if A\n//: for i in 2\n//: else\n//: end\n//: end', 'line 3: else without if'],
    'a second else': ['//: if A\n//: else\n//: else\n//: end', 'line 3: else without if'],
    'end without a beginning': ['//: if A\n//: end\n//: end', 'line 3: end without if or for'],
    'a directive that there is not': ['//: while A', 'line 1: "while A" is no directive'],
    'a condition of two words': ['//: if not A\n//: end', 'line 1: "if not A" is no directive'],
    'an end with a name': ['//: if A\n//: end A', 'line 2: "end A" is no directive'],
    'a loop over a word': ['//: for row in 2\n//: end', 'line 1: "for row in 2" is no loop'],
    'an index outside its loop': ['a_$i; //: for i in 2\nb_$i;', '"b_$i;" has an index outside its loop'],
  };
  test.each(Object.entries(WRONG))('%s', (_, [source, message]) => {
    const definitions = { A: true, N: 2 };
    expect(() => compose(definitions, { right: 'x;', wrong: source })).toThrow(`wrong`);
    expect(() => compose(definitions, { right: 'x;', wrong: source })).toThrow(message);
  });
});

describe('compose', () => {
  test('puts extensions first, then constants and aliases, then the snippets with their names', () => {
    expect(
      compose({ N: 2, T: 'f16', A: false }, { main: 'fn main() { let x = subgroupAdd(1); }' }).split('\n'),
    ).toEqual([
      'enable f16;',
      'enable subgroups;',
      'const N = 2u;',
      'alias T = f16;',
      'const A = false;',
      '//: snippet main',
      'fn main() { let x = subgroupAdd(1); }',
    ]);
  });

  const helper = '@group(0) @binding(5) var<storage, read> codes: array<u32>;\nfn helped() -> u32 { return N; }';

  test('takes what a snippet needs from any other snippet, before or after, and from the definitions', () => {
    const user = '//: needs helped, codes, N\n//: needs a-helper.wgsl\nfn main() {}';
    const wgsl = compose({ N: 1 }, { user, aHelper: helper });
    expect(needsOf(wgsl)).toEqual(['helped', 'codes', 'N', 'a-helper.wgsl']);
    expect(readNames(wgsl)).toEqual(['N', 'main', 'codes', 'helped']);
    expect(() => compose({ N: 1 }, { user })).toThrow('user needs helped, codes, a-helper.wgsl, which nothing here');
    expect(() => compose({}, { user, aHelper: helper })).toThrow('user needs N, which nothing here declares');
    // what a function declares is its own
    expect(() => compose({}, { user: '//: needs x\n', other: 'fn f() {\n  let x = 1;\n}' })).toThrow('user needs x,');
  });

  test('asks for what the taken branch needs only', () => {
    const user = '//: if A\n//: needs helped\n//: end\nfn main() {}';
    expect(() => compose({ A: true }, { user })).toThrow('user needs helped');
    expect(compose({ A: false }, { user })).toContain('fn main');
  });

  test('does not find what the other branch of a snippet declares', () => {
    const snippets = { user: '//: needs helped\n', helper: '//: if A\nfn helped() {}\n//: end' };
    expect(compose({ A: true }, snippets)).toContain('fn helped');
    expect(() => compose({ A: false }, snippets)).toThrow('user needs helped');
  });
});
