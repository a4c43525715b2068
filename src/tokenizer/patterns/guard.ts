// A built normalizer or pre-tokenizer, with its patterns bounded; and steps that would make a text endless.

import { PronkError } from '../../core/errors';
import { GPT2_SPLIT, splitNamed, splitNames } from '../../formats/gguf/splits';
import { isObject } from '../../core/json';
import { bounded } from './bounded';

/** Splits of published tokenizer.json files, beside those that GGUF has names for: JavaScript does them fast on any text. */
const LLAMA3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const PUBLISHED = [
  GPT2_SPLIT,
  LLAMA3,
  LLAMA3.replace('{1,3}', ''),
  '▁[^▁]*|[^▁]+',
  String.raw`\p{N}`,
  String.raw`\p{N}+`,
];
/** How much longer a normalizer may make a text. */
const GROWTH = 1000;

let published: ReadonlySet<string> | undefined;

/** Whether a split is one that is known to take time in proportion to its text. */
export function isPublished(regex: string): boolean {
  published ??= new Set([...PUBLISHED, ...splitNames().flatMap((name) => splitNamed(name)?.expressions ?? [])]);
  return published.has(regex);
}

/**
 * Puts bounded patterns in place of a step's own, also inside a sequence.
 * @param trusted sources of patterns that stay as they are
 */
export function boundPatterns(step: unknown, trusted: ReadonlySet<string>, depth = 0): void {
  if (typeof step !== 'object' && typeof step !== 'function') return;
  if (step === null || depth > 10) return;
  const parts = step as Record<string, unknown>;
  for (const [name, part] of Object.entries(parts)) {
    if (part instanceof RegExp) {
      if (!trusted.has(part.source)) parts[name] = bounded(part);
    } else if (Array.isArray(part)) for (const each of part) boundPatterns(each, trusted, depth + 1);
  }
}

/** The patterns in a step's configuration. */
export function patternsIn(step: unknown): string[] {
  if (Array.isArray(step)) return step.flatMap(patternsIn);
  if (!isObject(step)) return [];
  const { Regex } = step;
  return [...(typeof Regex === 'string' ? [Regex] : []), ...Object.values(step).flatMap(patternsIn)];
}

/**
 * Refuses steps without end: pieces of no length, and replacements that multiply each other.
 * @throws PronkError `unsupported-tokenizer`
 */
export function checkGrowth(step: unknown): void {
  if (growthOf(step) > GROWTH) {
    const message = `The model’s tokenizer makes a text more than ${GROWTH} times as long, which no model was trained with. Use another model, or its GGUF file.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
}

function growthOf(step: unknown): number {
  if (Array.isArray(step)) return step.map(growthOf).reduce((product, each) => product * each, 1);
  if (!isObject(step)) return 1;
  const { type, content, pattern, length } = step;
  if (type === 'FixedLength') return typeof length === 'number' && length >= 1 ? 1 : Infinity;
  if (type === 'Replace' && typeof content === 'string') {
    const given = isObject(pattern) && typeof pattern['String'] === 'string' ? pattern['String'] : undefined;
    // a pattern may match between any two characters
    const grows = given === undefined || given === '' ? content.length + 1 : content.length / given.length;
    return Math.max(1, grows);
  }
  return Object.values(step)
    .map(growthOf)
    .reduce((product, each) => product * each, 1);
}
