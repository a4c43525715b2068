// The GGUF files of a repository: publishers put one model there in a dozen precisions.

/** Bits a weight of the types that Pronk reads; a type that is added to the readers must be added here. */
const READABLE: Readonly<Record<Exclude<ElementType, PackedType>, number> & Record<string, number>> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  Q8_0: 8.5,
  Q6_K: 6.5625,
  Q5_1: 6,
  Q5_0: 5.5,
  Q5_K: 5.5,
  Q4_1: 5,
  Q4_0: 4.5,
  Q4_K: 4.5,
  IQ4_NL: 4.5,
  NVFP4: 4.5,
  IQ4_XS: 4.25,
  MXFP4: 4.25,
  Q3_K: 3.4375,
  IQ3_S: 3.4375,
  IQ3_XXS: 3.0625,
  Q2_K: 2.625,
  IQ2_S: 2.5625,
  IQ2_XS: 2.3125,
  IQ2_XXS: 2.0625,
  TQ2_0: 2.0625,
  IQ1_M: 1.75,
  TQ1_0: 1.6875,
  IQ1_S: 1.5625,
  Q2_0: 2.25,
  Q1_0: 1.125,
};

/** One model in one precision, in one file or several. */
export interface GgufVariant<T> {
  /** Its file's path, without the number of its part: names it in `chooseFiles`. */
  readonly id: string;
  /** `Q8_0`, `Q4_K_M`, …; empty where the name does not say. */
  readonly precision: string;
  readonly files: readonly T[];
  readonly bytes: number;
  /** Whether Pronk reads it, as far as its name tells. */
  readonly readable: boolean;
}

/** The variants among files, smallest first. Vision projectors and calibration data are none. */
export function ggufVariants<T extends { readonly path: string; readonly size: number }>(
  files: readonly T[],
): GgufVariant<T>[] {
  const groups = new Map<string, T[]>();
  for (const file of files) {
    if (!/\.gguf$/i.test(file.path) || /(^|[/._-])(mmproj|imatrix)/i.test(file.path)) continue;
    const id = file.path.replace(/-\d{5}-of-\d{5}(?=\.gguf$)/i, '');
    groups.set(id, [...(groups.get(id) ?? []), file]);
  }
  const variants = Array.from(groups, ([id, group]) => {
    const precision = precisionOf(id);
    const bytes = group.reduce((sum, file) => sum + file.size, 0);
    const kind = baseType(precision);
    const readable = precision === '' || kind !== undefined;
    return { id, precision, files: group.toSorted((a, b) => (a.path < b.path ? -1 : 1)), bytes, readable };
  });
  return variants.toSorted((a, b) => a.bytes - b.bytes || (a.id < b.id ? -1 : 1));
}

/**
 * What most people want: below a billion parameters 8 bits, since small models suffer from fewer; above it 4 bits. What
 * Pronk cannot read is chosen only where there is nothing else.
 */
export function defaultVariant<T>(variants: readonly GgufVariant<T>[]): GgufVariant<T> | undefined {
  const usable = variants.filter((each) => each.readable);
  const from = usable.length ? usable : variants;
  const small = from.every((each) => parameters(each) < 1e9);
  const order = small
    ? ['Q8_0', 'F16', 'BF16', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q4_1', 'Q4_0', 'F32']
    : ['Q4_K_M', 'Q4_0', 'Q4_1', 'Q4_K_S', 'IQ4_NL', 'IQ4_XS', 'Q5_K_M', 'Q6_K', 'Q8_0', 'F16', 'BF16', 'F32'];
  for (const precision of order) {
    // several models may lie side by side: the largest of them is the repository's own
    const found = from.findLast((each) => each.precision === precision);
    if (found) return found;
  }
  return from.at(-1);
}

function parameters({ bytes, precision }: { readonly bytes: number; readonly precision: string }): number {
  const kind = baseType(precision);
  const digit = Number(/\d/.exec(precision)?.[0] ?? 16);
  return (bytes * 8) / (kind ? READABLE[kind] : digit + 0.5);
}

/** Types of most tensors in files whose name is no type's. */
const MOST: Readonly<Record<string, string>> = {
  Q8_K: 'Q8_0',
  IQ3_M: 'IQ3_S',
  IQ3_XS: 'IQ3_S',
  IQ2_M: 'IQ2_S',
  MXFP4_MOE: 'MXFP4',
};

/** Most of the tensors' type: `Q4_K_M` is Q4_K, with some in Q6_K, and `IQ3_M` is IQ3_S. */
function baseType(precision: string): string | undefined {
  const name = precision.replace(/(?<=_K)_(XS|S|M|L|XL)$/, '');
  const type = Object.hasOwn(MOST, name) ? MOST[name] : name;
  return type !== undefined && Object.hasOwn(READABLE, type) ? type : undefined;
}

function precisionOf(path: string): string {
  const names = path.matchAll(
    /(?<=^|[/._-])([IT]?Q\d(?:_[A-Z0-9]+)*|BF16|F?P?(?:16|32|64)|MXFP4(?:_\w+)?|NVFP4)(?=[/._-]|$)/gi,
  );
  // a folder may be named by it as well: the file's own name is the last one
  const last = [...names].at(-1)?.[1]?.toUpperCase() ?? '';
  return last.replace(/^FP?(16|32|64)$/, 'F$1');
}
import type { PackedType, ElementType } from '../core/weight-kinds';
