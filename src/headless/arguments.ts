// `COMMAND --option value …`: a value is taken literally, whatever it begins with.
import { PronkError } from '../core/errors';

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** Somebody asks with `--help` what a command takes. */
export class HelpWanted extends Error {
  readonly types: OptionTypes;

  constructor(types: OptionTypes) {
    super('Help is wanted.');
    this.types = types;
  }
}

interface NumberType {
  readonly kind: 'number';
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
  readonly default?: number;
}

interface ChoiceType<T extends string = string> {
  readonly kind: 'choice';
  readonly values: readonly T[];
  readonly default?: T;
}

export type OptionType = 'text' | 'flag' | 'list' | NumberType | ChoiceType;

/** How each option of a command is read. */
export type OptionTypes = Readonly<Record<string, OptionType>>;

/** A number, with its bounds and its default where it has them. */
export function number<const T extends Omit<NumberType, 'kind'>>(bounds: T): T & { kind: 'number' } {
  return { kind: 'number', ...bounds };
}

/** One of several words; the second argument is the one that is taken where none is given. */
export function choice<const T extends string>(values: readonly T[]): ChoiceType<T>;
export function choice<const T extends string>(values: readonly T[], fallback: T): ChoiceType<T> & { default: T };
export function choice(values: readonly string[], fallback?: string): ChoiceType {
  return { kind: 'choice', values, ...(fallback !== undefined && { default: fallback }) };
}

type Value<T> = T extends 'flag'
  ? true
  : T extends 'list'
    ? string[]
    : T extends { kind: 'number' }
      ? number
      : T extends ChoiceType<infer Word>
        ? Word
        : string;
type Defaulted<T> = { [K in keyof T]: T[K] extends { default: string | number } ? K : never }[keyof T];
export type Options<T extends OptionTypes> = { -readonly [K in Defaulted<T>]: Value<T[K]> } & {
  -readonly [K in Exclude<keyof T, Defaulted<T>>]?: Value<T[K]>;
};

/**
 * Reads options; every one must be known, and every value one that the option takes.
 * @param others gets what is no option; without it, only options are taken
 * @throws UsageError; HelpWanted for `--help` where an option may stand
 */
export function parseOptions<const T extends OptionTypes>(
  argv: readonly string[],
  types: T,
  others?: string[],
): Options<T> {
  const options: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(types)) {
    if (typeof type === 'object' && type.default !== undefined) options[name] = type.default;
  }
  const words = argv[Symbol.iterator]();
  for (const word of words) {
    if (others && !word.startsWith('--')) {
      others.push(word);
      continue;
    }
    if (word === '--help') throw new HelpWanted(types);
    const [name, inline] = word.startsWith('--') ? splitOnce(word.slice(2), '=') : ['', undefined];
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) {
      const known = Object.keys(types).map((each) => `--${each}`);
      throw new UsageError(`Unknown argument ${word}. Options here: ${known.join(' ')}`);
    }
    if (type === 'flag') {
      if (inline !== undefined) throw new UsageError(`--${name} takes no value.`);
      options[name] = true;
      continue;
    }
    const value = inline ?? words.next().value;
    if (value === undefined) throw new UsageError(`--${name} needs a value.`);
    if (type === 'list') options[name] = [...((options[name] as string[] | undefined) ?? []), value];
    else options[name] = valueOf(name, type, value);
  }
  return options as Options<T>;
}

function valueOf(name: string, type: 'text' | NumberType | ChoiceType, value: string): string | number {
  if (type === 'text') return value;
  return type.kind === 'choice' ? oneOf(value, name, type.values) : numberOf(name, type, value);
}

function numberOf(name: string, type: NumberType, text: string): number {
  const value = Number(text);
  const { min = -Infinity, max = Infinity, whole = false } = type;
  const fits = text.trim() !== '' && Number.isFinite(value) && value >= min && value <= max;
  if (fits && (!whole || Number.isSafeInteger(value))) return value;
  throw new UsageError(`--${name} needs ${boundsOf(type)}, not ${text}.`);
}

/** A number's bounds in words: `a whole number from 1 to 5`. */
export function boundsOf({ min, max, whole = false }: NumberType): string {
  const what = whole ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  if (min !== undefined) return `${what} of at least ${min}`;
  return max === undefined ? what : `${what} of at most ${max}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The option, or a usage error that names it. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new UsageError(`--${name} is needed.`);
  return value;
}

/** The value, which must be one of those allowed. */
export function oneOf<T extends string>(value: string, name: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (!found) throw new UsageError(`--${name} is one of ${allowed.join(', ')}, not ${value}.`);
  return found;
}

/** `1,2,3` as ids. */
export function parseIds(text: string): number[] {
  const ids = text.split(',').map((word) => Number(word.trim() || Number.NaN));
  if (ids.some((id) => !Number.isInteger(id) || id < 0)) {
    throw new PronkError('bad-token', `--ids takes whole numbers separated by commas, not ${text}.`);
  }
  return ids;
}
