// `COMMAND --option value …`: a value is taken literally, whatever it begins with.
import { PronkError } from '../formats/errors';

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** How each option of a command is read. */
export type OptionTypes = Readonly<Record<string, 'text' | 'number' | 'flag' | 'list'>>;

type Value<T> = T extends 'number' ? number : T extends 'flag' ? true : T extends 'list' ? string[] : string;
export type Options<T extends OptionTypes> = { -readonly [K in keyof T]?: Value<T[K]> };

/**
 * Reads options; every one must be known, and every number a number.
 * @param others gets what is no option; without it, only options are taken
 */
export function parseOptions<const T extends OptionTypes>(
  argv: readonly string[],
  types: T,
  others?: string[],
): Options<T> {
  const options: Record<string, unknown> = {};
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const [name, inline] = word.startsWith('--') ? splitOnce(word.slice(2), '=') : ['', undefined];
    if (others && !word.startsWith('--')) {
      others.push(word);
      continue;
    }
    const type = name ? types[name] : undefined;
    if (!type)
      throw new UsageError(
        `Unknown argument ${word}. Options here: ${Object.keys(types)
          .map((n) => `--${n}`)
          .join(' ')}`,
      );
    if (type === 'flag') {
      if (inline !== undefined) throw new UsageError(`--${name} takes no value.`);
      options[name] = true;
      continue;
    }
    const value = inline ?? argv[++i];
    if (value === undefined) throw new UsageError(`--${name} needs a value.`);
    if (type === 'list') {
      options[name] = [...((options[name] as string[] | undefined) ?? []), value];
    } else if (type === 'number') {
      const number = Number(value);
      if (value.trim() === '' || !Number.isFinite(number))
        throw new UsageError(`--${name} needs a number, not ${value}.`);
      options[name] = number;
    } else options[name] = value;
  }
  return options as Options<T>;
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
