// JSON values one after the other in a text, each read by itself: what is damaged takes no other along. Beside JSON's own
// rules stand those by which other programs write it: NaN, raw tabs, Python's quotation marks, commas too many.
import { isObject, type JsonObject } from '../../core/json';
import type { Quirk } from './records';

/** Where a value stands in a text. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** Colons in it outside of texts: as many as there are fields. */
  readonly colons: number;
  /** Lists and objects inside each other. */
  readonly depth: number;
}

export interface JsonValue {
  readonly value: unknown;
  readonly quirks: readonly Quirk[];
}

/** A value, or a piece of text that is none, with the reason. */
export type JsonPiece = JsonValue | { readonly text: string; readonly reason: string };

/** White space, commas between values, byte order marks and record separators. */
// oxlint-disable-next-line no-control-regex
const BETWEEN = /[\s,\uFEFF\u001E]*/y;
/** Places at which reading may go on after something damaged. */
const NEXT_RECORD = /[,\n\r]\s*(?=\{)/g;
const MOST_TRIES = 200;
/** Lists and objects inside each other that a record may have: far more than any has, far fewer than a stack holds. */
const MOST_DEPTH = 200;
/** Characters that are looked through for the end of a record at one of them. */
const REACH = 1 << 16;

/** The value that a text is, and nothing else; undefined where it is none. */
export function jsonValue(text: string): JsonValue | undefined {
  const start = skip(text, 0);
  const span = spanAt(text, start);
  return span && skip(text, span.end) === text.length ? valueIn(text, span) : undefined;
}

/** The values of a text from a place on, as far as its end. */
export function jsonValues(text: string, from = 0): JsonPiece[] {
  return readValues(text, from, false).pieces;
}

/** The elements of a list that opens before `from`, and the index of its closing bracket or of the text's end. */
export function jsonList(text: string, from: number): { readonly pieces: JsonPiece[]; readonly end: number } {
  return readValues(text, from, true);
}

function readValues(text: string, from: number, inList: boolean) {
  const pieces: JsonPiece[] = [];
  /** Fields of the first record, by which others are known again. */
  let fields: ReadonlySet<string> = new Set();
  let at = skip(text, from);
  while (at < text.length && !(inList && text[at] === ']')) {
    const span = spanAt(text, at);
    const value = span && valueIn(text, span);
    if (value) {
      if (fields.size === 0 && isObject(value.value)) fields = new Set(Object.keys(value.value));
      pieces.push(value);
      at = skip(text, span.end);
      continue;
    }
    // where a quotation mark is missing, the end that was found may be another record's
    const next = nextRecord(text, at, span?.end ?? text.length, fields);
    const piece = text.slice(at, next).replace(/[\s,]+$/, '');
    pieces.push({ text: piece, reason: reasonOf(piece) });
    at = skip(text, next);
  }
  return { pieces, end: at };
}

/** Why a text is not JSON, as the engine says it, or that it is too deep to be read. */
export function reasonOf(text: string): string {
  const { depth = 0 } = spanAt(text, skip(text, 0)) ?? {};
  if (depth > MOST_DEPTH) return `more than ${MOST_DEPTH} lists or objects are inside each other`;
  try {
    JSON.parse(text);
    return 'a part is missing';
  } catch (error) {
    // engines quote a part of the text, which may be long and hold line breaks
    const line = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
    return (line.length > 160 ? `${line.slice(0, 160)}…` : line).replace(/\.$/, '');
  }
}

/** Index after what may stand between values. */
export function skip(text: string, at: number): number {
  if (at >= text.length) return text.length;
  BETWEEN.lastIndex = at;
  BETWEEN.exec(text);
  return BETWEEN.lastIndex;
}

/** Where a record of these fields begins that is whole, after one that is not; `end` where none does before it. */
function nextRecord(text: string, from: number, end: number, fields: ReadonlySet<string>): number {
  NEXT_RECORD.lastIndex = from + 1;
  for (let i = 0; i < MOST_TRIES; i++) {
    if (!NEXT_RECORD.exec(text)) break;
    const at = NEXT_RECORD.lastIndex;
    if (at >= end) break;
    const span = spanAt(text, at, Math.min(text.length, at + REACH));
    const value = span && valueIn(text, span)?.value;
    if (isObject(value) && isLike(value, fields)) return at;
  }
  return end;
}

/** Whether an object is a record of these fields; where none are known, whether it is not a message within one. */
function isLike(value: JsonObject, fields: ReadonlySet<string>): boolean {
  if (fields.size === 0) return !('role' in value || 'from' in value);
  return Object.keys(value).some((key) => fields.has(key));
}

/** The value that begins at a place; undefined where it has no end. */
function spanAt(text: string, start: number, limit = text.length): Span | undefined {
  const first = text[start];
  if (first === undefined) return undefined;
  if (first === '"' || first === "'") {
    const end = textEnd(text, start, limit);
    return end === undefined ? undefined : { start, end, colons: 0, depth: 0 };
  }
  if (first !== '{' && first !== '[') {
    const end = text.slice(start).search(/[\s,\]}{["']/);
    return end === 0 ? undefined : { start, end: end < 0 ? text.length : start + end, colons: 0, depth: 0 };
  }
  let [depth, deepest, colons] = [0, 0, 0];
  for (let at = start; at < limit; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        if (--depth === 0) return { start, end: at + 1, colons, depth: deepest };
        break;
      case 0x3a: // :
        colons++;
        break;
      case 0x22: // "
      case 0x27: {
        // '
        const end = textEnd(text, at, limit);
        if (end === undefined) return undefined;
        at = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** Index after the closing quotation mark. */
function textEnd(text: string, start: number, limit: number): number | undefined {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < limit; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x5c) at++;
    else if (character === quote) return at + 1;
  }
  return undefined;
}

function valueIn(text: string, { start, end, colons, depth }: Span): JsonValue | undefined {
  if (depth > MOST_DEPTH) return undefined;
  const part = text.slice(start, end);
  let value: unknown;
  let quirks: Quirk[] = [];
  try {
    value = JSON.parse(part);
  } catch {
    const strict = toStrict(part);
    quirks = strict.quirks;
    try {
      value = JSON.parse(strict.text);
    } catch {
      return undefined;
    }
  }
  return { value, quirks: countFields(value) < colons ? [...quirks, 'same-field'] : quirks };
}

function countFields(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + countFields(each), 0);
  if (!isObject(value)) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + 1 + countFields(each), 0);
}

/** Texts in either quotation marks; words; commas before an end; everything else. */
const TOKENS =
  /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|-?\b(?:NaN|Infinity|nan|inf)\b|\b(?:None|True|False)\b|,(?=\s*[}\]])|\uFEFF/g;
const WORDS: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' };

/** A text by JSON's own rules that means the same. */
function toStrict(text: string): { readonly text: string; readonly quirks: Quirk[] } {
  const quirks = new Set<Quirk>();
  const strict = text.replaceAll(TOKENS, (token) => {
    if (token === ',') quirks.add('extra-comma');
    if (token === ',' || token === '\uFEFF') return '';
    if (token.startsWith('"')) {
      const escaped = escapeControls(token);
      if (escaped !== token) quirks.add('raw-control');
      return escaped;
    }
    if (token.startsWith("'") || token in WORDS) {
      quirks.add('python-form');
      return WORDS[token] ?? fromPython(token);
    }
    quirks.add('no-number');
    return 'null';
  });
  return { text: strict, quirks: [...quirks] };
}

function escapeControls(token: string): string {
  // oxlint-disable-next-line no-control-regex
  return token.replaceAll(/[\u0000-\u001F]/g, (character) => JSON.stringify(character).slice(1, -1));
}

/** A text in single quotation marks, with its escapes. */
function fromPython(token: string): string {
  const inner = token
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-fA-F]{2})|([^])|$)|"/g, (found, hex: string | undefined, escaped: string | undefined) => {
      if (found === '"') return '\\"';
      if (hex !== undefined) return `\\u00${hex}`;
      return escaped === "'" ? "'" : found;
    });
  return escapeControls(`"${inner}"`);
}
