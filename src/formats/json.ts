// Reading JSON of unknown shape without trusting it.

import { corruptFile } from './errors';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object, or PronkError `corrupt-file` naming the file. */
export function parseObject(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw corruptFile(name, 'it is not a JSON object');
  return value;
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
