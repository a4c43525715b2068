// Values of fields as text. Numbers, truth values and lists of texts become text, which is said; nothing else does.
import type { JsonObject } from '../../core/json';
import { BadRow, type Finding } from './bad-dataset';

/** Gathers what is to be known about a row that can be read. */
export type Found = (finding: Finding) => void;

/** A value that is not there: null, NaN, an empty list, or no field at all. */
export function isMissing(value: unknown): value is undefined | null {
  return value == null || Number.isNaN(value) || (Array.isArray(value) && value.length === 0);
}

/** The text of a field that a row needs. @throws BadRow */
export function textIn(record: JsonObject, field: string, found: Found): string {
  const value = record[field];
  if (value === undefined) {
    const names = Object.keys(record).join(', ') || 'none';
    throw new BadRow('missing-field', `has no field ${field}. Its fields are ${names}.`);
  }
  if (isMissing(value)) throw new BadRow('missing-field', `has nothing in the field ${field}.`);
  return toText(value, `the field ${field}`, found);
}

/** The text of a field that may be missing. @throws BadRow */
export function textOr(record: JsonObject, field: string | undefined, found: Found): string {
  const value = field === undefined ? undefined : record[field];
  return isMissing(value) ? '' : toText(value, `the field ${field}`, found);
}

/** @param where names its place @throws BadRow for what is no text and cannot become one */
export function toText(value: unknown, where: string, found: Found): string {
  if (typeof value === 'string') return value;
  const text = scalarText(value);
  if (text !== undefined) {
    found({ code: 'made-text', message: `It has ${kindOf(value)} in ${where}, which was converted to text.` });
    return text;
  }
  const parts = Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : scalarText(each))) : [];
  if (parts.length === 0 || !parts.every((part) => part !== undefined))
    throw new BadRow('not-text', `has ${kindOf(value)} in ${where}, where text is needed.`);
  const message = `It has a list of ${parts.length} in ${where}, which was converted to text, one entry per line.`;
  found({ code: 'made-text', message });
  return parts.join('\n');
}

function scalarText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

function kindOf(value: unknown): string {
  if (value == null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
