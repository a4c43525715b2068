// Numbers in the forms that format specifications ask for.

import type { Budget } from './budget';
import { valueError } from './errors';
import { floatText, intText } from './print';
import { Text } from './text';

export interface Spec {
  readonly fill: string;
  readonly align: '<' | '>' | '^' | '=' | undefined;
  readonly sign: '+' | '-' | ' ';
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: ',' | '_' | '';
  readonly precision: number | undefined;
  readonly type: string;
}

/** Digits that Python itself would compute. */
const PRECISION = 100;

/** A number's sign and digits; the width is the caller's business. */
export function digits(
  value: bigint | number,
  spec: Spec,
  type: string,
  budget: Budget,
): { sign: string; body: string } {
  const { precision } = spec;
  if ((precision ?? 0) > PRECISION) throw valueError(`a precision of more than ${PRECISION} digits`);
  budget.spend(20);
  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  if (typeof value === 'bigint') {
    const size = value < 0n ? -value : value;
    const radix = { b: 2, o: 8, x: 16, X: 16 }[type];
    if (radix !== undefined) {
      const body = size.toString(radix);
      const prefix = spec.alternate ? `0${type}` : '';
      return { sign, body: prefix + grouped(type === 'X' ? body.toUpperCase() : body, spec.grouping, 4) };
    }
    if (type === 'd' || type === 'n') return { sign, body: grouped(intText(size), spec.grouping, 3) };
  }
  const size = Math.abs(Number(value));
  const body = Number.isFinite(size) ? floatDigits(size, precision, type, spec.alternate) : floatText(size);
  const cased = /[EFG]/.test(type) ? body.toUpperCase() : body;
  const [, whole = '', rest = ''] = /^([^.e%]*)(.*)$/i.exec(cased) ?? [];
  return { sign, body: grouped(whole, spec.grouping, 3) + rest };
}

function floatDigits(size: number, precision: number | undefined, type: string, alternate: boolean): string {
  switch (type) {
    case 'f':
    case 'F':
      return fixed(size, precision ?? 6);
    case '%':
      return `${fixed(size * 100, precision ?? 6)}%`;
    case 'e':
    case 'E':
      return exponential(size, precision ?? 6);
    case 'g':
    case 'G':
    case '': {
      if (type === '' && precision === undefined) return floatText(size);
      const significant = Math.max(1, precision ?? 6);
      const scientific = exponential(size, significant - 1);
      const exponent = size === 0 ? 0 : Number(scientific.split('e')[1]);
      // without a type there is always a digit after the point, and the exponent comes one digit earlier
      const limit = type === '' ? significant - 1 : significant;
      const useExponent = exponent < -4 || exponent >= limit;
      const plain = useExponent ? scientific : fixed(size, Math.max(0, significant - 1 - exponent));
      const trimmed = alternate ? plain : plain.replace(/\.?0+(?=e|$)/, (zeros) => (plain.includes('.') ? '' : zeros));
      return type === '' && !useExponent && !trimmed.includes('.') ? `${trimmed}.0` : trimmed;
    }
    default:
      throw valueError(`Unknown format code '${type}' for object of type 'float'`);
  }
}

function exponential(size: number, precision: number): string {
  const [mantissa = '', power = ''] = size.toExponential(precision).split('e');
  return `${mantissa}e${power[0] ?? '+'}${power.slice(1).padStart(2, '0')}`;
}

/** Rounded to even where a value lies exactly between two, as C does. */
export function fixed(size: number, precision: number): string {
  if (size >= 1e21) return BigInt(size).toString() + (precision ? `.${'0'.repeat(precision)}` : '');
  const rounded = size.toFixed(precision);
  const exact = size.toFixed(Math.min(100, precision + 60));
  const tail = exact.slice(exact.indexOf('.') + 1 + precision);
  if (!/^50*$/.test(tail)) return rounded;
  const below = precision ? exact.slice(0, exact.length - tail.length) : exact.slice(0, exact.indexOf('.'));
  return Number(below.at(-1)) % 2 === 0 ? below : rounded;
}

function grouped(whole: string, separator: string, size: number): string {
  if (separator === '') return whole;
  return whole.replace(new RegExp(`(?<=[^.])(?=(?:.{${size}})+$)`, 'g'), separator);
}

/** Filled up to a width; `=` fills between sign and digits. */
export function aligned(sign: string, body: Text, spec: Spec, preset: '<' | '>', budget: Budget): Text {
  const align = spec.align ?? preset;
  const gap = Math.max(0, spec.width - sign.length - body.length);
  budget.make(gap);
  const left = align === '<' ? 0 : align === '^' ? gap >> 1 : gap;
  const before = new Text(spec.fill.repeat(left));
  const after = new Text(spec.fill.repeat(gap - left));
  const signed = new Text(sign);
  return Text.join(align === '=' ? [signed, before, body, after] : [before, signed, body, after]);
}
