// Reading JSON of unknown shape without trusting it.

import { type PronkError, corruptFile } from './errors';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object, or PronkError `corrupt-file` naming the file. */
export function parseObject(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw notAnObject(text, name);
  return value;
}

/** PronkError `corrupt-file` for what was to be a JSON object: an empty file, a web page, a list, a part of a file. */
export function notAnObject(text: string, name: string): PronkError {
  const start = text.trimStart();
  if (start === '') return corruptFile(name, 'it is empty');
  if (start.startsWith('<')) return corruptFile(name, 'it is a web page and not a JSON object');
  if (start.startsWith('version https://git-lfs')) {
    return corruptFile(name, 'it is a pointer of Git LFS and not the file that it stands for');
  }
  const cut = start.startsWith('{') && !start.trimEnd().endsWith('}');
  return corruptFile(name, cut ? 'it ends within its JSON object' : 'it is not a JSON object');
}

/** A string, or what Python writes for a number that JSON has no word for. */
const PYTHON_NUMBER = /"[^"\\]*(?:\\[^][^"\\]*)*"|(?:-?\bInfinity|\bNaN)\b(?!\s*:)/g;

/**
 * JSON, with NaN, Infinity and -Infinity as Python's `json` writes and reads them.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    let mark = 'number';
    while (text.includes(mark)) mark += '_';
    const numbers = new Map(['NaN', 'Infinity', '-Infinity'].map((word) => [mark + word, Number(word)]));
    let found = false;
    const marked = text.replace(PYTHON_NUMBER, (match) => {
      if (match.startsWith('"')) return match;
      found = true;
      return `"${mark}${match}"`;
    });
    if (!found) throw error;
    return JSON.parse(marked, (_, value: unknown) =>
      typeof value === 'string' ? (numbers.get(value) ?? value) : value,
    );
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's entries whose values are strings. */
export function stringEntries(object: JsonObject): Record<string, string> {
  const entries = Object.entries(object);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The first of the keys that holds a number. */
export function numberIn(object: JsonObject, ...keys: readonly string[]): number | undefined {
  return keys.map((key) => object[key]).find((value): value is number => typeof value === 'number');
}

/** The first of the keys that holds a string. */
export function stringIn(object: JsonObject, ...keys: readonly string[]): string | undefined {
  return keys.map((key) => object[key]).find((value): value is string => typeof value === 'string');
}
