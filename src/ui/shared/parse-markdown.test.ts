import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, type Inline, parseMarkdown, safeHref, withoutUndecided } from './parse-markdown';

/** Every link's address and every text, wherever they stand. */
function gather(value: unknown, links: string[] = [], texts: string[] = []): { links: string[]; texts: string[] } {
  if (Array.isArray(value)) for (const each of value) gather(each, links, texts);
  else if (typeof value === 'object' && value !== null) {
    const { kind, href, text } = value as { kind?: string; href?: string; text?: string };
    if (kind === 'link') links.push(href!);
    if (typeof text === 'string') texts.push(text);
    for (const [key, each] of Object.entries(value)) if (key !== 'raw') gather(each, links, texts);
  }
  return { links, texts };
}

const inlines = (text: string): readonly Inline[] => {
  const [block] = parseMarkdown(text);
  return 'inlines' in block ? block.inlines : [];
};

describe('nothing that runs', () => {
  const attacks = [
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x]( javascript:alert(1))',
    '[x](vbscript:x)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](file:///etc/passwd)',
    '[x](blob:https://a/b)',
    '![x](javascript:alert(1))',
    '![x](data:image/svg+xml,<svg onload=alert(1)>)',
    '<javascript:alert(1)>',
    '[x][y]\n\n[y]: javascript:alert(1)',
    '<a href="javascript:alert(1)">x</a>',
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  ];

  test.each(attacks)('%s makes no link, and stays readable', (text) => {
    const { links, texts } = gather(parseMarkdown(text));
    expect(links).toEqual([]);
    expect(texts.join('')).not.toBe('');
  });

  test('the check would see a link', () => {
    expect(gather(parseMarkdown('[x](https://a.example/)')).links).toEqual(['https://a.example/']);
  });

  test('any text gives safe links only, and only kinds that are drawn', () => {
    const marks = ['[', ']', '(', ')', '<', '>', '`', '*', '\n', '\n\n', '- ', '1. ', '> ', '# ', '|', '---', ':', '!'];
    const words = [
      'javascript',
      'data',
      'http',
      '//a.b',
      'mailto',
      '&#58;',
      'x',
      ' ',
      '\t',
      '<script>',
      '</script>',
      '```',
    ];
    const pieces = constantFrom(...marks, ...words);
    assert(
      property(array(pieces, { maxLength: 40 }), (parts) => {
        for (const href of gather(parseMarkdown(parts.join(''))).links) expect(href).toMatch(/^(https?|mailto):/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is shown', () => {
  test('raw HTML and special tokens are text', () => {
    const odd = '<b>bold</b> <script>alert(1)</script> </s> <|im_end|> a < b & c';
    const text = inlines(odd)
      .map((inline) => ('text' in inline ? inline.text : ''))
      .join('');
    expect(text).toBe(odd);
  });

  test('emphasis, code and links', () => {
    expect(inlines('**a** *b* `c<d>` [e](https://f.example/g)')).toMatchObject([
      { kind: 'strong', inlines: [{ text: 'a' }] },
      { kind: 'text' },
      { kind: 'em', inlines: [{ text: 'b' }] },
      { kind: 'text' },
      { kind: 'code', text: 'c<d>' },
      { kind: 'text' },
      { kind: 'link', href: 'https://f.example/g' },
    ]);
  });

  test('a picture is a link to it', () => {
    expect(inlines('![a cat](https://a.example/cat.png)')).toMatchObject([
      { kind: 'link', href: 'https://a.example/cat.png', inlines: [{ text: 'a cat' }] },
    ]);
  });

  test('code blocks know their language, closed or not', () => {
    expect(parseMarkdown('```ts title\nlet a;\n```')).toMatchObject([{ kind: 'code', language: 'ts', text: 'let a;' }]);
    expect(parseMarkdown('```py\nprint(')).toMatchObject([{ kind: 'code', language: 'py', text: 'print(' }]);
  });

  test('lists, tasks, tables, quotes and headings', () => {
    const blocks = parseMarkdown('# H\n\n3. a\n4. b\n\n- [x] c\n\n| d | e |\n|---|--:|\n| f | g |\n\n> h\n\n---');
    expect(blocks.map(({ kind }) => kind)).toEqual(['heading', 'list', 'list', 'table', 'quote', 'rule']);
    expect(blocks[1]).toMatchObject({ start: 3, items: [{}, {}] });
    expect(blocks[2]).toMatchObject({ start: undefined, items: [{ checked: true }] });
    expect(blocks[3]).toMatchObject({ header: [{ align: undefined }, { align: 'right' }] });
  });

  test('only web and mail addresses are linked', () => {
    expect(safeHref('https://a.example/b')).toBe('https://a.example/b');
    expect(safeHref('mailto:a@b.example')).toBe('mailto:a@b.example');
    expect(safeHref('/relative')).toBeUndefined();
    expect(safeHref('javascript:alert(1)')).toBeUndefined();
  });
});

test('while text streams in, finished blocks stay the same objects', () => {
  const text = 'First paragraph.\n\nSecond **one**, and more.\n\n```js\nlet a = 1;\n```\n\n- x\n- y';
  let blocks: readonly Block[] = [];
  let kept = 0;
  for (let end = 1; end <= text.length; end++) {
    const next = parseMarkdown(text.slice(0, end), blocks);
    if (blocks.length > 1 && next[0] === blocks[0]) kept++;
    expect(next).toEqual(parseMarkdown(text.slice(0, end)));
    blocks = next;
  }
  expect(kept).toBeGreaterThan(40);
});

test('a definition that comes late makes earlier references links', () => {
  const before = parseMarkdown('See [it][1].\n\nMore');
  expect(gather(before).links).toEqual([]);
  expect(gather(parseMarkdown('See [it][1].\n\nMore\n\n[1]: https://a.example/', before)).links).toHaveLength(1);
});

describe('lines', () => {
  const kinds = (text: string) => inlines(text).map((inline) => ('text' in inline ? inline.text : inline.kind));

  test('a poem keeps its lines, also within quotes, lists and raw HTML', () => {
    expect(kinds('The sea is wide,\nthe sea is blue.\nIt sings.')).toEqual([
      'The sea is wide,',
      'break',
      'the sea is blue.',
      'break',
      'It sings.',
    ]);
    expect(kinds('<div>\na\n</div>')).toEqual(['<div>', 'break', 'a', 'break', '</div>']);
    for (const text of ['> a\n> b', '- a\n  b']) expect(JSON.stringify(parseMarkdown(text))).toContain('"break"');
  });

  test.each(['2.', '2. ', '1986.', '-', '*', '+', '- \n-'])('%j alone is text, not an empty list', (text) => {
    expect(parseMarkdown(text)).toMatchObject([{ kind: 'paragraph' }]);
    expect(kinds(text).filter((each) => each !== 'break')).toEqual(text.trimEnd().split('\n'));
  });

  test('an item that is still empty belongs to its list', () => {
    expect(parseMarkdown('1. a\n2.')).toMatchObject([{ kind: 'list', items: [{}, {}] }]);
  });

  test('a line over one dash is no heading', () => {
    expect(kinds('Here they are:\n-')).toEqual(['Here they are:', 'break', '-']);
    expect(parseMarkdown('Title\n---')).toMatchObject([{ kind: 'heading' }]);
  });
});

test('while text grows, a last line that may become anything is not drawn yet', () => {
  const held = ['-', '2', '2.', '12)', '#', '##', '``', '|---|', '**', '  *'];
  for (const last of held) expect(withoutUndecided(`Here:\n${last}`)).toBe('Here:');
  for (const last of ['- a', '2. b', '# H', '```', 'x', '2 b', '']) {
    expect(withoutUndecided(`Here:\n${last}`)).toBe(`Here:\n${last}`);
  }
  expect(withoutUndecided('2.')).toBe('');
});
