// A template's source as tokens, with the white space that `trim_blocks` and `lstrip_blocks` take away, as transformers sets
// Jinja up. (Rules as in jinja.palletsprojects.com/en/stable/templates/#whitespace-control.)

import { syntaxError } from './errors';

export interface Token {
  readonly type:
    | 'text'
    | 'print'
    | 'print-end'
    | 'block'
    | 'block-end'
    | 'name'
    | 'string'
    | 'int'
    | 'float'
    | 'operator'
    | 'end';
  readonly value: string;
  readonly line: number;
}

/** What Python's `\s` and `isspace` mean. */
export const SPACE = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const IS_SPACE = new RegExp(`[${SPACE}]`);
const ALL_SPACE = new RegExp(`^[${SPACE}]+$`);

const OPEN = new RegExp(`\\{%([-+]?)[${SPACE}]*raw[${SPACE}]*(?:-%\\}[${SPACE}]*|%\\})|\\{([%{#])([-+]?)`, 'g');
const RAW_END = new RegExp(`\\{%([-+]?)[${SPACE}]*endraw[${SPACE}]*(?:\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?)`, 'g');
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}[${SPACE}]*|#\\}\\n?`, 'g');
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?`, 'y');
const PRINT_END = new RegExp(`-\\}\\}[${SPACE}]*|\\}\\}`, 'y');

const SPACES = new RegExp(`[${SPACE}]+`, 'y');
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}_]*/uy;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\*\*|\/\/|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** @throws TemplateError */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  /** Whether what precedes the text that comes next ended a line. */
  let lineStarts = true;
  const add = (type: Token['type'], value: string) => tokens.push({ type, value, line });
  const move = (to: number) => {
    // only of what is passed over: a source may be one long line
    for (const character of source.slice(at, to)) if (character === '\n') line++;
    at = to;
  };
  const addText = (text: string, sign: string, isPrint: boolean) => {
    let kept = text;
    if (sign === '-') kept = withoutTrailingSpace(text);
    else if (sign !== '+' && !isPrint) {
      const from = text.lastIndexOf('\n') + 1;
      if ((from > 0 || lineStarts) && ALL_SPACE.test(text.slice(from))) kept = text.slice(0, from);
    }
    if (kept !== '') add('text', kept);
  };
  /** Skips to the end of what `pattern` matches next. */
  const skipTo = (pattern: RegExp, what: string): RegExpExecArray => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (!found) throw syntaxError(`missing end of ${what}`, line);
    return found;
  };

  for (;;) {
    OPEN.lastIndex = at;
    const open = OPEN.exec(source);
    const text = source.slice(at, open?.index);
    if (!open) {
      if (text !== '') add('text', text);
      break;
    }
    const [opening, rawSign, kind, sign] = open;
    addText(text, rawSign ?? sign ?? '', kind === '{');
    move(open.index + opening.length);
    lineStarts = opening.endsWith('\n');
    if (kind === undefined) {
      const end = skipTo(RAW_END, 'raw');
      addText(source.slice(at, end.index), end[1] ?? '', false);
      move(end.index + end[0].length);
      lineStarts = end[0].endsWith('\n');
    } else if (kind === '#') {
      const end = skipTo(COMMENT_END, 'comment');
      move(end.index + end[0].length);
      lineStarts = end[0].endsWith('\n');
    } else {
      add(kind === '{' ? 'print' : 'block', opening);
      lineStarts = tag(kind === '{').endsWith('\n');
    }
  }
  add('end', '');
  return tokens;

  /** The inside of a tag. @returns what ended it */
  function tag(isPrint: boolean): string {
    const brackets: string[] = [];
    const match = (pattern: RegExp) => {
      pattern.lastIndex = at;
      return pattern.exec(source)?.[0];
    };
    for (;;) {
      const end = brackets.length ? undefined : match(isPrint ? PRINT_END : BLOCK_END);
      if (end !== undefined) {
        add(isPrint ? 'print-end' : 'block-end', end);
        move(at + end.length);
        return end;
      }
      const spaces = match(SPACES);
      if (spaces !== undefined) {
        move(at + spaces.length);
        continue;
      }
      const found = read(match);
      if (!found) {
        const [character] = source.slice(at, at + 2);
        throw syntaxError(
          character === undefined ? 'a tag does not end' : `unexpected ${JSON.stringify(character)}`,
          line,
        );
      }
      const [type, value] = found;
      if (type === 'operator') {
        const opener = BRACKETS[value];
        if ('([{'.includes(value)) brackets.push(value);
        else if (opener !== undefined && brackets.pop() !== opener) throw syntaxError(`unexpected “${value}”`, line);
      }
      add(type, type === 'string' ? unescape(value.slice(1, -1)) : value);
      move(at + value.length);
    }
  }
}

/** A pattern would try again from each space of a long run that does not end the text. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function read(match: (pattern: RegExp) => string | undefined): [Token['type'], string] | undefined {
  for (const [type, pattern] of [
    ['float', FLOAT],
    ['int', INTEGER],
    ['name', NAME],
    ['string', STRING],
    ['operator', OPERATOR],
  ] as const) {
    const value = match(pattern);
    if (value !== undefined) return [type, value];
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Python's escapes; a backslash before anything else stays. */
function unescape(literal: string): string {
  if (!literal.includes('\\')) return literal;
  return literal.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g,
    (whole, x: string, u: string, big: string, octal: string, other: string) => {
      const hex = x ?? u ?? big;
      const code = hex === undefined ? (octal === undefined ? undefined : parseInt(octal, 8)) : parseInt(hex, 16);
      if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      return ESCAPES[other] ?? whole;
    },
  );
}
