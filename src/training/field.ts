// Kinds of training settings: numbers with bounds, switches, choices, lists. A kind knows which values it takes and says so in
// words; it knows nothing of a form, a file or a command. The settings themselves are the table in fields.ts.
import { LINEAR_MAPS, type LinearMap, PACKED_MODULES } from '../core/adapter';

/** Parts of the form, in its order. */
export const GROUPS = [
  'How long',
  'How much at once',
  'What is trained',
  'What counts',
  'Keeping watch',
  'Optimizer',
] as const;
export type Group = (typeof GROUPS)[number];

/**
 * Where a TRL folder has a setting. `argument`: in SFTConfig's arguments, with the same name and value. `computed`: among them, with
 * a value that follows from this one. `adapter`: in adapter_config.json. `rows`: in the rows and their order. `script`: train.py
 * reads it. `none`: the folder does not have it.
 */
type TrlPlace = 'argument' | 'computed' | 'adapter' | 'rows' | 'script' | 'none';

/** Bounds of a number: `min` and `max` are allowed, `above` and `below` are not. */
export interface Bounds {
  readonly min?: number | undefined;
  readonly above?: number | undefined;
  readonly max?: number | undefined;
  readonly below?: number | undefined;
  readonly whole?: boolean | undefined;
}

interface Choice<T> {
  readonly value: T;
  readonly label: string;
}

/** What is said about a setting, whatever its kind. */
interface Described<T> {
  readonly default: T;
  /** Its name in the form. */
  readonly label: string;
  /** One to three sentences for the form, `train --help` and the docs. */
  readonly hint: string;
  /** Shown under “More settings”. */
  readonly advanced?: boolean;
  /** Other names of it in configs. */
  readonly aliases?: readonly string[];
  /** A value as configs of other projects write it, in the form that is used here. */
  readonly fromConfig?: (value: unknown) => unknown;
  /** It may change when a run is resumed: it decides when a run ends and what is written down, never what a step does. */
  readonly resumable?: true;
  readonly trl: TrlPlace;
}

interface Kind<T> extends Described<T> {
  readonly control: 'number' | 'switch' | 'choice' | 'modules' | 'layers' | 'template';
  /** Bounds of a number. */
  readonly bounds?: Bounds;
  /** Values that the form offers. */
  readonly choices?: readonly Choice<T>[];
  /** Null is allowed, and is what an empty box means. */
  readonly nullable?: boolean;
  /** Ends the sentence “NAME must be …”. */
  readonly takes: string;
  allows(value: unknown): boolean;
}

/** A setting in its place in the form. */
export interface Field<T> extends Kind<T> {
  readonly group: Group;
}

/** The largest number of steps, rows or tokens that can be named. Configs elsewhere write such numbers for “never”. */
const LARGEST_COUNT = 2 ** 31 - 1;

/** Puts settings into a part of the form. */
export function inGroup<T extends Readonly<Record<string, Kind<unknown>>>>(group: Group, fields: T) {
  const entries = Object.entries(fields).map(([name, field]) => [name, { ...field, group }]);
  return Object.fromEntries(entries) as { readonly [K in keyof T]: T[K] & { readonly group: Group } };
}

/** A number between bounds. */
export function real({ min, above, max, below, whole: wholeOnly, ...about }: Described<number> & Bounds): Kind<number> {
  const bounds: Bounds = { min, above, max, below, whole: wholeOnly };
  return {
    ...about,
    control: 'number',
    bounds,
    takes: rangeInWords(bounds),
    allows: (value) => isWithin(value, bounds),
  };
}

/** A whole number between bounds; the upper one is `LARGEST_COUNT` unless another is named. */
export function whole(options: Described<number> & { readonly min: number; readonly max?: number }): Kind<number> {
  return real({ max: LARGEST_COUNT, ...options, whole: true });
}

/** A number of rows from 1, or below 1 a share of them. */
export function rowsOrShare(about: Described<number>): Kind<number> {
  const field = real({ ...about, min: 0, max: LARGEST_COUNT });
  return {
    ...field,
    takes: 'a number of rows, or a share of them below 1',
    allows: (value) => field.allows(value) && (Number(value) < 1 || Number.isInteger(value)),
  };
}

/** True or false. */
export function flag(about: Described<boolean>): Kind<boolean> {
  return { ...about, control: 'switch', takes: 'true or false', allows: (value) => typeof value === 'boolean' };
}

/** One of several words. */
export function choice<const T extends string>(
  about: Omit<Described<T>, 'default'> & { readonly default: NoInfer<T>; readonly choices: readonly Choice<T>[] },
): Kind<T> {
  const values: readonly unknown[] = about.choices.map(({ value }) => value);
  return {
    ...about,
    control: 'choice',
    takes: `one of ${values.join(', ')}`,
    allows: (value) => values.includes(value),
  };
}

/** A setting of a kind that may be null, and is unless something is given: the hint says what that stands for. */
export function orNull<T, Options extends Described<T>>(
  kind: (options: Options) => Kind<T>,
  options: Omit<Options, 'default'>,
): Kind<T | null> {
  const field: Kind<T | null> = kind({ ...options, default: null } as unknown as Options);
  return {
    ...field,
    nullable: true,
    takes: `${field.takes}, or null`,
    allows: (value) => value === null || field.allows(value),
  };
}

/** Linear maps of a layer; configs may name one of them, or all by a word. */
export function modules(about: Described<readonly LinearMap[]>): Kind<readonly LinearMap[]> {
  return {
    ...about,
    control: 'modules',
    takes: `a list of ${LINEAR_MAPS.join(', ')}`,
    allows: (value) => isList(value, (each) => (LINEAR_MAPS as readonly unknown[]).includes(each)),
    fromConfig(value) {
      if (value === 'all-linear') return LINEAR_MAPS;
      const list: unknown = typeof value === 'string' ? [value] : value;
      if (!Array.isArray(list)) return list;
      return [...new Set(list.flatMap((each): readonly unknown[] => PACKED.get(each) ?? [each]))];
    },
  };
}

/** The maps of Phi's packed modules, which are trained one by one here. */
const PACKED = new Map<unknown, readonly LinearMap[]>(Object.entries(PACKED_MODULES));

/** Numbers of layers; configs may name one. */
export function layers(about: Described<readonly number[]>): Kind<readonly number[]> {
  return {
    ...about,
    control: 'layers',
    takes: 'a list of layer numbers',
    allows: (value) => isList(value, (each) => Number.isInteger(each) && Number(each) >= 0),
    fromConfig: (value) => (typeof value === 'number' ? [value] : value),
  };
}

/** The name of a prompt template. */
export function template(about: Described<string>): Kind<string> {
  return {
    ...about,
    control: 'template',
    takes: 'the name of a template',
    allows: (value) => typeof value === 'string' && value !== '',
  };
}

/** What is computed again in the backward pass: nothing (false), each layer (true), or runs of this many layers. */
export function checkpointing(
  about: Described<boolean | number> & { readonly choices: readonly Choice<boolean | number>[] },
): Kind<boolean | number> {
  return {
    ...about,
    control: 'choice',
    takes: 'true, false, or a number of layers that are recomputed together',
    allows: (value) => typeof value === 'boolean' || (Number.isInteger(value) && Number(value) >= 1),
  };
}

function isList(value: unknown, allows: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(allows);
}

function isWithin(value: unknown, { min, above, max, below, whole: wholeOnly }: Bounds): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (wholeOnly && !Number.isInteger(value)) return false;
  if (value < (min ?? -Infinity) || value > (max ?? Infinity)) return false;
  return value > (above ?? -Infinity) && value < (below ?? Infinity);
}

/** Bounds as the end of a sentence, such as `a whole number from 1 to 1024`. */
function rangeInWords({ min, above, max, below, whole: wholeOnly }: Bounds): string {
  const noun = wholeOnly ? 'a whole number' : 'a number';
  const least = above === undefined ? `from ${min ?? 0} to` : `above ${above} and up to`;
  if (max === LARGEST_COUNT) return `${noun} from ${min ?? 0}`;
  return `${noun} ${least} ${max ?? `below ${below}`}`;
}
